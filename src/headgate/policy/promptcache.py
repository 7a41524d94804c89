"""Decides where a prompt is marked for its vendor's cache, and for how long it is kept there.

Rule 1: a mark stands where what was seen makes it likely that enough calls will read what it
writes. Of a caller of whom nothing is known, one write is risked, for five minutes.
Rule 2: what is alive is read, and that costs less than the plain price: it is always marked.
Rule 3: what is being written by a call that has no answer yet can be read by nobody: neither
it nor what follows it is written a second time meanwhile.
Rule 4: along a prompt lifetimes never rise, and nothing shorter than the model's minimum is
marked. Time comes in as seconds, and sizes as estimated tokens.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from headgate.policy.arrivals import hoped, least
from headgate.policy.cacheprice import Ttl, Worth
from headgate.policy.recurrence import KEPT, Begun, Family, Prefix, Recurrence, Slot
from headgate.wire.model import Usage

DEFAULT_MINIMUM = 4096
"""what every model caches whose minimum nobody knows"""
UNREAD = 4
"""new prefixes that are written before it is known whether any of them comes again"""
RELATED = 8.0
"""for how many of a prefix's own returns those of its family stand at most"""

Act = Literal["read", "write", "nothing"]


class Asked(NamedTuple):
    """What is known of one call before it is sent."""

    family: tuple[str, ...]
    """who calls which model where: as one prefix of theirs fares, so does the next"""
    slots: tuple[Slot, ...]
    """in the prompt's order"""
    tokens: int
    """of the whole prompt"""
    worth: Worth
    minimum: int = DEFAULT_MINIMUM


class Mark(NamedTuple):
    """One mark: at the end of a slot, or where its conversation was last answered."""

    slot: str
    ttl: Ttl
    is_before: bool = False


class Step(NamedTuple):
    """What one mark is expected to do."""

    slot: str
    act: Act
    ttl: Ttl
    upto: int
    """the tokens before it"""
    tokens: int
    """what it reads or writes beyond the marks before it"""
    prefix: Prefix
    family: Family
    is_before: bool = False


class Plan:
    """What is done about one call."""

    __slots__ = (
        "asked",
        "begun",
        "longest",
        "noted",
        "now",
        "real",
        "steps",
        "waits",
        "withdrawn",
    )

    def __init__(self, asked: Asked, now: float, begun: Begun | None, *, real: bool) -> None:
        self.asked = asked
        self.now = now
        self.begun = begun
        self.real = real
        self.steps: list[Step] = []
        self.noted: list[Prefix] = []
        self.longest: Ttl = "1h"
        """what may be written behind what is written already"""
        self.waits = False
        """is something left unmarked only because a running call writes it"""
        self.withdrawn: list[tuple[str, str]] = []
        """slots that are marked no longer, and why: new or seldom"""

    @property
    def covered(self) -> int:
        """The tokens before the last mark."""
        return self.steps[-1].upto if self.steps else 0

    @property
    def marks(self) -> list[Mark]:
        """In the prompt's order; what is only read takes on the lifetime that follows it."""
        found: list[Mark] = []
        longest: Ttl = "5m"
        for step in reversed(self.steps):
            longest = "1h" if step.ttl == "1h" else longest
            found.append(Mark(step.slot, longest, step.is_before))
        return found[::-1]

    @property
    def saved_tokens(self) -> float:
        """What it saves, in tokens at the plain price; below nothing: what it costs."""
        return sum(_earned(step.act, step, self.asked.worth) for step in self.steps)

    def __str__(self) -> str:
        lives = {mark.slot: mark.ttl for mark in self.marks}
        return " ".join(f"{slot}:{ttl}" for slot, ttl in lives.items()) or "none"


def _earned(act: Act, step: Step, worth: Worth) -> float:
    if act == "read":
        return step.tokens * worth.saved
    return -step.tokens * worth.premium(step.ttl) if act == "write" else 0.0


