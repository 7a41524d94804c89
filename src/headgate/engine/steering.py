"""Tells a vendor that caches unasked what a conversation is called, and when to write nothing.

Rule 1: what the caller says of its cache stands.
Rule 2: a vendor that charges for what it writes is told to write nothing where what was written
is not read; it is tried again after ever more calls.
Rule 3: what the operator says first is pointed at: the vendor writes it anyway, and finds it
under another question only where a breakpoint ends it.
Rule 4: calls that begin alike share a name, as their prompts share a cache; a session that its
client names has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from hashlib import blake2b

from msgspec import Raw

from headgate import config as configuration
from headgate.config import Config
from headgate.engine.gate import Gate
from headgate.engine.ground import Ground
from headgate.engine.tally import Settled, Tally, conversation, session_named
from headgate.money.pricing import CLASSES
from headgate.policy import prefix
from headgate.policy.stake import Stake
from headgate.wire import cachekey
from headgate.wire.ability import Abilities
from headgate.wire.anthropic.marks import Spot

MOST = 5_000
"""callers and models of which it is known what their writes came to"""
_READ, _WRITE, _WRITE_LONG = (
    CLASSES.index(name) for name in ("cache_read", "cache_write_30m", "cache_write_12h")
)


class Steering:
    """Joins what is known of such vendors to the calls of one engine."""

    def __init__(self, config: Config, ground: Ground) -> None:
        self._config = config
        self._stakes = ground.marked.implicit

    def edit(self, tally: Tally, gate: Gate) -> partial[dict[str, bytes]] | None:
        """What is to be changed of a call; None: its vendor cannot be told anything."""
        target, call = tally.target, tally.call
        assert target is not None
        model = target.model or call.model
        able = configuration.abilities(self._config, gate.provider, model)
        if not able.session_key:
            return None
        family = (call.holder.key_id, target.provider, model)
        return partial(self._steer, tally, able, family)

    def _steer(
        self,
        tally: Tally,
        able: Abilities,
        family: tuple[str, ...],
        members: Mapping[str, Raw | bytes],
    ) -> dict[str, bytes]:
        call, found = tally.call, cachekey.survey(members)
        opening = [
            it for it in found.spots if it.slot == "system" and it.upto >= prefix.SHORT_BYTES
        ]
        begins = b"" if session_named(call) else self._hashed(members, opening)
        name = cachekey.name_for(call.holder.key_id, begins or conversation(call))
        changes = cachekey.with_key(members, name)
        tally.cache_plan = "on key" if changes else "own"
        if not able.cache_marks or found.own:
            return changes
        stake = self._stakes.pop(family, None) or Stake()
        self._stakes[family] = stake
        if len(self._stakes) > MOST:
            del self._stakes[next(iter(self._stakes))]
        if tally.saver is None:
            stake.calls += 1
        else:
            tally.saver.drop()
        if not stake.may_write(0, stake.unit):
            tally.saver = Writes(stake, 0)
            tally.cache_plan = "on key none"
            return {**changes, **cachekey.explicit(members, ())}
        tally.saver = Writes(stake, stake.unit if stake.permissions else 0)
        if opening:
            tally.cache_plan = "on key system"
        return {**changes, **cachekey.pointed(members, opening)}

    @staticmethod
    def _hashed(members: Mapping[str, Raw | bytes], opening: list[Spot]) -> bytes:
        """What tells one opening from others; empty: it is too short to be cached."""
        told = blake2b(digest_size=16)
        for piece in (it for spot in opening for it in cachekey.pieces(members, spot)):
            told.update(piece)
        return told.digest() if opening else b""


class Writes:
    """Counts what a vendor's own writes to its cache cost, and what its reads saved.

    Where writes were in vain before, a call counts as one more of those until that is known:
    calls that come at once cannot all have the same leave.
    """

    __slots__ = ("_held", "_stake")

    def __init__(self, stake: Stake, held: float) -> None:
        self._stake = stake
        self._held = held
        stake.credit -= held

    def over(self, tally: Tally, settled: Settled) -> None:
        self.drop()
        usage, rates = settled.usage, settled.rates
        if settled.usage_from != "provider" or rates is None:
            return
        bands = rates.table(settled.terms).bands
        band = next((it for it in bands if usage.input_total > it.above), bands[-1]).rates
        plain = band[0]
        if plain <= 0:
            return
        cost = usage.cache_write_30m * (band[_WRITE] / plain - 1)
        cost += usage.cache_write_12h * (band[_WRITE_LONG] / plain - 1)
        self._stake.unit = max(self._stake.unit, cost)
        self._stake.book(usage.cache_read * (1 - band[_READ] / plain) - cost)

    def drop(self) -> None:
        """What was set aside is free again."""
        self._stake.credit += self._held
        self._held = 0.0
