"""A sandbox is opened once, when it is needed; what is in its way is told and tried again."""

from __future__ import annotations

import asyncio

import pytest

from headgate.gateway.execute.box import AGAIN_S, LazyBox
from headgate.sandbox.model import Job, Limits, Unavailable
from headgate.sandbox.settings import Settings
from tests.gateway.execute.pretender import Pretender


class Shop:
    """Opens sandboxes, or refuses to."""

    def __init__(self) -> None:
        self.made: list[Pretender] = []
        self.refuses: Unavailable | None = None
        self.said: list[str] = []
        self.now = 100.0
        self.box = LazyBox(Settings(), self.said.append, self.open, lambda: self.now)

    def open(self, settings: Settings) -> Pretender:
        self.made.append(Pretender(settings))
        self.made[-1].refuses = self.refuses
        return self.made[-1]


async def test_it_is_opened_once_however_many_ask() -> None:
    shop = Shop()
    jobs = [shop.box.run(Job("python", "say 1")) for _ in range(5)]
    assert {result.stdout for result in await asyncio.gather(*jobs)} == {"1\n"}
    assert len(shop.made) == 1
    assert shop.said == [""]
    assert shop.box.figures()["spares"] == 3


async def test_what_is_in_the_way_is_told_and_tried_again_later() -> None:
    shop = Shop()
    shop.refuses = Unavailable("no namespaces", "sysctl x")
    for _ in range(3):
        with pytest.raises(Unavailable, match="no namespaces"):
            await shop.box.open()
    assert (len(shop.made), shop.said) == (1, ["no namespaces; sysctl x"])
    assert shop.box.figures() == {}
    shop.refuses, shop.now = None, shop.now + AGAIN_S
    assert (await shop.box.run(Job("python", "say 2"))).stdout == "2\n"


async def test_who_leaves_while_it_opens_leaves_it_whole() -> None:
    shop, gate = Shop(), asyncio.Event()

    class Slow(Pretender):
        async def __aenter__(self) -> Pretender:
            await gate.wait()
            return await super().__aenter__()

    slow = Slow(Settings())
    shop.box = LazyBox(Settings(), shop.said.append, lambda settings: slow)
    leaving = asyncio.ensure_future(shop.box.open())
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    gate.set()
    await shop.box.open()
    assert shop.said == [""]
    await shop.box.close()
    assert not slow.is_open


async def test_closing_gives_up_what_is_being_opened_once_it_has_cleared_up() -> None:
    shop, entered, cleared = Shop(), asyncio.Event(), asyncio.Event()

    class Endless(Pretender):
        async def __aenter__(self) -> Pretender:
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                cleared.set()
            raise AssertionError

    shop.box = LazyBox(Settings(), shop.said.append, Endless)
    waiting = asyncio.ensure_future(shop.box.open())
    await entered.wait()
    await shop.box.close()
    assert cleared.is_set()
    with pytest.raises(Unavailable, match="shutting down"):
        await waiting


async def test_once_closed_it_stays_closed() -> None:
    shop = Shop()
    session = await shop.box.open_session("t", "python", Limits())
    await shop.box.close_session(session, "t")
    await shop.box.close()
    assert not shop.made[0].is_open
    with pytest.raises(Unavailable, match="shutting down"):
        await shop.box.run(Job("python", "say 1"))
