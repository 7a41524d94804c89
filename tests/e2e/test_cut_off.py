"""A machine that is cut off from the store while it serves: the others go on, and the budget of
all holds but for what it had not told anybody of."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from benchmarks import drill
from benchmarks.drill import COST_NUSD, Client, Ground, Tally
from tests.peers import dialled, listening

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

CAP_USD = 1.2
CUT_AT_S, CUT_FOR_S = 2.0, 9.0
CALLERS = 3
MORE = "[limits]\nmax_wait_s = 1\n"
GOOD_S = 4.0
"""for so long what was granted is good without the store"""


class Cable:
    """Between one machine and the store; unplugged, nothing arrives and nothing is refused."""

    def __init__(self, url: str) -> None:
        self.plugged = asyncio.Event()
        self.plugged.set()
        self._far = urlsplit(url)

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        await self.plugged.wait()
        assert self._far.port is not None
        async with dialled(self._far.port) as (far, out):
            await asyncio.gather(self._pipe(near, out), self._pipe(far, back))

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self.plugged.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


@contextlib.asynccontextmanager
async def cable(it: Ground) -> AsyncIterator[Cable]:
    """The second machine's way to the store."""
    made = Cable(it.env["STORE_URL"])
    far = urlsplit(it.env["STORE_URL"])
    async with listening(made.carry) as port:
        netloc = f"{far.username}@127.0.0.1:{port}"
        it.env["STORE_BY_CABLE"] = far._replace(netloc=netloc).geturl()
        yield made


class Count(NamedTuple):
    """Calls that were answered, by the machine that goes on and by the one that is cut off."""

    whole: int
    cut: int


@dataclass
class Play:
    """Two machines, their clients, and what these saw."""

    it: Ground
    wire: Cable
    key: str
    seen: tuple[Tally, Tally] = field(default_factory=lambda: (Tally(), Tally()))

    def count(self) -> Count:
        return Count(*(told.status.get(200, 0) for told in self.seen))

    async def run(self) -> list[Count]:
        """What was answered until the cut, until its time was over, and until it was back."""
        ups = [await self.it.up(self.it.conf("n1", "127.0.0.1", 0, MORE), "127.0.0.1", 1)]
        self.it.more = self.it.more.replace("STORE_URL", "STORE_BY_CABLE")
        ups.append(await self.it.up(self.it.conf("n2", "127.0.0.2", 0, MORE), "127.0.0.2", 1))
        until = time.monotonic() + CUT_AT_S + CUT_FOR_S + 3
        clients = [
            asyncio.ensure_future(Client(node.host, node.port, self.key, told).run(until))
            for node, told in zip(ups, self.seen, strict=True)
            for _ in range(CALLERS)
        ]
        counts = []
        await asyncio.sleep(CUT_AT_S)
        self.wire.plugged.clear()
        counts.append(self.count())
        await asyncio.sleep(GOOD_S + 1.5)
        counts.append(self.count())
        await asyncio.sleep(CUT_FOR_S - GOOD_S - 1.5)
        counts.append(self.count())
        self.wire.plugged.set()
        await asyncio.gather(*clients)
        return counts


async def test_who_is_cut_off_stops_in_time_and_the_others_go_on() -> None:
    with drill.ground("postgres") as it:
        async with it.provider(), cable(it) as wire:
            conf = ("--config", str(it.conf("n1", "127.0.0.1", 0, MORE)))
            await it.run("db", "upgrade", *conf)
            words = ("--name", "drill", "--budget", f"{CAP_USD}/month", "--json")
            made = await it.run("keys", "create", *words, *conf)
            play = Play(it, wire, json.loads(made)["secret"])
            at_cut, stopped, before = await play.run()
            told = await it.run("keys", "show", "drill", "--json", "--config", conf[1])
            spent = it.spent_nusd()
            untold = stopped.cut - at_cut.cut
            print(f"{at_cut} {stopped} {before}, {play.count()}; spent ${spent / 1e9:.4f} of"
                  f" ${CAP_USD}, {untold} answered while it was cut off")  # fmt: skip
            assert min(at_cut) > 10, "hardly anything was spent: this shows nothing"
            assert before.cut == stopped.cut, "it went on although nobody held its budget"
            assert before.whole > stopped.whole > at_cut.whole, "the other went on"
            assert play.seen[0].blocked, "the budget was reached"
            assert spent <= CAP_USD * 1e9 + (untold + CALLERS) * COST_NUSD
            assert json.loads(told)["spend"]["month"]["cost_nusd"] == spent, "a row for each"
