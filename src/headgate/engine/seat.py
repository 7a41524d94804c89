"""Where a call sits among the accounts of its provider: the one it uses, those that refused it.

Rule 1: a call asks no account twice in one go; after a wait it begins anew with its own.
Rule 2: what is set aside for a call at an account is given back once, whatever becomes of it.
Rule 3: of a provider with one account, what it says is its target's affair as well.
Rule 4: a lone account that nothing limits, and whose vendor tells of no limits, needs no seat.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from headgate.engine.gate import Gate
from headgate.engine.purse import Hold, Need, Purse
from headgate.policy import affinity
from headgate.policy.choice import NEVER, Pick
from headgate.policy.pool import FRESH_S, Ask, Pool, Trip
from headgate.policy.router import REFUSALS, Outcome, Target, Try
from headgate.policy.warmth import Seen
from headgate.wire import headroom
from headgate.wire.model import Fault, Headers, Kind, Usage

MOMENT_S = 0.06
"""a shorter wait is no shortage: it is how long the bank takes to grant what is there"""


class Limited(Struct, frozen=True):
    """What is configured for each account of a provider, and how long it asks to wait."""

    purses: tuple[Purse | None, ...]
    short_s: Callable[[Purse, Need], float]


class Verdict(Struct):
    """How a try at an account ended."""

    fault: Fault | None
    status: int
    dead: bool = False
    """does no waiting lift what it refused for"""
    seen: Seen | None = None
    """what the answer told; None: there was none"""
    output: int = 0


class Lone:
    """The only account of a provider, while nothing is known that limits it for a model."""

    __slots__ = ("_account", "_heard_at", "_pool", "_provider", "is_open")

    def __init__(self, pool: Pool, provider: str, account: str) -> None:
        self.is_open = True
        """may calls go to it unasked; once it is not, each has a seat"""
        self._pool = pool
        self._provider = provider
        self._account = account
        self._heard_at = 0.0

    def is_free(self) -> bool:
        return self.is_open and not self._pool.quarantines

    def hear(self, headers: Headers, now: float) -> None:
        """Does the vendor tell of limits after all."""
        if now - self._heard_at >= FRESH_S:
            self._heard_at = now
            self.is_open = headroom.read(headers, datetime.now(UTC)) is None

    def answered(self, usage: Usage) -> None:
        self._pool.count(self._provider, self._account, usage)


class Seat:
    """One call at one target."""

    __slots__ = (
        "_at", "_gates", "_hold", "_limited", "_pool", "_refusals", "_step", "ask", "short",
        "target", "trip", "waited_s",
    )  # fmt: skip

    def __init__(
        self, pool: Pool, gate: Gate, target: Target, ask: Ask, limited: Limited | None = None
    ) -> None:
        self.target = target
        self.ask = ask
        self.trip: Trip | None = None
        """on its way to an account; None: it has not been sent, or it is over"""
        self.short: Fault | None = None
        """why it was not sent"""
        self.waited_s = 0.0
        self._pool = pool
        self._gates = gate.accounts or (gate,)
        self._limited = limited
        self._hold: Hold | None = None
        self._step: Try | None = None
        self._refusals: dict[int, Fault] = {}
        self._at = 0

    @property
    def alone(self) -> bool:
        return len(self._gates) == 1

    @property
    def account(self) -> str:
        return self.ask.accounts[self._at]

    def purse(self, at: int) -> Purse | None:
        """What the account's configured limits leave; None: it has none."""
        return self._limited.purses[at] if self._limited is not None else None

    def begin(self, step: Try) -> None:
        """Another go: every account may be asked again."""
        if step is not self._step:
            self._step = step
            self._refusals.clear()

    def pick(self, now: float) -> Pick:
        """The account for this try, and how long it had better wait for it."""
        places = range(len(self._gates)) if self._limited is not None else ()
        waits_s = [self._limit_s(at) for at in places]
        return self._pool.choose(
            self.ask, now, waits_s=waits_s, refused=self._refusals, waited_s=self.waited_s
        )

    def wait_s(self, now: float) -> float:
        """Until the call can be sent, unless it waits by its own choice."""
        if self._pool.wait_s(self.ask, now) == NEVER:
            return NEVER
        pick = self.pick(now)
        return 0.0 if pick.worth else pick.wait_s

    def need(self, at: int) -> Need:
        """What the call is likely to use of an account's configured limits."""
        return Need(*self._pool.likely(self.ask, at))

    def take(self, at: int, now: float, hold: Hold | None = None) -> Gate:
        """Go to this account."""
        self._at, self._hold = at, hold
        self.trip = self._pool.send(self.ask, at, now)
        return self._gates[at]

    def hear(self, status: int, headers: Headers, at: datetime, now: float) -> None:
        """The reply's head is there: what does it tell of the account's limits?"""
        trip = self.trip
        if trip is None:
            return
        limited = status == 429
        fresh = limited or self._pool.wants_told(trip, now)
        told = headroom.read(headers, at) if fresh else None
        self._pool.hear(trip, told, now, counted=not limited)

    def close(self, verdict: Verdict, now: float) -> str:
        """The try is over: what changed of its credential, `quarantined` or `restored`."""
        trip, hold, fault = self.trip, self._hold, verdict.fault
        self.trip = self._hold = None
        if trip is None:
            return ""
        if hold is not None:
            counted = verdict.seen.usage.input_total if verdict.seen is not None else 0
            hold.settle(counted, verdict.output, 0)
        if fault is not None and (fault.kind is Kind.UPSTREAM_AUTH or verdict.dead):
            only = verdict.status == 403
            refused = self._pool.refuse(trip, fault.detail, now, model_only=only)
            return "quarantined" if refused else ""
        if fault is not None and fault.kind is Kind.UPSTREAM_LIMITED:
            self._pool.limit(trip, fault.retry_after, now)
            return ""
        restored = self._pool.finish(trip, verdict.seen, verdict.output, now)
        return "restored" if restored else ""

    def leave(self, now: float) -> None:
        """The call is not sent after all."""
        if self._hold is not None:
            self._hold.put_back()
            self._hold = None
        if self.trip is not None:
            self._pool.finish(self.trip, None, 0, now)
            self.trip = None

    def outcome(self, fault: Fault, now: float, *, committed: bool) -> Outcome:
        """What the plan is told: when all accounts refused, the mildest of what they said."""
        if fault is self.short:
            return Outcome(fault, short=True)
        if self.alone or committed or fault.kind not in REFUSALS:
            return Outcome(fault, committed)
        self._refusals[self._at] = fault
        waits = [self._wait_s(at, now) for at in range(len(self._gates))]
        left = [at for at in range(len(waits)) if at not in self._refusals]
        if fault.kind is not Kind.UPSTREAM_AUTH:  # no waiting makes a rejected key a good one
            left = [at for at in left if waits[at] <= 0]
        if left:
            return Outcome(fault, others=True)
        told = affinity.mildest([*self._refusals.values()])
        soonest = min(waits)
        if told.retry_after is not None and soonest < NEVER:
            told.retry_after = min(told.retry_after, soonest)
        return Outcome(told)

    def _wait_s(self, at: int, now: float) -> float:
        one = self.ask._replace(accounts=self.ask.accounts[at : at + 1])
        return max(self._pool.wait_s(one, now), self._limit_s(at))

    def _limit_s(self, at: int) -> float:
        limited = self._limited
        purse = limited.purses[at] if limited is not None else None
        if limited is None or purse is None:
            return 0.0
        wait_s = limited.short_s(purse, self.need(at))
        return wait_s if wait_s > MOMENT_S else 0.0
