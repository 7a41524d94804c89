"""The soak: does the gateway's memory stay flat over many requests and many cut streams.

Rule 1: the first half is warm-up: pools, caches and the allocator's arenas find their size. All
        of it is reported, the second half is judged.
Rule 2: flat means that the line through the judged legs, over all of them together, rises by
        less than a bound; and that after the last client left, nothing of it is left either.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import bodies, gateway, machine, targets, toolbox
from benchmarks.measure import CASES, STREAM_CASE, Case, Stage
from benchmarks.targets import Running
from benchmarks.toolbox import BenchError

Json = dict[str, Any]

RISE_MB = 3.0
"""over the judged legs of one kind; 200 bytes leaked by each request would be six times it"""
LEGS = 10
JUDGED_LEGS = 5
QUIET_S = 3.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of load: how much of it, and how it is asked."""

    name: str
    case: Case
    total: int
    arguments: tuple[str, ...]


@dataclass(slots=True)
class Legs:
    """What was seen after each leg."""

    rss_mb: list[float] = field(default_factory=list)
    errors: int = 0
    done: int = 0
    first_error: str = ""

    def rise_mb(self) -> float:
        """How far the line of least squares rises from the first to the last judged leg."""
        judged = self.rss_mb[-JUDGED_LEGS:]
        slope = statistics.linear_regression(range(len(judged)), judged).slope
        return round(slope * (len(judged) - 1), 2)


def run_legs(stage: Stage, target: Running, kind: Kind) -> Legs:
    each = str(kind.total // LEGS)
    legs = Legs()
    for number in range(LEGS):
        arguments = [*kind.arguments, "--requests", each, "--seconds", "600"]
        seen = stage.run(target, kind.case, [*arguments, "--seed", str(number + 1)])
        legs.errors += seen["errors"] + seen["unfinished"]
        legs.first_error = legs.first_error or seen["first_error"]
        legs.done += seen["done_all"]
        time.sleep(0.3)
        rss = machine.rss_mb(target.pid)
        legs.rss_mb.append(rss)
        print(
            f"  {kind.name}, leg {number + 1}: {rss} MB, {seen['done_all']} done, "
            f"{seen['errors']} errors",
            file=sys.stderr,
        )
    return legs


def descriptors(pid: int) -> int:
    return sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in machine.tree(pid))


def soak(stage: Stage, target: Running, kinds: list[Kind]) -> Json:
    stage.run(
        target, CASES["1k"], ["--connections", "4", "--requests", "100", "--seconds", "60"]
    )
    found: Json = {"rss_rest_mb": machine.rss_mb(target.pid), "legs": {}}
    for kind in kinds:
        legs = run_legs(stage, target, kind)
        found["legs"][kind.name] = {
            "done": legs.done,
            "errors": legs.errors,
            "first_error": legs.first_error,
            "rss_mb": legs.rss_mb,
            "rise_mb": legs.rise_mb(),
        }
    time.sleep(QUIET_S)
    seen = stage.upstream.stats()
    found["upstream"] = seen
    found["streams_left"] = seen["streams"] - seen["completed"] - seen["gone"]
    found["descriptors"] = descriptors(target.pid)
    found["threads"] = machine.threads(target.pid)
    found["rss_end_mb"] = machine.rss_mb(target.pid)
    return found


def misses(found: Json) -> list[str]:
    missed = [
        f"{name}: memory rose by {legs['rise_mb']} MB over {legs['done']} calls, asked at most "
        f"{RISE_MB:g}"
        for name, legs in found["legs"].items()
        if legs["rise_mb"] > RISE_MB
    ]
    missed += [
        f"{name}: {legs['errors']} errors, asked none; first: {legs['first_error']}"
        for name, legs in found["legs"].items()
        if legs["errors"]
    ]
    if found["streams_left"]:
        missed.append(f"{found['streams_left']} streams still run upstream without a client")
    return missed


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory", description="Flat memory over a long load."
    )
    parser.add_argument("--target", default="headgate", choices=["headgate", "nginx"])
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--cuts", type=int, default=20_000)
    parser.add_argument("--no-history", action="store_true", help="do not write the JSON file")
    options = parser.parse_args(words)
    kinds = [
        Kind("requests", CASES["1k"], options.requests, ("--connections", "32")),
        Kind(
            "cut streams",
            STREAM_CASE,
            options.cuts,
            ("--connections", "100", "--stream", "--cut", "10"),
        ),
    ]
    try:
        found = run(options.target, kinds)
    except BenchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    for name, legs in found["legs"].items():
        print(
            f"{name}: {legs['done']} done, {legs['errors']} errors, memory {legs['rss_mb']} MB,"
            f" rise {legs['rise_mb']} MB"
        )
    print(
        f"at the end: {found['streams_left']} streams left upstream, {found['descriptors']} "
        f"descriptors, {found['threads']} threads, {found['rss_end_mb']} MB"
    )
    if not options.no_history:
        print(f"written to {gateway.keep(found, 'soak').relative_to(toolbox.ROOT)}")
    missed = misses(found)
    for line in missed:
        print(f"MISSED {line}", file=sys.stderr)
    return 1 if missed else 0


def run(name: str, kinds: list[Kind]) -> Json:
    targets.TARGETS[name].prepare()
    gateway_core, load_core = machine.cores()
    with toolbox.alone(), tempfile.TemporaryDirectory(prefix="headgate-soak-") as place:
        folder = Path(place)
        served = bodies.write(folder / "bodies")
        with toolbox.upstream(served.upstream_arguments(), load_core) as upstream:
            site = targets.Site(upstream.url, gateway_core, folder)
            stage = Stage(upstream, served, gateway_core, load_core)
            with targets.TARGETS[name].open(site) as running:
                found = soak(stage, running, kinds)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "target": name,
        "machine": machine.facts(),
        **found,
    }


if __name__ == "__main__":
    sys.exit(main())
