"""Says what a report holds, in words that a terminal and a page share.

Rule 1: a share is said with its interval.
Rule 2: what was simulated, left out or not judged is said before any number.
"""

from __future__ import annotations

from collections.abc import Iterator

from headgate.bench.report.compare import Comparison
from headgate.bench.report.figures import Money, Rate, Report, Spread
from headgate.bench.sample import Run

UNMEASURED = "not measured"
UNKNOWN = "unknown"
NONE = "no answer"


def percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def caching(told: Report) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Heads and rows of what caches did and cost; no rows where there were none."""
    heads = ("arm", "read from a cache", "at", "written to it", "at", "of a sample's cost")
    rows: list[tuple[str, ...]] = []
    for it in told.arms:
        money = it.money
        read, write = money.cache_read_nusd, money.cache_write_nusd
        whole = None if read is None or write is None else read + write
        share = "-" if whole is None else percent(whole / (money.per_sample_nusd or 1))
        tokens = (f"{money.cache_read_tokens:,.0f}", f"{money.cache_write_tokens:,.0f}")
        rows.append((it.arm, tokens[0], dollars(read), tokens[1], dollars(write), share))
    used = any(it.money.cache_read_tokens or it.money.cache_write_tokens for it in told.arms)
    return heads, rows if used else list[tuple[str, ...]]()


def interval(rate: Rate) -> str:
    """A share and where it lies; of no answers, neither."""
    if not rate.samples:
        return NONE
    return f"{percent(rate.share)} ({rate.low * 100:.1f} to {rate.high * 100:.1f})"


def dollars(nusd: float | None) -> str:
    """With three figures that count; of what there was none, a dash."""
    if nusd is None:
        return "-"
    value = nusd / 1e9
    if value >= 1 or not value:
        return f"${value:,.2f}" if value else "$0"
    return f"${value:.3g}" if value >= 1e-4 else f"${value:.9f}".rstrip("0")


def price(money: Money, nusd: float | None) -> str:
    """What something costs, where that is known and there was something."""
    if not money.samples:
        return "-"
    return dollars(nusd) if money.is_priced else UNKNOWN


def span(it: Spread | None, without: str = "-") -> str:
    """p50, p95 and p99 of a time in milliseconds."""
    if it is None:
        return without
    return " / ".join(_ms(value) for value in (it.p50, it.p95, it.p99))


def parts(it: Spread | None, without: str = "-") -> str:
    """p50 and p95 of a part of it."""
    return without if it is None else f"{_ms(it.p50)} / {_ms(it.p95)}"


def rapid(tokens_per_s: float | None) -> str:
    return "-" if tokens_per_s is None else f"{tokens_per_s:,.0f}"


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"


def sentence(it: Comparison) -> str:
    """What a comparison comes to."""
    names = f"{it.second.name} is {it.word} than {it.first.name}"
    if it.word == "not shown different":
        names = f"{it.second.name} and {it.first.name} are not shown different"
    return (
        f"{names}: {it.difference * 100:+.1f} points ({it.low * 100:+.1f} to "
        f"{it.high * 100:+.1f}) on {it.tasks} tasks, p = {it.likelihood:.3g}"
    )


def told_first(run: Run) -> Iterator[str]:
    """Of its tasks."""
    if run.is_builtin:
        yield "no dataset was named: these are the tasks that Headgate ships"


def warnings(run: Run, told: Report) -> Iterator[str]:
    """What has to be known before the numbers are read."""
    if any(it.is_simulated for it in told.arms):
        yield "simulated: these answers came from the simulator, not from any model"
    yield from told_first(run)
    if run.isolation:
        yield f"judged in the sandbox, tier {run.isolation}"
    for it in run.rejected:
        yield f"not asked: {it.id}: {it.why}"
    for arm in told.arms:
        if arm.infrastructure:
            cost = arm.money.infrastructure_nusd
            paid = f", and cost {dollars(cost)}, which is in no figure of it" if cost else ""
            lost = f"{arm.infrastructure} samples failed for no fault of the model{paid}"
            yield f"{arm.arm}: {lost}"
        if not arm.money.is_priced:
            yield f"{arm.arm}: not every call has a price, so its cost is not known"
        if arm.pace is not None and arm.pace.ttft is not None and not arm.pace.network_of:
            yield f"{arm.arm}: the network was not measured, so the wait has it in it"
        for note, count in arm.notes.items():
            yield f"{arm.arm}: {note} ({count} answers)"
    yield from (it for it in run.notes if it not in told_first(run))
