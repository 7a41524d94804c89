"""The till: what is taken never exceeds what the bank granted, whatever happens in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.config import CapsConfig
from headgate.engine.purse import Hold, Need, Purse, Wish
from headgate.engine.till import ALIVE_S, SLICE, TICK_S, Till
from headgate.engine.told import Spent
from headgate.policy.cap import NO_CAPS, Budget, Caps, Limits, span
from headgate.policy.holding import Pot
from headgate.store.bank import Stock
from headgate.wire.call import Capped, Holder
from headgate.wire.model import Fault, Kind
from tests.engine.vault import Vault

DAY = 20_778
DAY_US = 86_400_000_000
USD = 1_000_000_000


class Desk:
    """A till, its owner number and the holds of its running calls."""

    def __init__(self, vault: Vault, owner: int, caps: CapsConfig) -> None:
        self.vault = vault
        self.owner = owner
        self.till = Till(lambda: vault.now, lambda: DAY * DAY_US + int(vault.now * 1e6))
        self.till.configure(caps)
        self.holds: list[Hold] = []

    def purse(self, key: str = "k_1", caps: Caps = NO_CAPS, tags: Sequence[str] = ()) -> Purse:
        holder = Holder(
            key,
            accounts=("team:t_1", f"key:{key}"),
            caps=(Capped(f"key:{key}", f"key {key!r}", caps),) if caps != NO_CAPS else (),
        )
        return self.till.payers.purse(holder, tags, ())

    def exchange(self) -> None:
        asked = self.till.asks()
        answers = self.vault.exchange(self.owner, [ask for _, ask in asked])
        self.till.answered(asked, answers)

    def settle(self, hold: Hold, cost: int, tokens: tuple[int, int] = (0, 0)) -> None:
        """As settlement and the ledger do it: the rows are committed soon after."""
        hold.settle(*tokens, cost)
        for account in hold.purse.charged.split():
            self.vault.charge(self.owner, account, DAY, cost)


def of_key(*budgets: Budget, lower: bool = False, **limits: int) -> CapsConfig:
    return CapsConfig(each_key=Caps(Limits(**limits), budgets, lower), wait_s=1.0)


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


async def served(desk: Desk, wish: Wish, wait_s: float = 1.0) -> asyncio.Task[Hold]:
    task = asyncio.ensure_future(desk.till.wait(wish, wait_s))
    await asyncio.sleep(0)
    return task


async def rounds(desk: Desk, count: int = 3) -> None:
    for _ in range(count):
        desk.vault.now += TICK_S
        desk.exchange()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


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


async def test_processes_that_wait_do_not_keep_from_each_other_what_helps_none() -> None:
    vault, caps = Vault(), of_key(Budget(100, "day"))
    desks = [Desk(vault, owner, caps) for owner in (1, 2)]
    waiting = []
    for desk in desks:
        wish = Wish(desk.purse(), Need(worst_nusd=45), "k_1")
        task = await served(desk, wish, 5)
        await rounds(desk, 1)
        desk.settle(task.result(), 0)
        waiting.append(await served(desk, wish._replace(need=Need(worst_nusd=80)), 5))
    for _ in range(6):
        for desk in desks:
            await rounds(desk, 1)
    assert sum(task.done() for task in waiting) == 1
    first = next(at for at, task in enumerate(waiting) if task.done())
    desks[first].settle(waiting[first].result(), 10)
    for _ in range(60):
        for desk in desks:
            await rounds(desk, 1)
    assert isinstance(waiting[1 - first].result(), Hold)
    waiting[1 - first].result().put_back()


async def test_processes_do_not_wait_for_each_other_one_with_money_one_with_room() -> None:
    vault, caps = Vault(), of_key(Budget(100, "day"), concurrent=2)
    one, two = (Desk(vault, owner, caps) for owner in (1, 2))
    vault.granted["key:k_1 day", DAY] = {1: 60}
    vault.granted["key:k_1 concurrent", -1] = {2: 2}
    tasks = []
    for desk, place, money in ((one, 0, 60), (two, 2, 0)):
        purse = desk.purse()
        for pot, _ in purse.pots:
            pot.granted = money if pot.account else place
        tasks.append(await served(desk, Wish(purse, Need(worst_nusd=55), "k_1"), 5))
    for _ in range(4):
        await rounds(one, 1)
        await rounds(two, 1)
    assert [task.done() for task in tasks].count(True) == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_would_help_only_one_further_back_is_not_taken() -> None:
    vault, caps = Vault(), of_key(Budget(100, "day"))
    desk = Desk(vault, 1, caps)
    vault.granted["key:k_1 day", DAY] = {2: 70}  # another process has it
    purse = desk.purse()
    large = await served(desk, Wish(purse, Need(worst_nusd=50), "k_1"), 5)
    small = await served(desk, Wish(purse, Need(worst_nusd=5), "k_1"), 5)
    await rounds(desk, 1)
    assert vault.granted["key:k_1 day", DAY].get(1, 0) == 0
    vault.granted["key:k_1 day", DAY] = {2: 40}
    await rounds(desk)
    for task in (large, small):
        task.result().put_back()


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


async def test_keys_take_turns_however_many_calls_each_has_in_line() -> None:
    vault = Vault()
    caps = CapsConfig(house=Caps(Limits(requests=60, burst=1)), wait_s=60.0)
    desk = Desk(vault, 1, caps)
    order: list[str] = []

    async def call(key: str) -> None:
        await desk.till.wait(Wish(desk.purse(key), Need(), key), 60)
        order.append(key)

    greedy = [asyncio.ensure_future(call("k_greedy")) for _ in range(20)]
    await asyncio.sleep(0)
    modest = [asyncio.ensure_future(call("k_modest")) for _ in range(3)]
    await asyncio.sleep(0)
    while len(order) < 7:
        vault.now += 0.5
        await rounds(desk)
    assert order.count("k_modest") == 3
    for task in greedy + modest:
        task.cancel()
    await asyncio.gather(*greedy, *modest, return_exceptions=True)


async def test_nobody_overtakes_those_in_line() -> None:
    desk = Desk(Vault(), 1, of_key(concurrent=1))
    purse = desk.purse()
    first = await served(desk, Wish(purse, Need(), "k_1"))
    await rounds(desk, 1)
    second = await served(desk, Wish(purse, Need(), "k_1"), 5)
    await rounds(desk, 1)
    first.result().put_back()
    assert desk.till.take(Wish(purse, Need(), "k_1")) is None
    await rounds(desk)
    assert second.done()


async def test_the_line_is_bounded_and_says_so() -> None:
    caps = of_key(concurrent=1)
    desk = Desk(Vault(), 1, caps)
    desk.till.configure(
        CapsConfig(each_key=caps.each_key, queue_calls=50, queue_calls_per_key=2)
    )
    purse = desk.purse()
    tasks = [await served(desk, Wish(purse, Need(), "k_1"), 5) for _ in range(4)]
    await rounds(desk)
    with pytest.raises(Fault, match="2 calls wait for a limit or a budget already"):
        await tasks.pop()
    with pytest.raises(Fault, match="2 calls wait for a limit or a budget already"):
        await desk.till.wait(Wish(purse, Need(), "k_1"), 5)
    assert [task.done() for task in tasks] == [True, False, False]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_burst_that_there_is_room_for_is_not_counted_as_a_line() -> None:
    caps = of_key(Budget(1000, "day"))
    desk = Desk(Vault(), 1, caps)
    desk.till.configure(CapsConfig(each_key=caps.each_key, queue_calls=3))
    wish = Wish(desk.purse(), Need(worst_nusd=10), "k_1")
    tasks = [await served(desk, wish, 5) for _ in range(90)]
    await rounds(desk)
    assert all(task.done() and not task.exception() for task in tasks)


async def test_a_line_full_of_others_turns_nobody_away_who_has_room() -> None:
    caps = of_key(concurrent=1)
    desk = Desk(Vault(), 1, caps)
    desk.till.configure(
        CapsConfig(each_key=caps.each_key, queue_calls=6, queue_calls_per_key=3)
    )
    crowd = [
        await served(desk, Wish(desk.purse(key), Need(), key), 5)
        for key in ("k_1", "k_2", "k_3")
        for _ in range(5)
    ]
    await rounds(desk)
    assert sum(not task.done() for task in crowd) == 6
    other = Wish(desk.purse("k_4"), Need(), "k_4")
    late = await served(desk, other, 5)
    await rounds(desk)
    assert isinstance(late.result(), Hold)
    late.result().put_back()
    await asyncio.sleep(0)
    assert isinstance(desk.till.take(other), Hold)  # it need not even look at the line
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


@pytest.mark.parametrize("limits", [Limits(), Limits(requests=60), Limits(concurrent=1)])
async def test_who_has_no_time_to_wait_still_hears_what_the_bank_says(
    limits: Limits,
) -> None:
    caps = CapsConfig(each_key=Caps(limits, (Budget(100, "day"),)))
    desk = Desk(Vault(), 1, caps)
    wish = Wish(desk.purse(), Need(worst_nusd=60), "k_1")
    task = await served(desk, wish, 0.0)
    await rounds(desk)
    assert isinstance(task.result(), Hold)
    again = await served(desk, wish, 0.0)
    await rounds(desk)
    with pytest.raises(Fault) as caught:  # that is to be waited for, and nobody does
        await again
    assert caught.value.kind is Kind.RATE_LIMITED


async def test_who_has_no_time_to_wait_is_told_when_the_bank_does_not_answer() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day")))
    task = await served(desk, Wish(desk.purse(), Need(worst_nusd=60), "k_1"), 0.0)
    desk.till.failed(desk.till.asks(), "the database is asleep")
    with pytest.raises(Fault, match="sent: the database is asleep") as caught:
        await task
    assert caught.value.kind is Kind.BUSY


async def test_a_client_that_leaves_the_line_takes_nothing_with_it() -> None:
    desk = Desk(Vault(), 1, of_key(Budget(100, "day"), concurrent=2))
    purse = desk.purse()
    for _ in range(5):
        task = await served(desk, Wish(purse, Need(worst_nusd=40), "k_1"))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await rounds(desk, 1)
    late = await served(desk, Wish(purse, Need(worst_nusd=40), "k_1"))
    desk.exchange()  # it is served, and leaves before it knows
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    assert all(it.held == 0 for it, _ in purse.pots)


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
