"""Remembers what calls left in vendors' prompt caches, and says why a later one found less.

Rule 1: it looks when a call is settled: nobody waits for it.
Rule 2: what is remembered is bounded, and holds hashes and counts only; the longest unused
goes first.
Rule 3: a call is measured by the one it goes on from, else by one that opened alike; without
either it is the first, and no miss.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import xxhash

from headgate.engine.tally import Miss, Settled, Tally, fingerprint, session_of
from headgate.policy import miss, prefix, trail
from headgate.policy.miss import Link, Now, Past, Verdict
from headgate.policy.trail import Trail
from headgate.wire.call import Call
from headgate.wire.envelope import Envelope

KEPT = 4_000
"""conversations and openings"""
KEPT_SCOPES, KEPT_OF_SCOPE = 2_000, 6
ALIKE = 0.5
"""which share of two openings must be the same for one to be the other, changed"""
ALIKE_BYTES, ALIKE_SHARE = 64, 0.02
"""or by how much their sizes may differ, where they are one short text each"""
LONGEST_PLACE = 160
_Name = TypeVar("_Name")
_Value = TypeVar("_Value")
_SETTINGS = (
    "tool_choice",
    "thinking",
    "output_config",
    "speed",
    "reasoning",
    "reasoning_effort",
)
_ELSEWHERE = ("previous_response_id", "conversation")
"""where a vendor keeps the turns, nobody sees here what the prompt was"""


class Thread(NamedTuple):
    """The last call of a conversation."""

    trail: Trail
    past: Past
    settings: dict[str, int]


class _Asked(NamedTuple):
    """What is known of the call in question before it is compared."""

    scope: tuple[str, ...]
    hashes: list[bytes]
    """of its prefixes, the whole last"""
    opening: bytes
    """that of all that stands before the turns; empty: nothing does"""
    seed: int


class Misses:
    """One for all calls of a process."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._wholes: dict[bytes, Thread] = {}
        """by the hash of the whole prompt, which the next turn finds among its own"""
        self._openings: dict[bytes, Thread] = {}
        self._scopes: dict[tuple[str, ...], list[tuple[bytes, Thread]]] = {}

    def __len__(self) -> int:
        return len(self._wholes)

    def look(self, tally: Tally, settled: Settled, key: bytes | None) -> Miss | None:
        """Why the call read less than it should have; None: it did not, or nobody knows."""
        asked = _asked(tally, settled, key)
        if asked is None:
            return None
        envelope = tally.call.envelope
        hash_before = next((h for h in reversed(asked.hashes) if h in self._wholes), b"")
        before = self._wholes.get(hash_before)
        grown = before is not None
        kin = before or self._openings.get(asked.opening)
        laid = trail.lay(
            envelope,
            asked.seed,
            kin.trail if kin is not None else None,
            same=kin is not None,
            grown=grown,
        )
        now, settings = _now(tally, settled, laid), _settings(envelope)
        link: Link | None = None
        if before is not None:
            link = Link(goes_on=True)
        else:
            hash_before, before, link = self._nearest(asked, laid, now.model)
        found: Miss | None = None
        if before is not None and link is not None:
            link = link._replace(setting=_differing(before.settings, settings))
            verdict = miss.judge(before.past, now, link, tally.reading.cache_miss)
            if verdict is not None:
                if not now.automatic:
                    blocks = trail.added_blocks(before.trail, envelope) if grown else 0
                    verdict = miss.overlooked(verdict, blocks)
                found = _told(verdict, link, tally, settled)
        ttl_s = before.past.ttl_s if before is not None else miss.SHORT_S
        thread = Thread(laid, _past(now, laid, ttl_s, tally.cache_plan), settings)
        self._keep(asked, thread, hash_before if link is not None and link.goes_on else b"")
        return found

    def _nearest(
        self, asked: _Asked, laid: Trail, model: str
    ) -> tuple[bytes, Thread | None, Link | None]:
        """The earlier call that this one most likely goes on from, or opens like."""
        best: tuple[bytes, Thread | None, Link | None] = (b"", None, None)
        highest: tuple[int, bool, int, float] | None = None
        candidates = list(self._scopes.get(asked.scope, ()))
        if asked.opening in self._openings:
            candidates.append((b"", self._openings[asked.opening]))
        for name, thread in candidates:
            link, rank = _link(thread, laid, model)
            kept = int(link.share * thread.trail.size)
            height = (rank, thread.past.model == model, kept, thread.past.at)
            if rank and (highest is None or height > highest):
                best, highest = (name, thread, link), height
        return best

    def _keep(self, asked: _Asked, thread: Thread, instead: bytes) -> None:
        """Remember the call, `instead` of the one it goes on from."""
        whole = asked.hashes[-1]
        known = self._wholes.get(whole)
        if known is not None and known.past.at > thread.past.at:
            return  # it ended after one that began later
        self._wholes.pop(instead, None)
        _put(self._wholes, whole, thread, self._most)
        if asked.opening:
            _put(self._openings, asked.opening, thread, self._most)
        gone = (instead, whole)
        kept = [it for it in self._scopes.get(asked.scope, ()) if it[0] not in gone]
        kept.append((whole, thread))
        _put(self._scopes, asked.scope, kept[-KEPT_OF_SCOPE:], KEPT_SCOPES)


