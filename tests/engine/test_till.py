"""The till: what is taken never exceeds what the bank granted, whatever happens in between."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.config import CapsConfig
from headgate.engine.purse import Hold, Need, Purse, Wish
from headgate.engine.till import ALIVE_S, SLICE, TICK_S
from headgate.engine.told import Spent
from headgate.policy.cap import Budget, Caps, span
from headgate.policy.holding import Pot
from headgate.store.bank import Stock
from headgate.wire.model import Fault, Kind
from tests.engine.desk import DAY, DAY_US, USD, Desk, of_key, rounds, served
from tests.engine.vault import Vault


class Play:
    """Several tills on one pot: calls come, end, and processes die, as the dice will."""

    def __init__(self, dice: random.Random, count: int, kind: Any) -> None:
        self.dice = dice
        self.vault = Vault()
        self.caps = CapsConfig(each_key=Caps(budgets=(Budget(CAP, "day", kind),)))
        self.owners = 0
        self.desks: list[Desk] = []
        self.purses: list[Purse] = []
        self.total = 0
        for _ in range(count):
            self.enter(len(self.desks))

    def enter(self, at: int) -> None:
        self.owners += 1
        desk = Desk(self.vault, self.owners, self.caps)
        self.desks[at : at + 1] = [desk]
        self.purses[at : at + 1] = [desk.purse()]

    def ask(self, at: int) -> None:
        most = self.dice.randrange(1, 120)
        need = Need(worst_nusd=most, probable_nusd=most)
        hold = self.desks[at].till.take(Wish(self.purses[at], need, "k_1"))
        if hold is not None:
            self.desks[at].holds.append(hold)
            return
        ((pot, _),) = self.purses[at].pots  # somebody is in line: what it needs is asked for
        pot.wanted = pot.smallest = most
        pot.active = True

    def end(self, at: int) -> None:
        desk = self.desks[at]
        if desk.holds:
            hold = desk.holds.pop(self.dice.randrange(len(desk.holds)))
            cost = self.dice.randrange(hold.need.worst_nusd + 1)
            self.total += cost
            desk.settle(hold, cost)

    def exchange(self, at: int) -> None:
        self.vault.now += self.dice.random() * 0.3
        self.desks[at].exchange()

    def die(self, at: int) -> None:
        """Without a word; its running calls cost nothing any more."""
        self.vault.bury(self.desks[at].owner)
        self.enter(at)

    def leased(self) -> int:
        return self.vault.leased(Stock("key:k_1 day", "key:k_1", span("day", DAY), CAP, 0, 0))

    def rest(self) -> None:
        """All calls end, nobody is in line any more, and time goes by."""
        for desk in self.desks:
            for hold in desk.holds:
                desk.settle(hold, 0)
            for it in desk.till.payers:
                it.wanted = it.smallest = 0
        for _ in range(400):
            self.vault.now += TICK_S
            for desk in self.desks:
                desk.exchange()


CAP = 1_000


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from(["hard", "soft"]))
async def test_nothing_is_spent_beyond_the_cap_by_any_number_of_tills(
    seed: int, count: int, kind: Any
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's own dice
    play = Play(dice, count, kind)
    steps = (play.ask, play.end, play.exchange, play.die)
    for _ in range(150):
        (step,) = dice.choices(steps, (50, 30, 18, 2))
        step(dice.randrange(count))
        held = sum(hold.need.worst_nusd for desk in play.desks for hold in desk.holds)
        assert play.total + held <= CAP
        assert play.leased() <= CAP
    play.rest()
    assert play.leased() == play.total  # nothing is kept by those that do not need it


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
async def test_no_more_is_admitted_than_the_bucket_had_and_time_brought(
    seed: int, count: int
) -> None:
    dice, vault = random.Random(seed), Vault()  # noqa: S311 - a test's own dice
    caps = of_key(requests=600, burst=20)
    desks = [Desk(vault, n + 1, caps) for n in range(count)]
    purses = [desk.purse() for desk in desks]
    admitted = 0
    while vault.now < 30:
        vault.now += 0.02
        for desk, purse in zip(desks, purses, strict=True):
            if dice.random() < 0.8:
                hold = desk.till.take(Wish(purse, Need(), "k_1"))
                if hold is not None:
                    admitted += 1
                    desk.settle(hold, 0)
                else:
                    ((tap, _),) = purse.taps
                    tap.wanted, tap.smallest, tap.active = 1, 1, True
            if dice.random() < 0.3:
                desk.exchange()
        assert admitted <= 20 + 10 * vault.now + 1
    assert admitted >= 0.97 * 10 * vault.now


async def test_a_call_waits_for_its_first_share_and_the_next_ones_do_not() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day")))
    purse = desk.purse()
    wish = Wish(purse, Need(worst_nusd=10), "k_1")
    assert desk.till.take(wish) is None
    task = await served(desk, wish)
    await rounds(desk, 1)
    desk.settle(task.result(), 4)
    await rounds(desk, 1)
    assert desk.till.take(wish) is not None


async def test_a_spent_budget_refuses_for_good_and_names_its_end() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day")))
    desk.vault.charge(0, "key:k_1", DAY, 95)
    task = await served(desk, Wish(desk.purse(), Need(worst_nusd=10), "k_1"))
    await rounds(desk, 1)
    with pytest.raises(Spent) as caught:
        await task
    assert caught.value.kind is Kind.BUDGET
    assert caught.value.message.startswith("spend limit reached (daily; resets 2026-11-")
    assert caught.value.ends_us == (DAY + 1) * DAY_US


async def test_what_is_only_set_aside_is_waited_for() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day")))
    purse = desk.purse()
    first = await served(desk, Wish(purse, Need(worst_nusd=80), "k_1"))
    await rounds(desk, 1)
    second = await served(desk, Wish(purse, Need(worst_nusd=60), "k_1"))
    await rounds(desk)
    assert not second.done()
    desk.settle(first.result(), 5)
    await rounds(desk)
    assert second.done()
    assert second.result().need.worst_nusd == 60


async def test_what_stays_set_aside_ends_in_a_limit_that_time_may_lift() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day")))
    purse = desk.purse()
    first = await served(desk, Wish(purse, Need(worst_nusd=80), "k_1"))
    await rounds(desk, 1)
    second = await served(desk, Wish(purse, Need(worst_nusd=60), "k_1"), 0.05)
    await rounds(desk)
    with pytest.raises(Fault, match="set aside for calls that are running") as caught:
        await second
    assert caught.value.kind is Kind.RATE_LIMITED
    assert caught.value.retry_after is not None
    first.result().put_back()


async def test_output_is_lowered_to_what_is_left_where_that_is_allowed() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day"), lower=True))

    def lower(most: int) -> Need | None:
        return Need(worst_nusd=most) if most >= 20 else None

    task = await served(desk, Wish(desk.purse(), Need(worst_nusd=500), "k_1", lower))
    await rounds(desk)
    assert task.result().need.worst_nusd == 100
    again = await served(desk, Wish(desk.purse(), Need(worst_nusd=500), "k_1", lower))
    await rounds(desk)
    assert not again.done()  # all of it is set aside, not spent
    desk.settle(task.result(), 90)
    await rounds(desk)
    with pytest.raises(Spent):
        await again


async def test_a_soft_budget_sets_aside_what_is_probable_only() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day", "soft")))
    wish = Wish(desk.purse(), Need(worst_nusd=10**9, probable_nusd=60), "k_1")
    task = await served(desk, wish)
    await rounds(desk, 1)
    desk.settle(task.result(), 130)  # it cost more than was thought
    again = await served(desk, wish)
    await rounds(desk, 1)
    with pytest.raises(Spent):
        await again


async def test_a_watched_budget_refuses_nothing_and_tells() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day", "watch")))
    told: list[tuple[str, float]] = []
    desk.till.on_spent = lambda pot, share: told.append((pot.name, share))
    purse = desk.purse()
    for cost in (70, 10, 400):
        hold = desk.till.take(Wish(purse, Need(worst_nusd=10**9), "k_1"))
        assert hold is not None
        desk.settle(hold, cost)
        await rounds(desk, 1)
    assert told == [("key:k_1 day", 0.75), ("key:k_1 day", 0.95)]


async def test_a_call_that_costs_nothing_passes_a_spent_budget() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day")))
    desk.vault.charge(0, "key:k_1", DAY, 500)
    purse = desk.purse()
    assert desk.till.take(Wish(purse, Need(), "k_1")) is not None


async def test_many_callers_are_gone_through_in_slices_and_each_account_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    each = of_key(Budget(100, "day")).each_key
    desk = Desk(Vault(), 1, CapsConfig(each_key=each))
    desk.till.configure(CapsConfig(house=Caps(budgets=(Budget(10**9, "day"),)), each_key=each))
    keys = [f"k_{at}" for at in range(2 * SLICE + 1)]
    tasks = [await served(desk, Wish(desk.purse(key), Need(worst_nusd=1), key)) for key in keys]
    await rounds(desk)
    ticked: list[str] = []
    monkeypatch.setattr(Pot, "tick", lambda pot: ticked.append(pot.name))
    woken: list[int] = []
    desk.till.wake = lambda: woken.append(len(ticked))
    while desk.till._round:
        desk.exchange()
    desk.vault.now += TICK_S
    ticked.clear()
    woken.clear()
    for _ in range(4):
        desk.till.asks()
    assert sorted(ticked) == sorted(["house day", *(f"key:{key} day" for key in keys)])
    assert woken == [SLICE + 1, 2 * SLICE + 1]
    for task in tasks:
        task.result().put_back()


@pytest.mark.parametrize("mode", ["closed", "open"])
async def test_a_bank_that_cannot_be_reached_stops_calls_or_allows_a_little(mode: Any) -> None:
    vault = Vault()
    caps = CapsConfig(
        each_key=Caps(budgets=(Budget(1000 * USD, "day"),)),
        when_unreachable=mode,
        open_allowance_nusd=25,
        wait_s=1.0,
    )
    desk = Desk(vault, 1, caps)
    purse = desk.purse()
    wish = Wish(purse, Need(worst_nusd=10), "k_1")
    task = await served(desk, wish)
    await rounds(desk, 1)
    desk.settle(task.result(), 10)
    vault.down = "the database does not answer"
    admitted, refused = 0, []
    for _ in range(20):
        vault.now += ALIVE_S / 10
        task = await served(desk, wish, 0.02)
        desk.till.failed(desk.till.asks(), vault.down)
        (came,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(came, Hold):
            desk.settle(came, 10)
            admitted += vault.now > ALIVE_S
        elif vault.now > 1.5 * ALIVE_S:
            refused.append(came)
    assert admitted == (2 if mode == "open" else 0)
    assert len(refused) > 5
    for fault in refused:
        assert isinstance(fault, Fault)
        assert fault.kind is Kind.BUSY
        assert "the database does not answer" in fault.message
    vault.down = ""
    task = await served(desk, wish)
    await rounds(desk)
    assert task.done()


async def test_a_span_that_ends_begins_anew_and_running_calls_end_in_theirs() -> None:
    vault = Vault()
    desk = Desk(vault, 1, of_key(Budget(100, "day")))
    purse = desk.purse()
    task = await served(desk, Wish(purse, Need(worst_nusd=100), "k_1"))
    await rounds(desk, 1)
    assert desk.till.payers.fits(purse, DAY * DAY_US + int(vault.now * 1e6))
    vault.now += 86_400
    assert not desk.till.payers.fits(purse, DAY * DAY_US + int(vault.now * 1e6))
    tomorrow = desk.purse()
    again = await served(desk, Wish(tomorrow, Need(worst_nusd=100), "k_1"))
    await rounds(desk, 1)
    assert again.done()
    desk.settle(task.result(), 100)
    assert tomorrow.hard[0].used == 0
    again.result().put_back()


async def test_a_process_that_counts_as_another_begins_with_nothing() -> None:
    vault = Vault()
    desk = Desk(vault, 1, of_key(Budget(100, "day")))
    purse = desk.purse()
    task = await served(desk, Wish(purse, Need(worst_nusd=30), "k_1"))
    await rounds(desk, 1)
    desk.settle(task.result(), 30)
    vault.bury(1)
    desk.owner = 2
    desk.till.restart()
    assert desk.till.take(Wish(purse, Need(worst_nusd=1), "k_1")) is None
    full = await served(desk, Wish(purse, Need(worst_nusd=70), "k_1"))
    await rounds(desk)
    assert full.done()
    full.result().put_back()
