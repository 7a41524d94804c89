"""How long a full audit of ten million rows takes, and how much memory.

    python -m benchmarks.audit            ten million rows: about a minute, and their making
    python -m benchmarks.audit --quick    one million, against a floor of its own

Rule 1: rows are those that benchmarks.book asks; they are made once, by whichever comes first.
Rule 2: it is the whole audit, all rules, the one total and the buckets, of files in sealed
        segments. A neighbour's load is no regression: what is held to a floor is the smaller of
        the time that passed and the processor's time by its cores; both are printed.
Rule 3: an audit that finds nothing in these rows, or whose total is more than its claims, is
        not a fast one but a wrong one.
Rule 4: a figure that is missed ends the run with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine
from benchmarks.book import FULL as FULL_ROWS
from benchmarks.book import MEMORY_MB, laid
from benchmarks.book import QUICK as QUICK_ROWS
from headgate.audit.evidence import Evidence
from headgate.audit.rules import load
from headgate.audit.run import Audit, run
from headgate.ledger.book.book import open_files
from headgate.money.catalog import Catalog, PriceRules

FULL_S, QUICK_S = 20.0, 4.5


class Step(NamedTuple):
    """What an audit said that it was doing, and how long it did it."""

    name: str
    wall_s: float
    cpu_s: float
    """of each core"""


class Watch:
    """Takes the time of steps as they are told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._told = "what there is"
        self._cores = min(4, os.cpu_count() or 1)
        self._since = self._now()

    def say(self, told: str) -> None:
        now = self._now()
        self.steps.append(Step(self._told, now[0] - self._since[0], now[1] - self._since[1]))
        self._told, self._since = told, now

    def _now(self) -> tuple[float, float]:
        return time.perf_counter(), time.process_time() / self._cores

    @property
    def whole(self) -> Step:
        walls, cpus = zip(*((it.wall_s, it.cpu_s) for it in self.steps), strict=True)
        return Step("full audit", sum(walls), sum(cpus))


def audited(files: list[Path], watch: Watch) -> Audit:
    """The audit, timed from the opening of the book on."""
    with open_files(files) as book:
        since, until = book.one("SELECT min(at_us), max(at_us) + 1 FROM book")
        catalog = Catalog.load(PriceRules())
        found = run(Evidence(book, catalog, since, until, say=watch.say), load())
    watch.say("")
    assert found.claims, "sessions of these rows grow, and their prompts are written again"
    assert 0 < found.joint.total_nusd <= sum(it.saving_nusd for it in found.claims)
    return found


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.audit",
        description="A full audit of many rows.",
        epilog="example: python -m benchmarks.audit --quick",
    )
    parser.add_argument("--quick", action="store_true", help="one million rows")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(words)
    floor_s = QUICK_S if options.quick else FULL_S
    files = laid(QUICK_ROWS if options.quick else FULL_ROWS)
    watch = Watch()
    found = audited(files, watch)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    is_fast = min(watch.whole.wall_s, watch.whole.cpu_s) <= floor_s
    is_small = memory_mb <= MEMORY_MB
    if options.json:
        steps = [it._asdict() for it in (*watch.steps, watch.whole)]
        told = {"rows": found.calls, "memory_mb": memory_mb, "floor_s": floor_s}
        print(json.dumps({**told, "held": is_fast and is_small, "steps": steps}, indent=2))
    else:
        for it in (*watch.steps, watch.whole):
            print(f"{it.name:<46} {it.wall_s:6.2f} s, {it.cpu_s:6.2f} s of each core")
        print(f"full audit (asked: {floor_s:.0f} s): {'ok' if is_fast else 'MISSED'}")
        verdict = "ok" if is_small else "MISSED"
        print(f"memory {memory_mb:.0f} MB (asked: {MEMORY_MB} MB): {verdict}")
        claims = f"{len(found.claims)} claims, {len(found.hypotheses)} hypotheses"
        print(f"{found.calls:,} rows, {claims}; {machine.facts()}")
    return 0 if is_fast and is_small else 1


if __name__ == "__main__":
    sys.exit(main())
