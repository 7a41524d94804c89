"""Containers that are kept awake: priced first, replaced when they die, closed at the end."""

from __future__ import annotations

import asyncio

import pytest

from headgate.sandbox.hosted.parcel import Parcel
from headgate.sandbox.hosted.said import Said
from headgate.sandbox.hosted.vendor import vendors
from headgate.sandbox.hosted.warm import Warm, price, words
from headgate.sandbox.model import Refused, Unavailable

OPENAI = vendors()["openai"]


class Rack:
    """Containers that can be pulled."""

    def __init__(self) -> None:
        self.alive: list[str] = []
        self.made = 0
        self.full = False

    async def open(self, size: str) -> str:
        if self.full:
            raise Unavailable("no more", "wait")
        self.made += 1
        self.alive.append(f"{size}-{self.made}")
        return self.alive[-1]

    async def touch(self, container: str) -> None:
        if container not in self.alive:
            raise Unavailable("gone", "make another")

    async def close(self, container: str) -> None:
        self.alive.remove(container)

    async def run(self, parcel: Parcel, model: str, container: str) -> Said:
        raise AssertionError

    async def files(self, said: Said, parcel: Parcel) -> dict[str, bytes]:
        raise AssertionError

    async def clear(self, said: Said, parcel: Parcel) -> None:
        raise AssertionError


def test_a_day_has_its_price_before_anything_is_made() -> None:
    assert price(OPENAI, 4096, 2) == 17_280_000_000
    told = "keeping 2 containers of 4g at OpenAI code interpreter awake costs $0.7200 an hour"
    assert words(OPENAI, 4096, 2).startswith(told)
    rack = Rack()
    with pytest.raises(Refused, match=r"\$17.28 a day.*agreed were \$5"):
        Warm(rack, OPENAI, 4096, 2, agreed_usd_day="5")
    assert not rack.made


def test_what_cannot_be_kept_awake_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be kept awake"):
        price(vendors()["anthropic"], 1024, 1)
    with pytest.raises(Refused, match="cannot be kept awake"):
        price(OPENAI, 1 << 20, 1)


async def test_one_that_died_is_replaced_and_all_are_closed_at_the_end() -> None:
    rack = Rack()
    warm = Warm(rack, OPENAI, 1024, 2, agreed_usd_day="5")
    await warm.tend()
    assert rack.alive == ["1g-1", "1g-2"]
    rack.alive.remove("1g-1")
    await warm.tend()
    assert (len(warm), rack.made) == (2, 3)
    assert warm.take() == "1g-2"
    rack.full = True
    await warm.tend()
    assert (len(warm), warm.trouble) == (1, "no more")
    await warm.close()
    assert rack.alive == ["1g-2"], "taken by somebody"
    assert warm.take() == ""


async def test_tending_ends_with_its_containers() -> None:
    rack, pauses = Rack(), list[float]()
    warm = Warm(rack, OPENAI, 1024, 1, agreed_usd_day="5")

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await warm.run(pause)
    assert not rack.alive
    assert all(0 < it < OPENAI.idle_s for it in pauses)


class Payer:
    """Pays until it has no more."""

    def __init__(self, nusd: int) -> None:
        self.left, self.rows = nusd, list[int]()

    async def __call__(self, nusd: int) -> None:
        if nusd > self.left:
            raise Refused("the budget is spent")
        self.left -= nusd
        self.rows.append(nusd)


async def test_what_they_cost_is_paid_while_they_are_kept() -> None:
    """An hour of one container in rows of its own, five minutes of it at once."""
    now, payer, rack = 0.0, Payer(10**10), Rack()
    warm = Warm(rack, OPENAI, 1024, 1, agreed_usd_day="5", charge=payer, clock=lambda: now)
    await warm.tend()
    assert payer.rows == [7_500_000]  # what is billed at least
    for now in (200.0, 900.0, 3600.0):  # noqa: B007 - the clock reads it
        await warm.tend()
    assert payer.rows == [7_500_000, 15_000_000, 67_500_000]
    assert sum(payer.rows) == price(OPENAI, 1024, 1) // 24
    now = 3636.0
    assert warm.take()
    await warm.tend()
    assert payer.rows[3:] == [900_000, 7_500_000]  # what was taken, and the next one


async def test_where_a_budget_is_spent_none_is_kept() -> None:
    payer, rack = Payer(8_000_000), Rack()
    now = 0.0
    warm = Warm(rack, OPENAI, 1024, 1, agreed_usd_day="5", charge=payer, clock=lambda: now)
    await warm.tend()
    assert len(rack.alive) == 1
    now = 3600.0
    await warm.tend()
    assert (rack.alive, warm.trouble, len(warm)) == ([], "the budget is spent", 0)
