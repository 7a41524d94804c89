"""How much slower a tenant's runs get when another tenant misbehaves beside it.

Rule 1: compared is within one run and turn by turn, alone and beside the neighbour, so that
whatever else the machine does is in both; what counts is the quotient of the medians.
Rule 2: both tenants are served by one sandbox as the gateway has it: line, pool, groups.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from contextlib import suppress
from typing import NamedTuple

from headgate.sandbox.model import Job, Limits, Refused, Status
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings

CALM = "print(sum(range(20000)))"
WORST = {
    "a flood of short runs": "print(1)",
    "loops without end": "while True: pass",
    "fork bombs": "import os\nwhile True:\n try: os.fork()\n except OSError: pass",
    "sessions without end": (
        "import os\nwhile True:\n try:\n  if not os.fork(): os.setsid()\n except OSError: pass"
    ),
    "threads without end": (
        "import threading\ndef spin():\n while True: pass\nwhile True:\n"
        " try: threading.Thread(target=spin).start()\n except RuntimeError: pass"
    ),
    "memory bombs": "kept = []\nwhile True: kept.append(bytearray(1 << 22))",
    "endless output": "while True: print('x' * 10000)",
    "files without end": (
        "n = 0\nwhile True:\n n += 1\n"
        " try: open(f'/box/output/{n}', 'wb').write(bytes(4096))\n except OSError: n = 0"
    ),
}
BOUND = 2.0
LIMITS = Limits(wall_s=1.0, memory_mb=256)
PAUSE_S = 0.01


class Beside(NamedTuple):
    """What came of one kind of neighbour."""

    what: str
    alone_ms: float
    beside_ms: float
    runs: int
    """of the neighbour"""

    @property
    def quotient(self) -> float:
        return self.beside_ms / self.alone_ms

    def __str__(self) -> str:
        mark = "" if self.quotient <= BOUND else "  BEYOND"
        return (
            f"{self.what:<28}{self.alone_ms:9.2f}{self.beside_ms:9.2f}"
            f"{self.quotient:8.2f}x{self.runs:8}{mark}"
        )


async def calm(sandbox: Sandbox, count: int) -> list[float]:
    """What so many runs of an ordinary tenant took, in milliseconds."""
    took = []
    for _ in range(count):
        await asyncio.sleep(PAUSE_S)
        begun = time.perf_counter()
        result = await sandbox.run(Job("python", CALM, tenant="calm"))
        took.append((time.perf_counter() - begun) * 1000)
        if result.status != Status.OK:
            raise SystemExit(f"an ordinary run did not go well: {result}")
    return took


class Neighbour:
    """A tenant that asks for more than it gets, while the block lasts."""

    def __init__(self, sandbox: Sandbox, code: str, callers: int) -> None:
        self._sandbox, self._code, self._callers = sandbox, code, callers
        self.runs = 0
        self._asks: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> Neighbour:
        self._asks = [asyncio.ensure_future(self._ask()) for _ in range(self._callers)]
        await asyncio.sleep(0.3)
        return self

    async def __aexit__(self, *_: object) -> None:
        for it in self._asks:
            it.cancel()
        await asyncio.gather(*self._asks, return_exceptions=True)
        await asyncio.sleep(0.2)

    async def _ask(self) -> None:
        job = Job("python", self._code, tenant="neighbour", limits=LIMITS)
        while True:
            with suppress(Refused):
                await self._sandbox.run(job)
            self.runs += 1


async def beside(sandbox: Sandbox, what: str, wish: argparse.Namespace) -> Beside:
    """Turn by turn, alone and beside one kind of neighbour."""
    alone: list[float] = []
    together: list[float] = []
    runs = 0
    for _ in range(wish.turns):
        alone += await calm(sandbox, wish.count)
        async with Neighbour(sandbox, WORST[what], wish.callers) as neighbour:
            together += await calm(sandbox, wish.count)
        runs += neighbour.runs
    return Beside(what, statistics.median(alone), statistics.median(together), runs)


async def measure(wish: argparse.Namespace) -> int:
    chosen = [it for it in WORST if not wish.only or wish.only in it]
    async with Sandbox(Settings(cache=False, minimum="landlock", tier=wish.tier)) as sandbox:
        held = sandbox.isolation
        print(f"{held.tier}, control groups {held.cgroup or 'none'}, {os.cpu_count()} cores")
        print(f"{'beside':<28}{'alone':>9}{'then ms':>9}{'':>9}{'runs':>8}")
        await calm(sandbox, 20)
        found = []
        for what in chosen:
            found.append(await beside(sandbox, what, wish))
            print(found[-1], flush=True)
    return int(wish.strict and any(it.quotient > BOUND for it in found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--count", type=int, default=20, help="runs in each turn")
    parser.add_argument("--callers", type=int, default=8, help="of the neighbour, at once")
    parser.add_argument("--only", default="", help="one kind of neighbour, by a word of it")
    parser.add_argument("--tier", default="auto")
    parser.add_argument("--strict", action="store_true", help="more than twice fails")
    sys.exit(asyncio.run(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
