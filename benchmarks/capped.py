"""What keys, limits and budgets cost: the same gateway with and without them, in turn.

Rule 1: both run at once on the same core and are asked in turn, so that a slow minute of the
        machine hits both; what is judged is the median of the ratios of neighbours.
Rule 2: every kind of cap is on, on every level: requests, tokens, calls at once, budgets.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import bodies, machine, measure, targets, toolbox
from benchmarks.toolbox import BenchError

Json = dict[str, Any]

ASKED = 0.85
CAPS = """
[limits.house]
requests = 100_000_000
input_tokens = 1_000_000_000
output_tokens = 1_000_000_000
concurrent = 10_000

[limits.each_team]
requests = 100_000_000

[limits.each_key]
requests = 100_000_000
input_tokens = 1_000_000_000
concurrent = 1_000

[limits."model:*"]
requests = 100_000_000

[budgets.house]
month = 10_000_000
kind = "hard"

[budgets.each_team]
month = 10_000_000
kind = "soft"

[budgets.each_key]
day = 1_000_000
month = 10_000_000
kind = "hard"
"""


def measured(rounds: int, scale: float) -> list[Json]:
    """(plain, capped) of every round."""
    found: list[Json] = []
    with ExitStack() as stack:
        stack.enter_context(toolbox.alone())
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="headgate-bench-"))
        )
        gateway_core, load_core = machine.cores()
        served = bodies.write(folder / "bodies")
        upstream = stack.enter_context(toolbox.upstream(served.upstream_arguments(), load_core))
        os.sched_setaffinity(0, {load_core})
        stage = measure.Stage(upstream, served, gateway_core, load_core, scale)
        running = {}
        for name, more in (("plain", ""), ("capped", CAPS)):
            (folder / name).mkdir()
            site = targets.Site(upstream.url, gateway_core, folder / name)
            running[name] = stack.enter_context(targets.open_headgate(site, more))
            measure.warm(stage, running[name], ["1k"], 1.0)
        for at in range(rounds):
            names = list(running) if at % 2 == 0 else [*reversed(running)]
            case = measure.CASES["1k"]
            one = {name: measure.highest(stage, running[name], case) for name in names}
            found.append(one)
            say(one)
    return found


def say(one: Json) -> None:
    plain, capped = one["plain"], one["capped"]
    print(
        f"plain {plain['cpu_us']:6.1f} us  capped {capped['cpu_us']:6.1f} us of CPU a call;"
        f" throughput {share(one):.1%}"
    )


def share(one: Json) -> float:
    return float(one["plain"]["cpu_us"]) / float(one["capped"]["cpu_us"])


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.capped",
        description="Throughput with keys, limits and budgets on, of that without them.",
        epilog="example: python -m benchmarks.capped --rounds 3",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="length of each stretch")
    options = parser.parse_args(words)
    try:
        found = measured(options.rounds, options.scale)
    except BenchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    errors = sum(one[name]["errors"] for one in found for name in one)
    median = statistics.median(share(one) for one in found)
    verdict = "held" if median >= ASKED and not errors else "MISSED"
    print(f"{median:.1%} of the throughput without caps (asked {ASKED:.0%}): {verdict}")
    print(f"{errors} errors; {machine.facts()}")
    return 0 if verdict == "held" else 1


if __name__ == "__main__":
    sys.exit(main())
