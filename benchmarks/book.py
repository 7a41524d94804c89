"""How long the book's named questions take over ten million rows, and how much memory.

    python -m benchmarks.book            ten million rows: about four minutes
    python -m benchmarks.book --quick    one million, against floors of their own

Rule 1: rows are those of bookrows.py, in sealed segments of their days, and asked as a report
        asks them; they are made once, and kept below .cache/ for the next run.
Rule 2: the best of some rounds counts. A neighbour's load is no regression: what is held to a
        floor is the smaller of the time that passed and the processor's time by its cores.
Rule 3: a figure that is missed ends the run with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import machine
from benchmarks.bookrows import lay_rows
from headgate.ledger.book.book import Book, open_files
from headgate.ledger.book.duck import open_duck
from headgate.ledger.book.question import DAY_US, Cut, ask
from headgate.ledger.book.questions import ALL, latency, prefixes, sessions, spend, tools
from headgate.ledger.book.quick import quick

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "bench" / "book"
MEMORY_MB = 2_000


class Size(NamedTuple):
    rows: int
    question_s: float
    gaps_s: float
    quick_s: float
    rounds: int


FULL = Size(10_000_000, 0.5, 2.0, 2.0, 3)
QUICK = Size(1_000_000, 0.2, 0.4, 0.8, 2)
"""each question takes 20 to 40 ms before the first row is read"""


class Figure(NamedTuple):
    name: str
    wall_s: float
    cpu_s: float
    """of all threads, by the cores there are for them"""
    floor_s: float
    lines: int

    @property
    def held(self) -> bool:
        return min(self.wall_s, self.cpu_s) <= self.floor_s


def laid(size: Size) -> list[Path]:
    """The segments; made by a process of its own, whose memory is not ours."""
    folder = CACHE / str(size.rows)
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [sys.executable, "-m", "benchmarks.book", "--lay", str(folder)]
        subprocess.run([*command, "--rows", str(size.rows)], check=True)
        (folder / "made").touch()
    return sorted(folder.glob("*.parquet"))


def asked(book: Book) -> Iterator[tuple[str, bool, Callable[[], int]]]:
    """(what, whether it is the scan of gaps, how)"""
    top = tuple(row.session for row in ask(book, sessions.TOP).rows)
    heads = tuple(row.head for row in ask(book, prefixes.REPEATED).rows)
    ((last,),) = book.rows("SELECT max(at_us) FROM book")
    until_us = (int(last) // DAY_US + 1) * DAY_US
    own = {
        "session_facts": Cut(sessions=top),
        "prefix_costs": Cut(heads=heads),
        "session_calls": Cut(session=top[0]),
        "session_names": Cut(session=top[0][:6]),
        "growth": Cut(since_us=until_us - 8 * DAY_US, until_us=until_us),
    }
    more = {
        "spend by day and key": (spend.SPEND, Cut(by="key", step="day")),
        "spend by hour and model": (spend.SPEND, Cut(step="hour")),
        "spend by tag": (spend.SPEND, Cut(by="tag")),
        "tools by key": (tools.USING, Cut(by="key")),
        "first_content by size": (latency.FIRST, Cut(by="size")),
        "gaps of the top prefixes": (prefixes.GAPS, Cut(by="head", heads=heads)),
    }
    every: dict[str, tuple[Any, Cut]] = {it.name: (it, own.get(it.name, Cut())) for it in ALL}
    for name, (question, cut) in {**every, **more}.items():
        yield name, question is prefixes.GAPS, _asker(book, question, cut)


def _asker(book: Book, question: Any, cut: Cut) -> Callable[[], int]:
    return lambda: len(ask(book, question, cut).rows)


def measured(name: str, floor_s: float, rounds: int, work: Callable[[], int]) -> Figure:
    cores = min(4, os.cpu_count() or 1)
    walls, cpus, lines = [], [], 0
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        lines = work()
        walls.append(time.perf_counter() - wall)
        cpus.append((time.process_time() - cpu) / cores)
    return Figure(name, min(walls), min(cpus), floor_s, lines)


def run(size: Size) -> tuple[int, list[Figure]]:
    with open_files(laid(size)) as book:
        ((rows,),) = book.rows("SELECT count(*) FROM book")
        assert book.sources == [""]
        found = [
            measured(name, size.gaps_s if gaps else size.question_s, size.rounds, work)
            for name, gaps, work in asked(book)
        ]
        first = measured(
            "quick audit", size.quick_s, size.rounds, lambda: len(quick(book).pairs)
        )
        found.append(first)
    return int(rows), found


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.book",
        description="The book's named questions over many rows.",
        epilog="example: python -m benchmarks.book --quick",
    )
    parser.add_argument("--quick", action="store_true", help="one million rows")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lay", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.lay:
        lay_rows(open_duck(), options.lay, options.rows)
        return 0
    rows, found = run(QUICK if options.quick else FULL)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    if options.json:
        told = [{**it._asdict(), "held": it.held} for it in found]
        print(json.dumps({"rows": rows, "memory_mb": memory_mb, "figures": told}, indent=2))
    else:
        for it in found:
            times = f"{it.wall_s * 1e3:5.0f} ms, {it.cpu_s * 1e3:5.0f} ms of each core"
            verdict = "ok" if it.held else "MISSED"
            print(f"{it.name:<26} {times} (asked: {it.floor_s * 1e3:.0f} ms): {verdict}")
        verdict = "ok" if memory_mb <= MEMORY_MB else "MISSED"
        print(f"memory {memory_mb:.0f} MB (asked: {MEMORY_MB} MB): {verdict}")
        print(f"{rows:,} rows; {machine.facts()}")
    return 0 if memory_mb <= MEMORY_MB and all(it.held for it in found) else 1


if __name__ == "__main__":
    sys.exit(main())
