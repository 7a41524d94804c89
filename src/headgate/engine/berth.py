"""Finds the account that a call is sent to, and waits for one where none can take it.

Rule 1: nothing is sent to an account that is known to be short.
Rule 2: while another target is left nobody waits here; then for max_wait_s in all.
Rule 3: whoever waits holds nothing: what was set aside is put back first and taken anew after.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from headgate.config import Config
from headgate.engine.gate import Gate
from headgate.engine.ground import Ground
from headgate.engine.purse import Wish
from headgate.engine.seat import MOMENT_S, Limited, Lone, Seat
from headgate.engine.tally import Tally, conversation
from headgate.policy.cap import Limits
from headgate.policy.choice import Pick
from headgate.policy.pool import Ask
from headgate.policy.router import Target, Try
from headgate.upstream import Exchange
from headgate.wire.model import Fault, Kind

LONES_KEPT = 2000
NOBODYS = "-"
"""whom calls without a key take turns as"""


class Purser(NamedTuple):
    """How a call gives back what its key holds, and takes it again."""

    put_back: Callable[[Tally], None]
    again: Callable[[Tally], Awaitable[None]]


class Berths:
    """The accounts of one configuration."""

    def __init__(
        self, config: Config, ground: Ground, gates: Mapping[str, Gate], purser: Purser
    ) -> None:
        self._ground = ground
        self._gates = gates
        self._purser = purser
        self._wait_s = config.caps.wait_s
        self._limited = {name: self._limits(name, gate) for name, gate in gates.items()}
        self._lones: dict[tuple[str, str], Lone] = {}
        ground.pool.roster = {
            name: _labels(gate) for name, gate in gates.items() if not gate.own_credential
        }
        ground.bench.bound(config.caps.queue_calls, config.caps.queue_calls_per_key)

    def wait_s(self, tally: Tally, target: Target) -> float:
        """Until an account of the target could take the call; infinite: all are refused."""
        gate = self._gates[target.provider]
        if gate.own_credential or self._lone(tally, gate, target) is not None:
            return 0.0
        return self._seat(tally, gate, target).wait_s(self._ground.clock())

    def at_once(self, tally: Tally, step: Try) -> Gate | None:
        """The gate of a call that needs no seat; None: it has to take one."""
        gate = self._gates[step.target.provider]
        lone = tally.lone = self._lone(tally, gate, step.target)
        if lone is None and not gate.own_credential:
            return None
        tally.seat = None
        return gate

    async def take(self, tally: Tally, step: Try) -> Gate:
        """The provider's gate, or that of one of its accounts. Fault: all are short."""
        gate, seat = self._gates[step.target.provider], tally.seat
        if seat is None or seat.target is not step.target:
            seat = tally.seat = self._seat(tally, gate, step.target)
        seat.begin(step)
        clock = self._ground.clock
        while True:
            if tally.hold is not None and not tally.hold.open:
                await self._purser.again(tally)
            pick = seat.pick(clock())
            if pick.wait_s <= 0:
                taken = self._go(tally, seat, pick.at)
                if taken is not None:
                    return taken
                if await self._stand(tally, seat, pick.at, step):
                    continue
            elif await self._sit(tally, seat, pick, step):
                continue
            seat.short = self._shortage(tally, seat, max(pick.wait_s, 1.0))
            raise seat.short

    def hear(self, tally: Tally, exchange: Exchange) -> None:
        """The reply's head is there, with what it tells of the account."""
        lone = tally.lone
        if lone is not None:
            lone.hear(exchange.headers, self._ground.clock())
            if not lone.is_open or exchange.status in (401, 402, 403, 429):
                self._sit_down(tally, lone)
        if tally.seat is not None:
            at, now = datetime.now(UTC), self._ground.clock()
            tally.seat.hear(exchange.status, exchange.headers, at, now)

    def _lone(self, tally: Tally, gate: Gate, target: Target) -> Lone | None:
        """The provider's account, where there is but one and nothing limits it."""
        name = (target.provider, target.model or tally.call.model)
        lone = self._lones.get(name)
        if lone is None:
            if gate.accounts or gate.own_credential or self._limited[gate.provider.name]:
                return None
            lone = Lone(self._ground.pool, target.provider, gate.credential)
            if len(self._lones) < LONES_KEPT:
                self._lones[name] = lone
        return lone if lone.is_free() else None

    def _sit_down(self, tally: Tally, lone: Lone) -> None:
        """There is something to know of the account: this call is the first to have a seat."""
        target = tally.target
        assert target is not None
        lone.is_open = False
        tally.lone = None
        seat = tally.seat = self._seat(tally, self._gates[target.provider], target)
        seat.take(0, tally.try_started)

    def leave(self, tally: Tally) -> None:
        """The call is not sent after all."""
        if tally.seat is not None:
            tally.seat.leave(self._ground.clock())

    def _go(self, tally: Tally, seat: Seat, at: int) -> Gate | None:
        """Take what the account's configured limits ask for. None: they must be waited for."""
        purse, now = seat.purse(at), self._ground.clock()
        if purse is None:
            return seat.take(at, now)
        need = seat.need(at)
        hold = purse.take(need) if seat.waited_s else None  # it has had its turn
        if hold is None:
            hold = self._ground.till.take(Wish(purse, need, _key(tally)))
        else:
            purse.moved(purse)
        return seat.take(at, now, hold) if hold is not None else None

    async def _stand(self, tally: Tally, seat: Seat, at: int, step: Try) -> bool:
        """Wait for the account's configured limits, in the line of all limits."""
        purse, left_s = seat.purse(at), self._left_s(tally, seat)
        assert purse is not None
        if left_s <= 0:
            return False
        self._purser.put_back(tally)
        since, till = self._ground.clock(), self._ground.till
        wish = Wish(purse, seat.need(at), _key(tally))
        try:
            (await till.wait(wish, left_s if step.last else MOMENT_S)).put_back()
        except Fault:
            return False
        finally:
            self._waited(tally, seat, since)
        return True

    async def _sit(self, tally: Tally, seat: Seat, pick: Pick, step: Try) -> bool:
        """Wait until an account is likely to have room, if it is worth it."""
        left_s, bench, target = self._left_s(tally, seat), self._ground.bench, seat.target
        name, key, clock = (target.provider, target.model), _key(tally), self._ground.clock
        if not (step.last or pick.worth) or pick.wait_s > left_s:
            return False
        if not bench.has_room(name, key):
            return False
        self._purser.put_back(tally)
        since = clock()
        try:
            came = await bench.sit(name, key, lambda: seat.pick(clock()).wait_s, left_s)
        finally:
            self._waited(tally, seat, since)
        if came:
            self._ground.pool.wait(target.provider, clock() - since)
        return came

    def _waited(self, tally: Tally, seat: Seat, since: float) -> None:
        waited_s = self._ground.clock() - since
        seat.waited_s += waited_s
        tally.waited_us += int(waited_s * 1e6)

    def _left_s(self, tally: Tally, seat: Seat) -> float:
        """How long the call may still wait."""
        left_s = self._wait_s - tally.waited_us / 1e6
        if tally.deadline:
            left_s = min(left_s, tally.deadline - self._ground.clock())
        return left_s

    def _shortage(self, tally: Tally, seat: Seat, wait_s: float) -> Fault:
        count = len(seat.ask.accounts)
        whose = "the account" if count == 1 else f"all {count} accounts"
        target = f"{seat.target.provider}:{seat.target.model or tally.call.model}"
        text = (
            f"{whose} for {target} {'is' if count == 1 else 'are'} at the rate limit; try again"
            f" in {wait_s:.0f} s"
        )
        return Fault(Kind.UPSTREAM_LIMITED, text, retry_after=wait_s)

    def _seat(self, tally: Tally, gate: Gate, target: Target) -> Seat:
        accounts, call = _labels(gate), tally.call
        ask = Ask(
            target.provider,
            target.model or call.model,
            accounts,
            _conversation(tally) if len(accounts) > 1 else b"",
            len(call.envelope.body),
            tally.max_output,
        )
        limited = self._limited[target.provider]
        return Seat(self._ground.pool, gate, target, ask, limited)

    def _limits(self, name: str, gate: Gate) -> Limited | None:
        """What is configured for the accounts of a provider; None: nothing is."""
        till, limits = self._ground.till, _limits_of(gate)
        if not any(each != Limits() for each in limits):
            return None
        gates = gate.accounts or (gate,)
        return Limited(
            tuple(
                till.payers.upstream(name, it.credential, each) if each != Limits() else None
                for it, each in zip(gates, limits, strict=True)
            ),
            till.short_s,
        )


def _conversation(tally: Tally) -> bytes:
    """Under which name it keeps to an account; found once, as it may have to be read for."""
    if not tally.conversation:
        tally.conversation = conversation(tally.call)
    return tally.conversation


def _labels(gate: Gate) -> list[str]:
    """The names of a provider's accounts, as rows and logs have them."""
    return [it.credential for it in gate.accounts] or [gate.credential]


def _limits_of(gate: Gate) -> Sequence[Limits]:
    return [it.provider.limits for it in gate.accounts or (gate,)]


def _key(tally: Tally) -> str:
    return tally.call.holder.key_id or NOBODYS
