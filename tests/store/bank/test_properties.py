"""Whatever processes do and however they die, no cap is passed and nothing stays blocked.

The same steps are taken on every bank. Its processes behave as a till does: they set aside only
what they were granted and have not used, and a call is noted in the ledger before it begins.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.policy.cap import span
from headgate.store.bank import ALWAYS, Answer, Stock
from headgate.store.bank.books import lease_of
from tests.store.bank.world import Process, World

DAY = 20_050
"""in the past, so that spans that are over are cleaned up at once"""
CAPS = {"day": 300, "month": 700, "concurrent": 5}
runs = itertools.count()


@dataclass
class Call:
    """One that runs, or whose row is not written yet."""

    day: int
    amount: int
    handle: int
    cost: int = -1
    """-1: it runs"""


@dataclass
class Till:
    """A process, as it sees itself."""

    process: Process
    granted: dict[tuple[str, int], int] = field(default_factory=dict)
    used: dict[tuple[str, int], int] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def running(self) -> list[Call]:
        return [call for call in self.calls if call.cost < 0]

    def held(self, ask: Stock) -> int:
        """What it must not give back of it: what is used and what is set aside."""
        if ask.span == ALWAYS:
            return len(self.running())
        inside = [
            call for call in self.running() if ask.span.first <= call.day <= ask.span.last
        ]
        return self.used.get(lease_of(ask), 0) + sum(call.amount for call in inside)


WEIGHTS = {
    "exchange": 12,
    "call": 12,
    "end": 6,
    "commit": 4,
    "begin": 2,
    "die": 2,
    "bury": 2,
    "leave": 1,
    "midnight": 1,
    "forget": 1,
}
CUSHIONS = (0, 5, 20, 40, 40, 60, 80, 700)


class Step(NamedTuple):
    """Something that happens, to which of those it may happen to, and how much of it."""

    what: str
    which: int
    amount: int


STEPS = st.builds(
    Step,
    st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]),
    st.integers(0, 4),
    st.integers(1, 120),
)


class Sharing:
    """Up to five processes, one key, three days in two months, and one Redis."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.name = f"key:{next(runs)}"
        self.day = DAY
        self.tills: list[Till] = []
        self.dead: list[Till] = []
        self.spans: dict[tuple[str, int], Stock] = {}
        self.done: Counter[str] = Counter()
        self.overcharged: Counter[int] = Counter()

    def take(self, step: Step) -> None:
        """Do it, where it can be done."""
        if step.what in ("begin", "bury", "midnight", "forget"):
            getattr(self, step.what)()
        elif self.tills:
            getattr(self, step.what)(self.tills[step.which % len(self.tills)], step.amount)
        self.check()

    # ---- what is asked

    def stocks(self, day: int) -> list[Stock]:
        found = [
            Stock(f"{self.name} {period}", self.name, span(period, day), CAPS[period], 0, 0)
            for period in ("day", "month")
        ]
        return [*found, Stock(f"{self.name} concurrent", "", ALWAYS, CAPS["concurrent"], 0, 0)]

    def asks(self, till: Till, cushion: int, least: int) -> list[Stock]:
        days = sorted({self.day, *(call.day for call in till.calls)})
        wanted = {lease_of(ask): ask for day in days for ask in self.stocks(day)}
        self.spans |= wanted
        return [self.ask(till, ask, cushion, least) for ask in wanted.values()]

    def ask(self, till: Till, ask: Stock, cushion: int, least: int) -> Stock:
        if ask.span == ALWAYS:
            cushion, least = min(cushion, 2 + cushion // 100), min(least, 1)
        held = till.held(ask)
        return ask._replace(hold=held + cushion, least=held + least)

    def say(self, till: Till, asks: Sequence[Stock]) -> list[Answer]:
        answers = till.process.bank.exchange(asks)
        before = till.granted
        till.granted = {
            lease_of(ask): it.granted for ask, it in zip(asks, answers, strict=True)
        }
        for ask, answer in zip(asks, answers, strict=True):
            was = before.get(lease_of(ask), 0)
            assert answer.granted == ask.hold or answer.granted >= min(was, ask.hold)
            assert answer.granted <= max(ask.hold, 0)
            if was < answer.granted < ask.hold:
                assert answer.granted >= ask.least
        return answers

    # ---- what happens

    def begin(self) -> None:
        if len(self.tills) < 5:
            self.tills.append(Till(self.world.start()))
            self.buried()  # whoever signs in buries them

    def exchange(self, till: Till, amount: int) -> None:
        cushion = CUSHIONS[amount % len(CUSHIONS)]
        self.say(till, self.asks(till, cushion, min(amount, cushion)))

    def call(self, till: Till, amount: int) -> None:
        rooms = {
            ask.span: till.granted.get(lease_of(ask), 0) - till.held(ask)
            for ask in self.stocks(self.day)
        }
        if rooms.pop(ALWAYS) < 1 or min(rooms.values()) < 1:
            return
        amount = min(amount, *rooms.values())
        begun = self.world.commit(till.process, None, [(self.name, self.day, amount)])
        till.calls.append(Call(self.day, amount, begun[0]))
        self.done["call"] += 1

    def end(self, till: Till, amount: int) -> None:
        if not till.running():
            return
        call = till.running()[amount % len(till.running())]
        call.cost = call.amount * amount // 120
        for ask in self.stocks(call.day):
            key = lease_of(ask)
            till.used[key] = till.used.get(key, 0) + call.cost

    def commit(self, till: Till, _: int = 0) -> None:
        done = [call for call in till.calls if call.cost >= 0]
        till.calls = till.running()
        self.world.commit(
            till.process, [(self.name, call.day, call.cost, call.handle) for call in done]
        )
        self.done["row"] += len(done)

    def die(self, till: Till, _: int) -> None:
        self.tills.remove(till)
        self.dead.append(till)
        self.world.die(till.process)
        self.done["open at death"] += len(till.calls)

    def bury(self) -> None:
        self.world.bury()
        self.buried()

    def buried(self) -> None:
        """A call that had ended, but whose row was lost, is charged at what was set aside."""
        for till in self.dead:
            for call in till.calls:
                if call.cost >= 0:
                    self.overcharged[call.day] += call.amount - call.cost
        self.dead.clear()

    def leave(self, till: Till, _: int) -> None:
        self.commit(till)
        if not till.calls:
            self.tills.remove(till)
            self.world.leave(till.process)

    def midnight(self) -> None:
        self.day = min(self.day + 20, DAY + 40)

    def forget(self) -> None:
        self.world.forget()

    # ---- what always holds

    def check(self) -> None:
        for key, ask in self.spans.items():
            spent = self.spent(ask)
            mine = sum(self.unwritten(till, ask) for till in (*self.tills, *self.dead))
            assert spent + mine <= ask.cap, (key, spent, mine)

    def spent(self, ask: Stock) -> int:
        """What those who are gone or have written their rows have really spent."""
        if not ask.account:
            return 0
        first, last = ask.span
        too_much = sum(n for day, n in self.overcharged.items() if first <= day <= last)
        return self.world.spent(ask.account, first, last) - too_much

    def unwritten(self, till: Till, ask: Stock) -> int:
        """What it was granted or needs, beyond what it has written."""
        if not ask.account:
            return max(till.granted.get(lease_of(ask), 0), till.held(ask))
        first, last = ask.span
        waiting = [c for c in till.calls if c.cost >= 0 and first <= c.day <= last]
        written = till.used.get(lease_of(ask), 0) - sum(call.cost for call in waiting)
        return max(till.granted.get(lease_of(ask), 0), till.held(ask)) - written

    def finish(self) -> None:
        """Once everybody has told what it holds and the dead are buried, all that is not spent
        can be had by one."""
        self.bury()
        for till in self.tills:
            for call in till.running():
                call.cost = 0
            self.commit(till)
        for _ in range(2):
            for till in self.tills:
                self.say(till, self.asks(till, 0, 0))
        last = self.world.start()
        for process in 2 * [*(till.process for till in self.tills), last]:
            process.bank.exchange([])
        for ask in self.spans.values():
            spent = self.world.spent(self.name, *ask.span) if ask.account else 0
            left = max(ask.cap - spent, 0)
            (answer,) = last.bank.exchange([ask._replace(hold=left)])
            assert answer.granted == left, (ask, answer)
        for process in list(self.world.processes):
            self.world.leave(process)


def run(world: World, examples: int, steps: int) -> Counter[str]:
    done: Counter[str] = Counter()

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=steps // 2, max_size=steps))
    def walk(taken: list[Step]) -> None:
        sharing = Sharing(world)
        for _ in range(3):
            sharing.begin()
        for till in sharing.tills:
            sharing.exchange(till, 3)
        for step in taken:
            sharing.take(step)
        sharing.finish()
        done.update(sharing.done)

    walk()
    return done


@pytest.mark.slow
def test_no_cap_is_passed_and_nothing_stays_blocked(world: World) -> None:
    """`spent + reserved + leased ≤ cap`, with crashes, burials, lost data and midnights."""
    done = run(world, 50, 60)
    assert min(done["call"], done["row"], done["open at death"]) > 5, done


@pytest.mark.soak
def test_no_cap_is_passed_in_many_long_runs(world: World) -> None:
    run(world, 300, 150)
