"""Does what `headgate bench report`, `compare`, `power` and `gate` ask.

Rule 1: results are read from files alone; nothing is asked of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from headgate.bench.report.compare import NothingShared, compare, same_tasks
from headgate.bench.report.figures import report
from headgate.bench.report.gate import gate
from headgate.bench.report.page import page
from headgate.bench.report.words import warnings
from headgate.bench.results import BadResults, read
from headgate.bench.sample import Run, Sample
from headgate.cli import Misuse
from headgate.cli.benchview import show, show_comparison, show_gate
from headgate.cli.terminal import print_json, say
from headgate.cli.whole import write_whole
from headgate.stats.several import needed, spread_of

FOUND = 1


def results(path: Path) -> Run:
    """The run of a file; Misuse where it holds none."""
    try:
        return read(path)
    except BadResults as error:
        if not path.exists():
            raise Misuse(f"there is no {path}", "headgate bench run writes one") from error
        raise Misuse(str(error), error.remedy) from error


def tell_report(path: Path, html: Path | None, *, as_json: bool) -> int:
    """Show a run."""
    run = results(path)
    told = report(run)
    if html is not None:
        write_whole(html, page(run, told), "--html FILE")
        say(f"written to {html}")
    if as_json:
        print_json(msgspec.structs.asdict(told) | {"warnings": [*warnings(run, told)]})
    elif html is None:
        show(run, told)
    return 0


def tell_comparison(
    paths: Sequence[Path], arms: Sequence[str], level: float, least: float, *, as_json: bool
) -> int:
    """Compare two arms, of one file or of two."""
    first, second = _sides(paths, arms)
    try:
        found = compare(first, second, level, least)
    except NothingShared as error:
        raise Misuse(str(error), "compare runs of the same tasks") from error
    if as_json:
        print_json(found)
    else:
        show_comparison(found)
    return 0


def _sides(
    paths: Sequence[Path], arms: Sequence[str]
) -> tuple[tuple[str, list[Sample]], tuple[str, list[Sample]]]:
    runs = [results(it) for it in paths]
    if len(runs) == 1:
        known = tuple(it.name for it in runs[0].arms)
        names = tuple(arms) or known
        if len(names) != 2:
            what = f"two arms are compared, and there are {len(names)}"
            raise Misuse(what, f"name two with --arm; there are {', '.join(known)}")
        return _side(runs[0], names[0], ""), _side(runs[0], names[1], "")
    before, now = runs[0], same_tasks(runs[0], runs[1])
    counts = {len(before.arms), len(now.arms)}
    if not arms and counts != {1}:
        what = "a file holds no arm" if 0 in counts else "the files hold several arms"
        raise Misuse(what, "name one of each with --arm, twice")
    names = tuple(arms) or (before.arms[0].name, now.arms[0].name)
    if len(names) > 2:
        raise Misuse(f"two arms are compared, and {len(names)} are named", "name two")
    if len(names) == 1:
        names = (names[0], names[0])
    return _side(before, names[0], f" ({paths[0].name})"), _side(
        now, names[1], f" ({paths[1].name})"
    )


def _side(run: Run, name: str, where: str) -> tuple[str, list[Sample]]:
    known = [it.name for it in run.arms]
    if name not in known:
        raise Misuse(f"there is no arm {name}", f"there are {', '.join(known)}")
    return f"{name}{where}", [it for it in run.samples if it.arm == name]


class Wanted(NamedTuple):
    """What a run is to show."""

    rate: float
    least: float
    alike: float
    """how much of the variance lies between tasks"""
    both: float
    """how much of that two models have in common"""
    power: float


class Foreseen(msgspec.Struct, frozen=True):
    """How a run would have to be."""

    tasks: int
    samples: int
    calls: int
    """of two arms"""


def plan_power(wanted: Wanted, *, as_json: bool) -> int:
    """How many tasks show a difference, for some numbers of samples each."""
    if wanted.least > max(wanted.rate, 1 - wanted.rate):
        raise Misuse(
            f"whoever is right at {wanted.rate:g} cannot be {wanted.least:g} better or worse",
            f"--least is {max(wanted.rate, 1 - wanted.rate):g} at most with this --rate",
        )
    beside = (wanted.rate - wanted.least, wanted.rate + wanted.least)
    other = min((it for it in beside if 0 <= it <= 1), key=lambda it: abs(it - 0.5))
    plans = []
    for samples in (1, 2, 3, 5, 10):
        spread = spread_of(wanted.rate, samples, wanted.alike, wanted.both, other)
        tasks = needed(spread, wanted.least, wanted.power, asked=samples)
        plans.append(Foreseen(tasks, samples, 2 * tasks * samples))
    if as_json:
        print_json(plans)
        return 0
    for it in plans:
        each = "sample  each" if it.samples == 1 else "samples each"
        click.echo(f"{it.samples:>3} {each}: {it.tasks:>6,} tasks, {it.calls:>8,} calls")
    best = min(plans, key=lambda it: it.calls)
    each = "a single sample" if best.samples == 1 else f"{best.samples} samples"
    say(f"fewest calls: {best.tasks:,} tasks with {each} each")
    return 0


def tell_gate(
    baseline: Path, now: Path, level: float, tolerance: float, *, as_json: bool
) -> int:
    """Whether the gate holds; the exit code says it too."""
    found = gate(results(baseline), results(now), level, tolerance)
    if not found.checked:
        raise Misuse(
            f"{now} and {baseline} have no arm with a task in common: nothing can be held",
            "run the same arms and tasks as the baseline",
        )
    if as_json:
        print_json({"fails": found.fails, "gate": found})
    else:
        show_gate(found)
    return FOUND if found.fails else 0
