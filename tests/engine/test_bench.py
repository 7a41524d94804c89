"""Calls wait for accounts in turn, for no longer than they may, and leave no trace."""

from __future__ import annotations

import asyncio

import pytest

from headgate.engine.bench import Bench

HERE = ("p", "m")


class Account:
    """One that can take so many calls now, and takes more when somebody lets it."""

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.served: list[str] = []

    def wait_s(self) -> float:
        return 0.0 if self.room else 0.02

    async def come(self, bench: Bench, key: str, most_s: float = 5.0) -> bool:
        came = await bench.sit(HERE, key, self.wait_s, most_s)
        if came:
            assert self.room > 0
            self.room -= 1
            self.served.append(key)
        return came


async def test_keys_take_turns_however_many_calls_each_has() -> None:
    bench, account = Bench(), Account()
    calls = [asyncio.ensure_future(account.come(bench, key)) for key in "aaaabc"]
    await asyncio.sleep(0)
    assert bench.count == 6
    account.room = 6
    assert await asyncio.gather(*calls) == [True] * 6
    assert account.served == ["a", "b", "c", "a", "a", "a"]
    assert (bench.count, bench.has_room(HERE, "a")) == (0, True)


async def test_no_more_are_called_than_there_is_room_for() -> None:
    bench, account = Bench(), Account(2)
    calls = [asyncio.ensure_future(account.come(bench, key, 0.15)) for key in "abcd"]
    assert sorted(await asyncio.gather(*calls)) == [False, False, True, True]


async def test_nobody_sits_longer_than_he_may() -> None:
    bench, account = Bench(), Account()
    assert not await account.come(bench, "a", 0.03)
    assert bench.count == 0


async def test_who_leaves_keeps_nobody_from_being_called() -> None:
    bench, account = Bench(), Account()
    first = asyncio.ensure_future(account.come(bench, "a"))
    second = asyncio.ensure_future(account.come(bench, "a"))
    await asyncio.sleep(0)
    first.cancel()
    account.room = 1
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert bench.count == 0


async def test_the_bench_is_bounded_for_all_and_for_each_key() -> None:
    bench, account = Bench(), Account()
    bench.bound(3, 2)
    calls = [asyncio.ensure_future(account.come(bench, "a", 0.05)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not bench.has_room(HERE, "a")
    assert bench.has_room(HERE, "b")
    calls.append(asyncio.ensure_future(account.come(bench, "b", 0.05)))
    await asyncio.sleep(0)
    assert not bench.has_room(("p", "other"), "c")
    await asyncio.gather(*calls)
    assert bench.has_room(HERE, "a")
