"""Whatever processes do and however they die, no cap is passed and nothing stays blocked.

The same machine is run on every bank. Its processes behave as a till does: they set aside only
what they were granted and have not used, and a call is noted in the ledger before it begins.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from headgate.policy.cap import span
from headgate.store.bank import ALWAYS, Answer, Stock
from headgate.store.bank.books import lease_of
from tests.store.bank.world import Process, World

DAY = 20_050
"""in the past, so that spans that are over are cleaned up at once"""
CAPS = {"day": 300, "month": 700, "concurrent": 5}
PER_MINUTE, BURST = 600, 10
amounts = st.integers(1, 120)
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


class Sharing(RuleBasedStateMachine):
    """Up to five processes, one key, two days in two months, and one Redis."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.name = f"key:{next(runs)}"
        self.day = DAY
        self.tills: list[Till] = []
        self.dead: list[Till] = []
        self.spans: dict[tuple[str, int], Stock] = {}

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
        return [
            ask._replace(hold=till.held(ask) + cushion, least=till.held(ask) + least)
            for ask in wanted.values()
        ]

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

    def one(self, data: Any) -> Till:
        return data.draw(st.sampled_from(self.tills))

    # ---- what happens

    @precondition(lambda self: len(self.tills) < 5)
    @rule()
    def begin(self) -> None:
        self.tills.append(Till(self.world.start()))

    @precondition(lambda self: self.tills)
    @rule(data=st.data(), cushion=st.sampled_from([0, 1, 5, 40, 150, 700]), least=amounts)
    def exchange(self, data: Any, cushion: int, least: int) -> None:
        till = self.one(data)
        self.say(till, self.asks(till, cushion, min(least, cushion)))

    @precondition(lambda self: self.tills)
    @rule(data=st.data(), amount=amounts)
    def call(self, data: Any, amount: int) -> None:
        till = self.one(data)
        rooms = {
            ask.span: till.granted.get(lease_of(ask), 0) - till.held(ask)
            for ask in self.stocks(self.day)
        }
        assume(rooms.pop(ALWAYS) >= 1)
        amount = min(amount, *rooms.values())
        assume(amount >= 1)
        event("a call begins")
        begun = self.world.commit(till.process, None, [(self.name, self.day, amount)])
        till.calls.append(Call(self.day, amount, begun[0]))

    @precondition(lambda self: any(till.running() for till in self.tills))
    @rule(data=st.data(), share=st.floats(0, 1))
    def end(self, data: Any, share: float) -> None:
        till = data.draw(st.sampled_from([till for till in self.tills if till.running()]))
        call = data.draw(st.sampled_from(till.running()))
        call.cost = int(call.amount * share)
        for ask in self.stocks(call.day):
            key = lease_of(ask)
            till.used[key] = till.used.get(key, 0) + call.cost

    @precondition(lambda self: self.tills)
    @rule(data=st.data())
    def commit(self, data: Any) -> None:
        self.write(self.one(data))

    def write(self, till: Till) -> None:
        done = [call for call in till.calls if call.cost >= 0]
        till.calls = till.running()
        self.world.commit(
            till.process, [(self.name, call.day, call.cost, call.handle) for call in done]
        )

    @precondition(lambda self: self.tills)
    @rule(data=st.data())
    def die(self, data: Any) -> None:
        till = self.one(data)
        self.tills.remove(till)
        self.dead.append(till)
        self.world.die(till.process)

    @precondition(lambda self: self.dead)
    @rule()
    def bury(self) -> None:
        self.world.bury()
        self.dead.clear()

    @precondition(lambda self: self.tills)
    @rule(data=st.data())
    def leave(self, data: Any) -> None:
        till = self.one(data)
        self.write(till)
        assume(not till.calls)
        self.tills.remove(till)
        self.world.leave(till.process)

    @precondition(lambda self: self.day < DAY + 40)
    @rule()
    def midnight(self) -> None:
        self.day += 20

    @rule()
    def forget(self) -> None:
        self.world.forget()

    # ---- what always holds

    @invariant()
    def no_cap_is_passed(self) -> None:
        for key, ask in self.spans.items():
            spent = self.world.spent(self.name, *ask.span) if ask.account else 0
            mine = sum(self.unwritten(till, ask) for till in (*self.tills, *self.dead))
            assert spent + mine <= ask.cap, (key, spent, mine)

    def unwritten(self, till: Till, ask: Stock) -> int:
        """What it was granted or needs, beyond what it has written."""
        if not ask.account:
            return max(till.granted.get(lease_of(ask), 0), till.held(ask))
        first, last = ask.span
        waiting = [c for c in till.calls if c.cost >= 0 and first <= c.day <= last]
        written = till.used.get(lease_of(ask), 0) - sum(call.cost for call in waiting)
        return max(till.granted.get(lease_of(ask), 0), till.held(ask)) - written

    def teardown(self) -> None:
        """Once everybody has told what it holds and the dead are buried, all that is not spent
        can be had by one."""
        self.bury()
        for till in self.tills:
            for call in till.running():
                call.cost = 0
            self.write(till)
        for _ in range(2):
            for till in self.tills:
                self.say(till, self.asks(till, 0, 0))
        last = Till(self.world.start())
        self.tills.append(last)
        for _ in range(2):
            for till in self.tills[:-1]:
                till.process.bank.exchange([])
            last.process.bank.exchange([])
        for ask in self.spans.values():
            spent = self.world.spent(self.name, *ask.span) if ask.account else 0
            (answer,) = last.process.bank.exchange([ask._replace(hold=ask.cap - spent)])
            assert answer.granted == ask.cap - spent, (ask, answer)
        for till in list(self.tills):
            self.world.leave(till.process)


def run(world: World, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Sharing(world),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_no_cap_is_passed_and_nothing_stays_blocked(world: World) -> None:
    """`spent + reserved + leased ≤ cap`, with crashes, burials, lost data and midnights."""
    run(world, 15, 30)


@pytest.mark.soak
def test_no_cap_is_passed_in_many_long_runs(world: World) -> None:
    run(world, 400, 60)
