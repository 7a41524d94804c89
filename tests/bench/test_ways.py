"""Ways are measured when they are asked for, and seldom."""

from __future__ import annotations

import asyncio

import pytest

from headgate.bench import ways
from headgate.bench.ways import Ways
from headgate.upstream import Url

PLACE = Url.parse("http://127.0.0.1:9")


async def test_a_way_is_measured_once_for_all_who_ask_and_anew_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured: list[Url] = []

    async def measure(url: Url) -> int:
        measured.append(url)
        await asyncio.sleep(0)
        return 40 + len(measured)

    known = Ways({"one": PLACE}, measure)
    found = await asyncio.gather(*(known.way_us("one") for _ in range(5)))
    assert (found, await known.way_us("one"), len(measured)) == ([41] * 5, 41, 1)
    monkeypatch.setattr(ways, "EVERY_S", 0.0)
    assert await known.way_us("one") == 42


async def test_what_could_not_be_measured_is_unknown() -> None:
    async def fails(url: Url) -> int | None:
        return None

    known = Ways({"one": PLACE}, fails)
    assert await known.way_us("one") is None
    assert await known.way_us("somebody else") is None