def _put(into: dict[_Name, _Value], name: _Name, value: _Value, most: int) -> None:
    into.pop(name, None)
    into[name] = value
    if len(into) > most:
        del into[next(iter(into))]


def _asked(tally: Tally, settled: Settled, key: bytes | None) -> _Asked | None:
    """None: nothing can be said of the call, because it is short, unpriced or failed."""
    call = tally.call
    if (
        key is None
        or len(call.envelope.body) < prefix.SHORT_BYTES
        or settled.usage_from != "provider"
        or not (settled.usage.input_total and call.surface.converses)
        or tally.target is None
        or any(_is_there(call.envelope, name) for name in _ELSEWHERE)
    ):
        return None
    pairs, _, opening = fingerprint(tally, key)
    hashes = [h for h, _ in prefix.unpack(pairs or b"")]
    if not hashes:
        return None
    before_turns = opening.count(",") if opening else -1
    scope = (call.holder.key_id, *session_of(call))
    name = hashes[before_turns] if before_turns >= 0 else b""
    return _Asked(scope, hashes, name, int.from_bytes(key[:8]))


def _is_there(envelope: Envelope, name: str) -> bool:
    raw = envelope.members.get(name)
    return raw is not None and bytes(raw) != b"null"


def _link(thread: Thread, laid: Trail, model: str) -> tuple[Link, int]:
    """How they hang together, and how surely: 3, the same conversation, to 0, not at all."""
    old = thread.trail
    change = trail.first_difference(old, laid)
    kept = change.kept if change is not None else min(old.size, laid.size)
    size = max(old.size, 1)
    is_same = change is None or change.member in trail.TURNS
    is_near = is_same or _is_alike(old, laid)
    width = trail.PIECE.size
    first = laid.turns.pieces[:width]
    goes_on = is_near and bool(first) and old.turns.pieces[:width] == first
    link = Link(goes_on, kept / size, old.opening_size / size, change)
    if goes_on:
        return link, 3
    if is_same:
        return link, 2 if laid.opening else 0
    return link, 1 if is_near and model == thread.past.model else 0


def _is_alike(old: Trail, new: Trail) -> bool:
    """Is one opening likely the other, changed."""
    if trail.likeness(old, new) >= ALIKE:
        return True
    if [it.name for it in old.opening] != [it.name for it in new.opening]:
        return False
    size = old.opening_size
    return abs(size - new.opening_size) <= max(ALIKE_BYTES, ALIKE_SHARE * size) > 0 < size


def _now(tally: Tally, settled: Settled, laid: Trail) -> Now:
    call, target, rates = tally.call, tally.target, settled.rates
    assert target is not None
    automatic = tally.surface.dialect.NAME != "anthropic"
    charged = automatic and bool(settled.cost and _charges_writes(settled))
    return Now(
        tally.started,
        tally.first_content or tally.started,
        target.model or call.model,
        _account(tally),
        settled.usage,
        charged or _is_marked(call, laid) or tally.cache_plan.startswith("on "),
        automatic and not charged,
        0 if rates is None or tally.cache_plan == "on none" else rates.cache_minimum or 0,
    )


def _charges_writes(settled: Settled) -> bool:
    """Vendors that charge for writes say what was written: what they do not say was not."""
    assert settled.rates is not None
    plain, *_, write_30m, _, _ = settled.rates.table(settled.terms).bands[-1].rates
    return write_30m > plain


def _account(tally: Tally) -> str:
    assert tally.target is not None
    account = f"{tally.target.provider}/{tally.credential}"
    holder = tally.call.holder.key_id
    return f"{account} of {holder}" if tally.credential == "client" and holder else account


def _is_marked(call: Call, laid: Trail) -> bool:
    return (
        laid.turns.marked or laid.opening_is_marked or "cache_control" in call.envelope.members
    )


def _past(now: Now, laid: Trail, ttl_s: float, plan: str) -> Past:
    """What the call leaves for the next one."""
    usage = now.usage
    marks_opening = plan.startswith("on ") and not plan.startswith("on turns")
    return Past(
        now.at,
        now.readable,
        now.model,
        now.account,
        usage.input_total,
        miss.left_behind(usage, automatic=now.automatic),
        miss.lives_s(usage, ttl_s),
        now.automatic or laid.opening_is_marked or marks_opening,
    )


def _settings(envelope: Envelope) -> dict[str, int]:
    members = envelope.members
    return {
        name: xxhash.xxh3_64_intdigest(bytes(members[name]))
        for name in _SETTINGS
        if name in members
    }


def _differing(old: dict[str, int], new: dict[str, int]) -> str:
    if old == new:
        return ""
    return next(name for name in _SETTINGS if old.get(name) != new.get(name))


def _told(verdict: Verdict, link: Link, tally: Tally, settled: Settled) -> Miss:
    change, at = link.change, verdict.note
    if change is not None and verdict.why in _PLACES.get(change.member, ()):
        at = trail.place(change, tally.call.envelope)
    cost = 0
    if settled.rates is not None and settled.cost is not None:
        cost = miss.cost_nusd(
            verdict.tokens, settled.usage, settled.cost, settled.rates, settled.terms
        )
    return Miss(verdict.why, at[:LONGEST_PLACE], cost)


_PLACES = {
    "tools": ("tools_changed",),
    "instructions": ("system_changed",),
    "system": ("system_changed",),
    "messages": ("messages_changed",),
    "input": ("messages_changed",),
}