class Planner:
    """Plans for every call of a process, and learns from how each one went."""

    def __init__(self, most: int = KEPT) -> None:
        self.known = Recurrence(most)

    def plan(
        self,
        asked: Asked,
        now: float,
        begun: Begun | None = None,
        *,
        real: bool = True,
    ) -> Plan:
        """Where to put marks; `begun` tells later whether its reply had begun at a time.

        Not `real`: what would be done, were it done for all of the caller's calls.
        """
        plan = Plan(asked, now, begun, real=real)
        for slot in asked.slots:
            before = self.known.of(slot.before)
            prefix, family = self.known.note(asked.family, slot, now, begun)
            plan.noted.append(prefix)
            if prefix.lives[real].in_flight(now):
                plan.waits = True
            if not plan.waits and slot.tokens >= asked.minimum and not prefix.too_short:
                self._place(plan, slot, (prefix, family), before)
        return plan

    def _place(
        self, plan: Plan, slot: Slot, known: tuple[Prefix, Family], before: Prefix | None
    ) -> None:
        """Mark one slot, if anything speaks for it."""
        prefix, family = known
        life = prefix.lives[plan.real]
        if life.is_alive(plan.now):
            life.read(plan.now)
            self._take(plan, Step(slot.name, "read", life.ttl, slot.tokens, 0, *known))
            return
        if before is not None and slot.before_tokens >= plan.asked.minimum:
            past = before.lives[plan.real]
            if past.is_alive(plan.now) and not past.in_flight(plan.now):
                past.read(plan.now)
                upto = slot.before_tokens
                step = Step(slot.name, "read", past.ttl, upto, 0, before, family, True)
                self._take(plan, step)
        ttl = self._choose(plan, slot, known)
        if ttl is None:
            return
        life.write(ttl, plan.now, plan.begun)
        plan.longest = ttl
        family.is_marking = True
        family.wait(prefix)
        self._take(plan, Step(slot.name, "write", ttl, slot.tokens, 0, *known))

    @staticmethod
    def _take(plan: Plan, step: Step) -> None:
        step = step._replace(tokens=max(step.upto - plan.covered, 0))
        plan.steps.append(step)
        stake = step.family.stakes[plan.real]
        stake.book(_earned(step.act, step, plan.asked.worth))

    def _choose(self, plan: Plan, slot: Slot, known: tuple[Prefix, Family]) -> Ttl | None:
        """For how long to write it, or not at all."""
        prefix, family = known
        worth, stake = plan.asked.worth, family.stakes[plan.real]
        lacks = slot.tokens - plan.covered
        allowed: tuple[Ttl, ...] = ("5m", "1h") if plan.longest == "1h" else ("5m",)
        seen = {ttl: _seen(ttl, prefix, family) for ttl in allowed}
        proven = {
            ttl: so / count
            for ttl, (so, count) in seen.items()
            if least(so, count) > worth.share_needed(ttl)
            or (prefix.is_proven and so > count * worth.share_needed(ttl))
        }
        if not proven:
            prefix.is_proven = False
            return self._guess(plan, slot, known, seen)
        ttl = min(proven, key=lambda it: worth.expected(it, proven[it]))
        if prefix.is_new and family.unread >= max(UNREAD, family.seen(ttl)[0] / 2):
            return None
        if not stake.may_write(lacks * worth.premium(ttl), lacks * worth.premium("1h")):
            return None
        prefix.is_proven = prefix.returns.within[ttl].count > 0
        return ttl

    def _guess(
        self,
        plan: Plan,
        slot: Slot,
        known: tuple[Prefix, Family],
        seen: dict[Ttl, tuple[float, float]],
    ) -> Ttl | None:
        """The same where too little was seen to prove anything."""
        prefix, family = known
        worth = plan.asked.worth
        unsure = family.unread if prefix.is_new else 0  # they may all come to nothing
        hopes: dict[Ttl, float] = {
            ttl: share
            for ttl, (so, count) in seen.items()
            if (share := hoped(so, count + unsure)) > worth.share_needed(ttl)
            and (ttl == "5m" or not prefix.is_new)
        }
        if not hopes and family.is_marking:
            family.is_marking = False
            plan.withdrawn.append((slot.name, "new" if prefix.is_new else "seldom"))
        judged = prefix.returns.within["5m"].count + family.firsts.within["5m"].count
        hopeful = slot.hopeful or judged > 0
        risky = prefix.is_new and family.unread >= UNREAD
        if not hopes or not hopeful or risky or not family.stakes[plan.real].may_guess():
            return None
        return min(hopes, key=lambda it: worth.expected(it, hopes[it]))

    def learn(self, plan: Plan, usage: Usage) -> None:
        """How the call went, as its vendor counted it."""
        self._land(plan)
        if not usage.input_total or not plan.steps:
            self.drop(plan)
            return
        read = _how_many_read(plan, usage)
        wrote = usage.cache_write_5m + usage.cache_write_1h > 0
        for n, step in enumerate(plan.steps):
            life = step.prefix.lives[plan.real]
            life.begun = None
            did: Act = "read" if n < read else "write" if wrote else "nothing"
            if step.act == "read":
                step.family.kept.add(did == "read")
            if did == step.act:
                continue
            self._correct(plan, step, did)
            if did != "read":
                life.end()  # who says that it will be there the next time
            if did == "nothing":
                step.prefix.too_short = step.act == "write" and not usage.cache_read

    def drop(self, plan: Plan) -> None:
        """Nothing came of the call: nothing was written, nothing was read."""
        self._land(plan)
        for step in plan.steps:
            self._correct(plan, step, "nothing")
            if step.act == "write":
                step.prefix.lives[plan.real].end()
                step.prefix.settle()
        plan.steps.clear()

    @staticmethod
    def _land(plan: Plan) -> None:
        """The call is over: whoever asks after its reply need not ask it any more."""
        for prefix in plan.noted:
            if prefix.flight is plan.begun:
                prefix.flight = None
        plan.noted.clear()

    @staticmethod
    def _correct(plan: Plan, step: Step, did: Act) -> None:
        worth = plan.asked.worth
        error = _earned(did, step, worth) - _earned(step.act, step, worth)
        step.family.stakes[plan.real].book(error)


def _seen(ttl: Ttl, prefix: Prefix, family: Family) -> tuple[float, float]:
    """(how often a prefix came again in time, of how many): its own, with its family's."""
    own, trust = prefix.returns.within[ttl], family.trust
    so, count = family.seen(ttl)
    if not own.count:
        return so * trust, count
    if count < 2:  # it may be its own
        return own.so * trust, own.count
    part = min(1.0, RELATED / count)
    return (own.so + so * part) * trust, own.count + count * part


def _how_many_read(plan: Plan, usage: Usage) -> int:
    """How many of the steps lie within what was read; sizes were estimated, so the nearest."""
    scale = usage.input_total / max(plan.asked.tokens, 1)
    ends = [0.0, *(step.upto * scale for step in plan.steps)]
    return min(range(len(ends)), key=lambda n: abs(ends[n] - usage.cache_read))
