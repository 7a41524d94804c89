"""How fast transcripts come into the book, and whether every token of them is counted right.

Rule 1: what is measured is the command a person types, in a process of its own: reading,
        deduping, pricing, Parquet and the commit.
Rule 2: the totals are compared with a plain computation of the documented rule that shares no
        code with the importer; a single token more or less ends the run with 1.
Rule 3: the floor is asked of the whole command, at the size that was generated.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import machine
from headgate.ledger.book.book import open_book
from headgate.ledger.shelf import Folder
from tests.ledger.importers import transcripts

GB, PART = 1_000_000_000, 100_000_000
FLOOR_S = {GB: 30.0, PART: 15.0}
"""of the whole command; the small size begins as many processes for a tenth of the work"""
RENAMED = ("ses", "msg", "req", "line", "toolu", "agent", "fork")
TOTALS = (
    "count(*), sum(input_fresh), sum(cache_read), sum(cache_write_5m + cache_write_1h),"
    " sum(output), count(DISTINCT id)"
)


def generate(root: Path, size: int) -> int:
    """Lay a ~/.claude of about that size; how many bytes it has."""
    template = root / "template"
    files = transcripts.folder(1, 115, 60, filler=3_000)
    made = transcripts.write(template, files)
    copies = max(1, round(size / made))
    for copy in range(1, copies):
        for name in files:
            target = root / "claude" / name.replace("projects/p", f"projects/c{copy}p")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_renamed((template / name).read_bytes(), copy))
    for name in files:
        target = root / "claude" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (template / name).rename(target)
    return sum(it.stat().st_size for it in (root / "claude").rglob("*.jsonl"))


def _renamed(data: bytes, copy: int) -> bytes:
    """The same with names of its own, so that nothing in it was there before."""
    for kind in RENAMED:
        data = data.replace(f'"{kind}_0'.encode(), f'"{kind}_{copy:x}'.encode())
    return data


def plain(root: Path) -> tuple[int, ...]:
    """The totals by the documented rule, one line after the other."""
    best: dict[str, transcripts.Line] = {}
    rank: dict[str, tuple[bool, int]] = {}
    for file in root.rglob("*.jsonl"):
        with open(file, encoding="utf-8") as lines:
            told = (json.loads(line) for line in lines if '"usage"' in line)
            for answer in transcripts.answers(told):
                id, usage = answer["message"]["id"], answer["message"]["usage"]
                worth = (not answer["isSidechain"], transcripts.total(usage))
                if id not in rank or worth > rank[id]:
                    rank[id], best[id] = worth, usage
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    sums = (sum(it[name] for it in best.values()) for name in (*names, "output_tokens"))
    return (len(best), *sums, len(best))


class Measured(NamedTuple):
    """What the command took, and what it said."""

    seconds: float
    cpu_s: float
    """of all cores together: what remains where others take the cores"""
    peak_mb: float
    said: dict[str, Any]


def measured(root: Path) -> Measured:
    """The command, in a process of its own."""
    environment = os.environ | {"HEADGATE_HOME": str(root / "home"), "HOME": str(root)}
    command = [sys.executable, "-m", "headgate", "import", str(root / "claude"), "--json"]
    begun = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime
    return Measured(seconds, cpu_s, used.ru_maxrss / 1024, json.loads(done.stdout)[0])


def imported(root: Path) -> tuple[int, ...]:
    """The same totals, from the book."""
    home = root / "home"
    with open_book(home / "headgate.db", Folder(home / "headgate.db-archive")) as book:
        return tuple(int(it) for it in book.one(f"SELECT {TOTALS} FROM book"))  # noqa: S608 - our own text


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    print(f"{what} …", end=" ", file=sys.stderr, flush=True)
    yield
    print(f"{time.perf_counter() - begun:.1f} s", file=sys.stderr)


def run(size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="headgate-import-") as name:
        root = Path(name)
        with _told("generating transcripts"):
            made = generate(root, size)
        with _told("importing them"):
            seconds, cpu_s, peak_mb, said = measured(root)
        with _told("counting them plainly"):
            right = plain(root / "claude") == imported(root)
    floor = FLOOR_S[size] * max(1.0, made / size)
    return {
        "bytes": made,
        "calls": said["calls"],
        "twice": said["twice"],
        "seconds": round(seconds, 2),
        "floor_s": round(floor, 2),
        "cpu_s": round(cpu_s, 2),
        "peak_mb": round(peak_mb),
        "mb_per_s": round(made / 1e6 / seconds, 1),
        "totals_equal": right,
        "held": right and seconds <= floor,
    }


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.importing",
        description="1 GB of transcripts into the book, every token accounted for.",
        epilog="example: python -m benchmarks.importing --quick",
    )
    parser.add_argument("--quick", action="store_true", help="100 MB instead of 1 GB")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(words)
    found = run(PART if options.quick else GB)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print(
            f"{found['bytes'] / 1e6:,.0f} MB, {found['calls']:,} calls: {found['seconds']} s"
            f" (asked: {found['floor_s']} s; {found['cpu_s']} s of CPU),"
            f" {found['mb_per_s']} MB/s, {found['peak_mb']:,} MB at the most; totals"
            f" {'equal the plain rule' if found['totals_equal'] else 'DIFFER'}"
        )
        print(f"{'held' if found['held'] else 'MISSED'}; {machine.facts()}")
    return 0 if found["held"] else 1


if __name__ == "__main__":
    sys.exit(main())
