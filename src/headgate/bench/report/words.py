"""Says what a report holds, in words that a terminal and a page share.

Rule 1: a share is said with its interval.
Rule 2: what was simulated, left out or not judged is said before any number.
"""

from __future__ import annotations

from collections.abc import Iterator

from headgate.bench.report.compare import Comparison
from headgate.bench.report.figures import Rate, Report
from headgate.bench.sample import Run


def percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def interval(rate: Rate) -> str:
    """A share and where it lies."""
    return f"{percent(rate.share)} ({rate.low * 100:.1f} to {rate.high * 100:.1f})"


def dollars(nusd: float | None) -> str:
    """With three figures that count; of what there was none, a dash."""
    if nusd is None:
        return "-"
    value = nusd / 1e9
    if value >= 1 or not value:
        return f"${value:,.2f}" if value else "$0"
    return f"${value:.3g}" if value >= 1e-4 else f"${value:.9f}".rstrip("0")


def sentence(it: Comparison) -> str:
    """What a comparison comes to."""
    names = f"{it.second.name} is {it.word} than {it.first.name}"
    if it.word == "not shown different":
        names = f"{it.second.name} and {it.first.name} are not shown different"
    return (
        f"{names}: {it.difference * 100:+.1f} points ({it.low * 100:+.1f} to "
        f"{it.high * 100:+.1f}) on {it.tasks} tasks, p = {it.likelihood:.3g}"
    )


def warnings(run: Run, told: Report) -> Iterator[str]:
    """What has to be known before the numbers are read."""
    if any(it.is_simulated for it in told.arms):
        yield "simulated: these answers came from the simulator, not from any model"
    if run.is_builtin:
        yield "no dataset was named: these are the tasks that Headgate ships"
    if run.isolation:
        yield f"judged in the sandbox, tier {run.isolation}"
    for it in run.rejected:
        yield f"not asked: {it.id}: {it.why}"
    for arm in told.arms:
        if arm.infrastructure:
            yield f"{arm.arm}: {arm.infrastructure} samples failed for no fault of the model"
        if not arm.money.is_priced:
            yield f"{arm.arm}: not every call has a price, so its cost is not known"
        for note, count in arm.notes.items():
            yield f"{arm.arm}: {note} ({count} answers)"
    yield from run.notes
