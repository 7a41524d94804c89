"""The line before the till: who waits, for how long, and what nobody waits for."""

from __future__ import annotations

import asyncio

import pytest

from headgate.config import CapsConfig
from headgate.engine.purse import Hold, Need, Wish
from headgate.policy.cap import Budget, Caps, Limits
from headgate.wire.model import Fault, Kind
from tests.engine.desk import DAY, Desk, of_key, rounds, served
from tests.engine.vault import Vault


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
