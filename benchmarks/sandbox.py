"""How fast fresh sandboxes run code, what a waiting one costs, and whether anything is left.

Rule 1: what is measured is a worker as it is used: frames, files, namespaces, the whole result.
Rule 2: a figure beyond its floor is said and ends the run with 1 where --strict is given: on a
        shared machine a percentile is the neighbours' too.
Rule 3: a leak ends the run with 1 always: a process, a mount, a descriptor.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox.foreman import Cell, Foreman
from headgate.sandbox.model import File, Isolation, Limits, Order, Runtime, Status, Step

SCIENCE = ("numpy", "pandas", "matplotlib.pyplot")
PRINT = "print(1)"
TABLE = """import numpy as np, pandas as pd, matplotlib.pyplot as plt
df = pd.DataFrame({"a": [1, 2, 3], "b": [4.0, 5.0, 6.0]})
print(df.mean())"""
CHART = """import matplotlib.pyplot as plt
plt.plot([1, 2, 3], [3, 1, 2])
plt.title("a chart")"""
SPARES = 6


class Floor(NamedTuple):
    """The most that a figure may be."""

    p50: float
    p99: float


class Row(NamedTuple):
    """One figure of the report."""

    what: str
    p50: float
    p99: float
    floor: Floor | None = None
    unit: str = "ms"

    @property
    def holds(self) -> bool:
        return self.floor is None or (self.p50 <= self.floor.p50 and self.p99 <= self.floor.p99)

    def __str__(self) -> str:
        asked = f"<= {self.floor.p50:g} / {self.floor.p99:g}" if self.floor else ""
        mark = "" if self.holds else "  BEYOND"
        return f"{self.what:<44}{self.p50:9.2f}{self.p99:9.2f} {self.unit:<4}{asked:>14}{mark}"


def ordered(foreman: Foreman, code: str) -> Order:
    step = Step("run", python="main.py")
    return Order(foreman.runtime, (step,), (File("main.py", code.encode()),))


async def run(foreman: Foreman, cell: Cell, code: str) -> None:
    result = await cell.carry_out(ordered(foreman, code))
    if result.status != Status.OK:
        raise SystemExit(f"the benchmark's own code did not run: {result}")


async def sample(count: int, once: Callable[[], Awaitable[float]]) -> tuple[float, float]:
    """The median and the 99th percentile of that many, in milliseconds."""
    times = sorted([await once() * 1000 for _ in range(count)])
    return times[count // 2], times[min(count - 1, int(count * 0.99))]


async def latencies(
    foreman: Foreman,
    name: str,
    code: str,
    floors: tuple[Floor | None, Floor | None],
    count: int,
) -> list[Row]:
    """From a spare, and on a miss."""

    async def from_spare() -> float:
        cell = await foreman.prepare(Limits())
        await asyncio.sleep(0.02)  # what ended before has been tidied up, as in a pool
        begun = time.perf_counter()
        await run(foreman, cell, code)
        return time.perf_counter() - begun

    async def on_miss() -> float:
        await asyncio.sleep(0.02)
        begun = time.perf_counter()
        await run(foreman, await foreman.prepare(Limits()), code)
        return time.perf_counter() - begun

    return [
        Row(f"{name}, from a spare", *await sample(count, from_spare), floors[0]),
        Row(f"{name}, on a miss", *await sample(count, on_miss), floors[1]),
    ]


async def stateful(foreman: Foreman, count: int) -> Row:
    cell = await foreman.prepare(Limits(), session=True)

    async def once() -> float:
        begun = time.perf_counter()
        await run(foreman, cell, "x = 1")
        return time.perf_counter() - begun

    await once()
    row = Row("a further cell of a session", *await sample(count, once), Floor(1, 5))
    cell.kill()
    return row


def used_cpu_s(foreman: Foreman) -> float:
    """What this process and everything below it has used, the ended included."""
    ticks = 0
    for pid in (os.getpid(), *tree(_launcher(foreman))):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(int(it) for it in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _launcher(foreman: Foreman) -> int:
    assert foreman._process is not None
    return foreman._process.pid


def tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(it for child in children for it in tree(int(child)))]


async def throughput(foreman: Foreman, name: str, code: str, least: float, count: int) -> Row:
    """By CPU and not by the clock: neighbours take turns, not cycles."""
    before = used_cpu_s(foreman)

    async def worker() -> None:
        for _ in range(count // 2):
            await run(foreman, await foreman.prepare(Limits()), code)

    await asyncio.gather(worker(), worker())
    await asyncio.sleep(0.1)
    each_ms = (used_cpu_s(foreman) - before) / (count // 2 * 2) * 1000
    told = f"{name}: CPU each ({1000 / each_ms:.0f} per core and second)"
    return Row(told, each_ms, each_ms, Floor(1000 / least, 1000 / least))


async def spare_memory(foreman: Foreman, name: str) -> Row:
    """What each further spare adds to the machine, its shared pages divided by who shares."""
    await asyncio.sleep(0.2)
    before = pss_mb(foreman)
    cells = [await foreman.prepare(Limits()) for _ in range(SPARES)]
    await asyncio.sleep(0.2)
    each = (pss_mb(foreman) - before) / SPARES
    for cell in cells:
        cell.kill()
    return Row(f"{name}: memory of each spare", each, each, Floor(15, 15), "MB")


def pss_mb(foreman: Foreman) -> float:
    total = 0
    for pid in tree(_launcher(foreman)):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def standing(foreman: Foreman | None = None) -> dict[str, int]:
    """What could be left behind, counted."""
    inner = tree(_launcher(foreman)) if foreman is not None else []
    return {
        "descriptors here": len(os.listdir("/proc/self/fd")),
        "processes of the worker": len(inner),
        "descriptors of the worker": sum(len(os.listdir(f"/proc/{it}/fd")) for it in inner),
        "cells mounted here": Path("/proc/self/mounts").read_text().count("cell /"),
        "mounts of the worker": _mounts(inner[1]) if len(inner) > 1 else 0,
        "children here": len(tree(os.getpid())) - len(inner),
    }


def _mounts(pid: int) -> int:
    return len(Path(f"/proc/{pid}/mounts").read_text().splitlines())


async def leaks(foreman: Foreman, count: int) -> list[str]:
    """What differs after so many runs, some of them hostile."""
    codes = (PRINT, "1/0", "import os; os._exit(3)", "import os; os.fork(); os.fork()")
    for code in codes:
        await foreman_run(foreman, code)
    await asyncio.sleep(0.3)
    before = standing(foreman)
    for number in range(count):
        await foreman_run(foreman, codes[number % len(codes)])
    await asyncio.sleep(0.5)
    after = standing(foreman)
    return [f"{it}: {before[it]} -> {after[it]}" for it in before if before[it] != after[it]]


async def foreman_run(foreman: Foreman, code: str) -> None:
    cell = await foreman.prepare(Limits())
    await cell.carry_out(ordered(foreman, code))


async def bare(arguments: argparse.Namespace) -> tuple[list[Row], list[str]]:
    foreman = await Foreman.start(Runtime("python", "3", "python"), Isolation("namespaces"))
    count = arguments.count
    try:
        rows = await latencies(foreman, "bare Python", PRINT, (Floor(4, 8), None), count)
        rows.append(await stateful(foreman, count))
        rows.append(await throughput(foreman, "bare Python", PRINT, 200, count))
        rows.append(await spare_memory(foreman, "bare Python"))
        return rows, await leaks(foreman, arguments.leaks)
    finally:
        await foreman.close()


async def scientific(arguments: argparse.Namespace) -> list[Row]:
    runtime = Runtime("python", "3", "python", imports=SCIENCE)
    foreman = await Foreman.start(runtime, Isolation("namespaces"))
    count = arguments.count
    try:
        if foreman.missing:
            print(f"left out, because it is not installed: {', '.join(foreman.missing)}")
            return []
        floors = (Floor(5, 10), Floor(20, 40))
        rows = await latencies(foreman, "numpy, pandas, matplotlib", PRINT, floors, count)
        rows += await latencies(foreman, "the same, a DataFrame's mean", TABLE, floors, count)
        chart = (Floor(80, 120), None)
        rows += await latencies(foreman, "the same, a chart as PNG", CHART, chart, count // 4)
        rows.append(await throughput(foreman, "a DataFrame's mean", TABLE, 50, count))
        rows.append(await spare_memory(foreman, "numpy, pandas, matplotlib"))
        return rows
    finally:
        await foreman.close()


async def measure(arguments: argparse.Namespace) -> int:
    before = standing()
    rows, left = await bare(arguments)
    rows += await scientific(arguments)
    await asyncio.sleep(0.2)
    after = standing()
    left += [f"{it}: {before[it]} -> {after[it]}" for it in before if before[it] != after[it]]
    load = os.getloadavg()[0]
    print(f"{'':<44}{'p50':>9}{'p99':>9}      floor        (load {load:.1f})")
    for row in rows:
        print(row)
    for it in left:
        print(f"LEFT BEHIND after {arguments.leaks} runs: {it}")
    if not left:
        print(f"nothing is left behind after {arguments.leaks} runs")
    return int(bool(left) or (arguments.strict and not all(it.holds for it in rows)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="runs behind each percentile")
    parser.add_argument("--leaks", type=int, default=10_000, help="runs after which is counted")
    parser.add_argument("--strict", action="store_true", help="a figure beyond its floor fails")
    sys.exit(asyncio.run(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
