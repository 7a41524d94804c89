"""The benchmark of the whole gateway: direct, nginx, Headgate and LiteLLM in one run.

Rule 1: targets take turns within a round, and rounds repeat, so that a slow minute of the
        machine hits all of them; what is reported are medians.
Rule 2: a run that misses an asked figure ends with exit code 1 and names each one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import bodies, crossing, figures, machine, measure, targets, toolbox
from benchmarks.toolbox import BenchError

HISTORY = toolbox.ROOT / "benchmarks" / "history"
RATES = [50, 100]
QUICK_RATES = [100]
FULL_CASES = list(measure.CASES)
QUICK_CASES = ["1k", "1k-across", "100k", "1m"]

Json = dict[str, Any]


def arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gateway",
        description="Headgate beside nginx, LiteLLM and no gateway at all, in one run.",
        epilog="example: python -m benchmarks.gateway --targets nginx,headgate --rounds 1",
    )
    parser.add_argument(
        "--quick", action="store_true", help="short rounds, no LiteLLM, generous floors"
    )
    parser.add_argument("--targets", default="", help="comma list; default: all")
    parser.add_argument("--cases", default="", help=f"comma list of {', '.join(FULL_CASES)}")
    parser.add_argument("--rounds", type=int, default=0, help="default: 3; medians count")
    parser.add_argument("--scale", type=float, default=0.0, help="length of each stretch; 1.0")
    parser.add_argument("--no-history", action="store_true", help="do not write the JSON file")
    parser.add_argument("--nice", type=int, default=0, help="priority of all that is started")
    return parser.parse_args(words)


def chosen(option: str, default: list[str], known: list[str]) -> list[str]:
    names = [name for name in option.split(",") if name] or default
    strangers = [name for name in names if name not in known]
    if strangers:
        raise BenchError(f"unknown: {', '.join(strangers)}\nhint: one of {', '.join(known)}")
    return names


def one_round(
    stage: measure.Stage, names: list[str], cases: list[str], rates: list[int], folder: Path
) -> figures.Round:
    found: figures.Round = {}
    site = targets.Site(stage.upstream.url, stage.gateway_core, folder)
    with targets.open_direct(site) as direct:
        for name in names:
            own = folder / name
            own.mkdir(parents=True)
            site = targets.Site(stage.upstream.url, stage.gateway_core, own)
            with targets.TARGETS[name].open(site) as running:
                # Past its own start-up work: caches, first collections, background threads.
                time.sleep(0.5 * stage.scale)
                # LiteLLM saturates near 100/s; what it shows there is its queue, not its speed.
                mine = [rate for rate in rates if name != "litellm" or rate < 100]
                asked = [case for case in cases if measure.CASES[case].only in ("", name)]
                todo = measure.Programme(asked, mine, targets.TARGETS[name].warm_s)
                found[name] = measure.whole(stage, running, direct, todo)
        if "headgate" in found:
            retold = crossing.figures()
            found["headgate"]["crossing_us"] = retold | {
                "slowest event": crossing.slowest_event_us(retold)
            }
            say_errors(name, found[name])
    return found


def say_errors(name: str, found: Json) -> None:
    for what, count in figures.count_errors(found).items():
        kind, _, key = what.partition(" ")
        run = (
            found["streams"]
            if kind == "streams"
            else found[{"highest": "highest", "rate": "rates"}[kind]][key]
        )
        print(
            f"  {name}, {what}: {count} errors or stalls {run['first_error']}", file=sys.stderr
        )


def import_seconds(python: Path, module: str) -> float:
    """How long an import takes in a fresh interpreter, over an empty one; best of three."""

    def best(code: str) -> float:
        took = []
        for _ in range(3):
            at = time.perf_counter()
            subprocess.run([str(python), "-c", code], check=True, capture_output=True)
            took.append(time.perf_counter() - at)
        return min(took)

    return round(best(f"import {module}") - best("pass"), 3)


def imports(names: list[str]) -> Json:
    found: Json = {}
    if "headgate" in names:
        found["headgate"] = import_seconds(Path(sys.executable), "headgate")
    if "litellm" in names:
        found["litellm"] = import_seconds(targets.litellm_python(), "litellm")
    return found


@contextmanager
def preferred(nice: int) -> Iterator[None]:
    """Give this process and its session, and so all that it starts, another priority."""
    if not nice:
        yield
        return
    # Where the kernel groups processes by session, only the session's own priority counts.
    group = Path("/proc/self/autogroup")
    before = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        if group.exists():
            group.write_text(str(nice))
    except PermissionError:
        text = f"--nice {nice} is not allowed\nhint: run as root, or leave it out"
        raise BenchError(text) from None
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)
        if group.exists():
            group.write_text(str(before))


def measured(options: argparse.Namespace) -> tuple[Json, list[figures.Verdict]]:
    quick = options.quick
    names = chosen(
        options.targets,
        [name for name in targets.TARGETS if not quick or name != "litellm"],
        list(targets.TARGETS),
    )
    cases = chosen(options.cases, QUICK_CASES if quick else FULL_CASES, FULL_CASES)
    rates = QUICK_RATES if quick else RATES
    for name in names:
        targets.TARGETS[name].prepare()
    gateway_core, load_core = machine.cores()
    scale = options.scale or (0.4 if quick else 1.0)
    rounds: list[figures.Round] = []
    facts = machine.facts()
    with ExitStack() as stack:
        stack.enter_context(toolbox.alone())
        stack.enter_context(preferred(options.nice))
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="headgate-bench-"))
        )
        served = bodies.write(folder / "bodies")
        upstream = stack.enter_context(toolbox.upstream(served.upstream_arguments(), load_core))
        os.sched_setaffinity(0, {load_core})
        stage = measure.Stage(upstream, served, gateway_core, load_core, scale)
        count = options.rounds or 3
        for number in range(count):
            print(f"round {number + 1} of {count}: {', '.join(names)}", file=sys.stderr)
            rounds.append(one_round(stage, names, cases, rates, folder / str(number)))
        seen = upstream.stats()
    is_part = bool(options.targets or options.cases)
    verdicts = (
        figures.judge(rounds, rates, is_quick=quick, is_part=is_part)
        if "headgate" in names
        else []
    )
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "quick": quick,
        "nice": options.nice,
        "rates": rates,
        "machine": facts | {"gateway_core": gateway_core, "load_core": load_core},
        "targets": {
            name: {"version": target.version(), "setup": target.setup}
            for name, target in targets.TARGETS.items()
            if name in names
        },
        "import_s": imports(names),
        "upstream": seen,
        "figures": [asdict(verdict) for verdict in verdicts],
        "rounds": rounds,
    }
    return result, verdicts


def keep(result: Json, what: str) -> Path:
    """Write a result under benchmarks/history/, named by minute and commit."""
    HISTORY.mkdir(parents=True, exist_ok=True)
    minute = datetime.now(UTC).strftime("%Y-%m-%d-%H%M")
    path = HISTORY / f"{minute}-{what}-{result['commit']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path


def say(result: Json, verdicts: list[figures.Verdict]) -> None:
    rounds = result["rounds"]
    facts = result["machine"]
    print(
        f"{facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}; gateway on core "
        f"{facts['gateway_core']}, load and upstream on core {facts['load_core']}"
    )
    if facts["gateway_core"] == facts["load_core"]:
        print("ONE core for everything: only ratios of CPU per request mean something here")
    for name, about in result["targets"].items():
        print(f"  {name} {about['version']}: {about['setup']}")
    print(
        f"imports in s: {result['import_s']}; the upstream's own lateness in streams: mean "
        f"{result['upstream']['late_mean_us']} us, max {result['upstream']['late_max_us']} us"
    )
    print()
    print(figures.report(rounds, result["rates"]))
    print()
    foreign = figures.foreign_cores(rounds)
    if foreign > figures.BUSY_CORES:
        print(
            f"other programs took {foreign:.2f} cores meanwhile: run again on a quiet machine"
        )
    for verdict in verdicts:
        mark = "ok    " if verdict.is_met else "MISSED"
        print(f"  {mark} {verdict.name}: asked {verdict.bound}, measured {verdict.measured}")


def main(words: list[str] | None = None) -> int:
    try:
        options = arguments(words)
        result, verdicts = measured(options)
    except BenchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    say(result, verdicts)
    if not options.no_history:
        path = keep(result, "quick" if options.quick else "gateway")
        print(f"\nwritten to {path.relative_to(toolbox.ROOT)}")
    missed = [verdict for verdict in verdicts if not verdict.is_met]
    if missed:
        print(f"\n{len(missed)} of {len(verdicts)} figures missed:", file=sys.stderr)
        for verdict in missed:
            print(
                f"  {verdict.name}: asked {verdict.bound}, measured {verdict.measured}",
                file=sys.stderr,
            )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
