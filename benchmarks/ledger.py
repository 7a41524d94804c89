"""What the ledger takes: durable rows/s beside the disk's own sync, and what a busy core pays.

Rule 1: everything runs on one core, event loop and writer thread together, as in a gateway.
Rule 2: rows count when a commit that holds them has returned, synced to the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import gateway, machine, toolbox
from headgate.ledger.record import Entry, Intent
from headgate.ledger.writer import Writer

Json = dict[str, Any]

ROWS_PER_S = 20_000
HOT_US = 2.0
AT_US = 1_763_720_000_000_000

INTENT = Intent(
    "hg_0123456789abcdef01234567",
    AT_US,
    "k_0123456789",
    "messages",
    "claude-sonnet-5-5",
    "anthropic",
    "claude-sonnet-5-5",
    21_000,
    4_096,
)


def entry(name: str) -> Entry:
    """A row of usual length: a streamed call with a warm cache."""
    strings: Json = {
        "id": name,
        "surface": "messages",
        "key_id": "k_0123456789",
        "session": "5f0f9c64-6a3e-4f0e-9a55-0d9a3a0d0c11",
        "client": "claude-cli/2.1.329 (external, cli)",
        "model_asked": "claude-sonnet-5-5",
        "route": "claude-sonnet-*",
        "provider": "anthropic",
        "credential": "house",
        "model_sent": "claude-sonnet-5-5",
        "model_served": "claude-sonnet-5-5-20261001",
        "upstream_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
        "ending": "complete",
        "usage_from": "provider",
        "price_version": "genai-prices 0.2.3",
        "priced_by": "catalog",
    }
    numbers: Json = {
        "at_us": AT_US,
        "took_us": 2_345_678,
        "ttft_us": 456_789,
        "status": 200,
        "stream": 1,
        "tries": 1,
        "input_fresh": 1_200,
        "cache_read": 20_000,
        "output": 700,
        "input_nusd": 3_600_000,
        "cache_read_nusd": 2_000_000,
        "output_nusd": 10_500_000,
        "cost_nusd": 16_100_000,
        "request_bytes": 90_000,
        "reply_bytes": 3_000,
    }
    rest: Json = {"tries_json": None, "prefix": bytes(64), "reply_hash": bytes(8)}
    known = strings | numbers | rest
    texts = {"agent", "tags", "latency_class", "fault", "tier", "speed", "geo", "batch_id"}
    for field in (*texts, "warnings"):
        known[field] = ""
    return Entry(**{field: known.get(field, 0) for field in Entry._fields})


def named(n: int) -> str:
    """An id as random as the gateway's own, so that nothing gains from an order."""
    return f"hg_{n * 0x9E3779B97F4A7C15F39CC060 % 2**96:024x}"


def quantiles(times_s: list[float]) -> Json:
    ordered = sorted(times_s)
    return {
        "p50_ms": round(ordered[len(ordered) // 2] * 1e3, 3),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1e3, 3),
    }


def disk(folder: Path, times: int = 300) -> Json:
    """The disk by itself: append 16 KB, fdatasync."""
    took = []
    descriptor = os.open(folder / "probe", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for _ in range(times):
        os.write(descriptor, bytes(16_384))
        at = time.perf_counter()
        os.fdatasync(descriptor)
        took.append(time.perf_counter() - at)
    os.close(descriptor)
    return quantiles(took)


def hot_path(folder: Path) -> float:
    """Microseconds of one intend and put on the loop's thread; the best stretch of many."""
    ledger = Writer(folder / "hot.db", queue_rows=10**9)
    ledger.start()
    row, best = entry("hg_0"), float("inf")
    for _ in range(40):
        at = time.perf_counter()
        for _ in range(1_000):
            ledger.put(ledger.intend(INTENT), row)
        best = min(best, time.perf_counter() - at)
    ledger.close()
    return round(best * 1e3, 3)


async def flood(path: Path, calls: int, running: int) -> Json:
    """Calls as fast as the ledger has room for them, each settled `running` calls later."""
    ledger = Writer(path)
    ledger.start()
    begun: deque[int] = deque()
    rows = [entry(named(n)) for n in range(calls)]
    cpu, at = time.process_time(), time.perf_counter()
    for n, row in enumerate(rows):
        begun.append(ledger.intend(INTENT))
        if n >= running:
            ledger.put(begun.popleft(), row)
        if not n % 64:
            await asyncio.sleep(0)
        if not ledger.has_room():
            await ledger.room()
    for row in rows[:running]:
        ledger.put(begun.popleft(), row)
    await ledger.durable()
    took, spent = time.perf_counter() - at, time.process_time() - cpu
    changes = ledger._connection.total_changes if ledger._connection is not None else 0
    batches = ledger._batches
    ledger.close()
    return {
        "rows_per_s": round(calls / took),
        "cpu_us_per_row": round(spent / calls * 1e6, 2),
        "rows_per_commit": round(calls / batches),
        "intents_written": (changes - calls - batches) // 2,
    }


async def strict(path: Path, seconds: float) -> Json:
    """How long a call waits for its row at 200 calls/s."""
    ledger = Writer(path)
    ledger.start()
    waits = []
    for n in range(int(seconds * 200)):
        ledger.put(ledger.intend(INTENT), entry(named(n)))
        at = time.perf_counter()
        await ledger.durable()
        waits.append(time.perf_counter() - at)
        await asyncio.sleep(0.005)
    ledger.close()
    return quantiles(waits)


class Busy:
    """A loop that is always busy: 32 callers, each a socket round trip and some work."""

    def __init__(self, ledger: Writer | None) -> None:
        self.ledger = ledger
        self.done = 0
        self.is_over = False

    async def run(self, seconds: float) -> Json:
        pairs = [socket.socketpair() for _ in range(32)]
        for pair in pairs:
            for sock in pair:
                sock.setblocking(False)
        callers = [asyncio.ensure_future(self._call(left)) for left, _ in pairs]
        echoes = [asyncio.ensure_future(_echo(right)) for _, right in pairs]
        await asyncio.sleep(0.3)
        before, cpu, at = self.done, time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        took, spent = time.perf_counter() - at, time.process_time() - cpu
        calls, self.is_over = self.done - before, True
        for waiting, end in ((callers, 0), (echoes, 1)):
            await asyncio.gather(*waiting)
            for pair in pairs:
                pair[end].close()
        return {
            "calls_per_s": round(calls / took),
            "cpu_us_per_call": round(spent / calls * 1e6, 2),
        }

    async def _call(self, sock: socket.socket) -> None:
        loop, ledger, usual = asyncio.get_running_loop(), self.ledger, entry("hg_0")
        while not self.is_over:
            handle = ledger.intend(INTENT) if ledger is not None else 0
            await loop.sock_sendall(sock, b"x" * 100)
            await loop.sock_recv(sock, 1_000)
            sum(range(1_500))
            self.done += 1
            row = usual._replace(id=named(self.done))
            if ledger is not None:
                ledger.put(handle, row)


async def _echo(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(sock, 1_000):
        await loop.sock_sendall(sock, data)


async def busy(path: Path | None, seconds: float) -> Json:
    """The busy loop, with a ledger or without."""
    ledger = Writer(path) if path is not None else None
    if ledger is not None:
        ledger.start()
    try:
        return await Busy(ledger).run(seconds)
    finally:
        if ledger is not None:
            ledger.close()


def share(folder: Path, seconds: float, rounds: int) -> Json:
    """What the ledger adds to each call of a busy core, its thread and waits included."""
    without, with_it = [], []
    for n in range(rounds):
        without.append(uvloop.run(busy(None, seconds)))
        with_it.append(uvloop.run(busy(folder / f"busy{n}.db", seconds)))

    def middle(found: list[Json], name: str) -> float:
        values: list[float] = [one[name] for one in found]
        return round(statistics.median(values), 2)

    added = middle(with_it, "cpu_us_per_call") - middle(without, "cpu_us_per_call")
    return {
        "calls_per_s_without": middle(without, "calls_per_s"),
        "calls_per_s_with": middle(with_it, "calls_per_s"),
        "added_cpu_us_per_call": round(added, 2),
    }


def measured(folder: Path, *, seconds: float, calls: int, rounds: int) -> Json:
    def flooded(name: str, running: int) -> Json:
        return uvloop.run(flood(folder / name, calls, running))

    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "machine": machine.facts(),
        "disk_fdatasync": disk(folder),
        "hot_path_us": hot_path(folder),
        "settled_at_once": flooded("once.db", 0),
        "settled_later": flooded("later.db", min(calls // 4, 10_000)),
        "strict": uvloop.run(strict(folder / "strict.db", seconds)),
        "busy_core": share(folder, seconds, rounds),
    }


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ledger",
        description="Durable rows per second, and their cost.",
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a first look")
    parser.add_argument("--folder", help="a folder on the disk to measure; default: here")
    parser.add_argument("--no-history", action="store_true", help="do not write the JSON file")
    options = parser.parse_args(words)
    size: Json = {"seconds": 3.0, "calls": 200_000, "rounds": 3}
    if options.quick:
        size = {"seconds": 0.5, "calls": 20_000, "rounds": 1}
    with (
        toolbox.on_core(machine.cores()[0]),
        tempfile.TemporaryDirectory(
            prefix=".ledger-", dir=options.folder or toolbox.ROOT
        ) as at,
    ):
        result = measured(Path(at), **size)
    for name, found in result.items():
        print(f"{name}: {found}")
    if not options.no_history:
        print(f"written to {gateway.keep(result, 'ledger').relative_to(toolbox.ROOT)}")
    slowest = min(result[name]["rows_per_s"] for name in ("settled_at_once", "settled_later"))
    missed = []
    if slowest < ROWS_PER_S:
        missed.append(f"durable rows/s: asked {ROWS_PER_S:,}, measured {slowest:,}")
    if result["hot_path_us"] > HOT_US:
        missed.append(f"hot path: asked {HOT_US} us, measured {result['hot_path_us']} us")
    for line in missed:
        print(f"MISSED {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
