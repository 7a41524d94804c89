"""What `headgate cost` shows: models side by side, one line by line, limits, and assumptions.

Rule 1: whatever a figure rests on is printed below it.
Rule 2: money is exact in JSON, in nano-dollars, and rounded only for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from headgate.cli.terminal import dollars, out, print_table
from headgate.cli.workload import EACH, Asked, share_text
from headgate.money.forecast import Forecast, Line, break_even
from headgate.money.pattern import ONE, Pattern
from headgate.money.ratelimit import Demand, Fit
from headgate.money.whatif import Variation

IN_DETAIL = 3
"""so many models are shown line by line"""


@dataclass(frozen=True, slots=True)
class Shown:
    """All there is to tell."""

    asked: Asked
    found: tuple[tuple[Forecast, Fit], ...]
    """the cheapest first; those that fit before those that do not"""
    variations: tuple[Variation, ...]
    """of the first"""
    self_hosted_nusd: int | None
    assumed: tuple[str, ...]
    """of the pattern itself, where it was observed"""


def show(it: Shown) -> None:
    """Everything, for a person."""
    console = out()
    pattern = it.asked.pattern
    for line in described(pattern):
        console.print(line, highlight=False, markup=False)
    console.print(f"prices of {it.asked.on:%Y-%m-%d}, {it.asked.prices}", highlight=False)
    heads = ("model", "a month", "a year", "a request", "mostly", "cache", "at the peak")
    print_table(heads, [_row(found, fit) for found, fit in it.found])
    for text in _compared(it.found):
        console.print(text, highlight=False, markup=False)
    for found, _ in it.found[: IN_DETAIL if it.asked.named else 1]:
        rows = [*(_detail(line) for line in found.lines), _sum(found)]
        print_table(("line", "tokens", "per 1M", "a month"), rows, title=found.offer.model)
    _list("Rate limits", _limits(it))
    if it.self_hosted_nusd is not None:
        _list("Machines of your own", _own(it, it.self_hosted_nusd))
    if it.variations:
        first = it.found[0][0]
        rows = [
            (one.what, dollars(one.forecast.monthly_nusd), signed(one.change_nusd(first)))
            for one in it.variations
        ]
        title = f"What if, with {first.offer.model}"
        print_table(("if", "a month", "change"), rows, title=title)
    _list("Assumed", _assumptions(it))


def described(pattern: Pattern) -> Iterator[str]:
    """The pattern in words."""
    yield (
        f"{plain(pattern.requests)} requests a month, {plain(pattern.input)} tokens in and "
        f"{plain(pattern.output)} out each"
    )
    more = []
    if pattern.caching is not None:
        more.append(f"{plain(pattern.caching.prefix)} of them a prefix that repeats")
    if pattern.peak.rpm:
        more.append(f"{plain(pattern.peak.rpm)} a minute at the peak")
    if pattern.batch:
        more.append(f"{share_text(pattern.batch)} can wait for a batch")
    if pattern.growth:
        more.append(f"{share_text(pattern.growth)} growth a month")
    if more:
        yield ", ".join(more)


def signed(nusd: int) -> str:
    """A difference, with its sign."""
    return f"+{dollars(nusd)}" if nusd > 0 else dollars(nusd)


def plain(amount: Fraction) -> str:
    """A number as people read it: without decimals that say nothing."""
    if amount % 1 == 0 or amount >= 1_000:
        return f"{round(amount):,}"
    return f"{float(amount):,.2f}"


def _row(found: Forecast, fit: Fit) -> tuple[str, ...]:
    cache = signed(-found.saved_by_cache_nusd) if found.shares is not None else "-"
    return (
        found.offer.model,
        dollars(found.monthly_nusd),
        dollars(found.yearly_nusd),
        dollars(round(found.request_nusd)),
        _mostly(found),
        cache,
        found.unfit or _peak(fit),
    )


def _mostly(found: Forecast) -> str:
    both = found.of("input") + found.of("output")
    if found.dominant == "neither" or not both:
        return "-"
    return f"{found.dominant} {share_text(Fraction(found.of(found.dominant), both), 0)}"


def _peak(fit: Fit) -> str:
    by_peak = [it for it in fit.demands if it.what != "spend"]
    tight = max(by_peak, key=_used, default=None)
    if tight is None:
        return "-" if fit.fits is None else _spent(fit)
    if fit.fits:
        return f"{share_text(tight.used, 0)} of {tight.what} on {_tier(fit)}"
    return f"too much for {_tier(fit)}"


def _spent(fit: Fit) -> str:
    return f"too much for {_tier(fit)}" if fit.fits is False else "-"


def _used(demand: Demand) -> Fraction:
    return demand.used


def _tier(fit: Fit) -> str:
    return fit.limit.tier if fit.limit is not None else ""


def _detail(line: Line) -> tuple[str, ...]:
    tokens = plain(line.quantity) if line.quantity else ""
    each = ""
    if line.quantity and line.kind in ("input", "output"):
        each = f"${float(line.nusd / line.quantity / 1_000):,.4g}"
    name = f"{line.name} ({line.note})" if line.note else line.name
    return name, tokens, each, dollars(line.nusd)


def _sum(found: Forecast) -> tuple[str, ...]:
    return "total", "", "", dollars(found.monthly_nusd)


def _compared(found: Sequence[tuple[Forecast, Fit]]) -> Iterator[str]:
    """What the cheapest saves against the dearest."""
    if len(found) < 2:
        return
    cheap, dear = found[0][0], max((it for it, _ in found), key=lambda it: it.monthly_nusd)
    less = dear.monthly_nusd - cheap.monthly_nusd
    if less > 0:
        part = share_text(Fraction(less, dear.monthly_nusd), 2)
        yield (
            f"{cheap.offer.model} costs {dollars(less)} a month less than "
            f"{dear.offer.model} ({part})"
        )


def _limits(it: Shown) -> Iterator[str]:
    for found, fit in it.found:
        for excess in fit.excesses:
            yield f"{found.offer.model}: {excess.text}"
    unknown = [found.offer.model for found, fit in it.found if fit.fits is None]
    if unknown and it.asked.pattern.peak.rpm:
        yield f"not known of {', '.join(unknown)}; give them: --limit MODEL:rpm=10000,tpm=2M"


def _own(it: Shown, fixed_nusd: int) -> Iterator[str]:
    for found, _ in it.found[:IN_DETAIL]:
        volume = break_even(found, fixed_nusd)
        if volume is None:
            yield f"{dollars(fixed_nusd)} a month never pay: {found.offer.model} costs nothing"
        else:
            times = float(volume / max(it.asked.pattern.requests, ONE))
            yield (
                f"{dollars(fixed_nusd)} a month cost less than {found.offer.model} from "
                f"{round(volume):,} requests a month on, {times:,.2f} times as many as now"
            )


def _assumptions(it: Shown) -> Iterator[str]:
    pattern = it.asked.pattern
    yield from it.assumed
    yield f"a month has {pattern.days} days"
    if pattern.counted_with in ("", EACH):
        yield "tokens are those each model counts; --counted-with MODEL converts them"
    else:
        yield (
            f"tokens were counted by {pattern.counted_with}; only between Claude's tokenizers "
            f"is a ratio known; --counted-with {EACH} converts none"
        )
    if pattern.batch and pattern.peak.rpm:
        yield "the peak is of requests that do not wait for a batch"
    entered = [it.offer.model for it, _ in it.found if it.offer.rates.priced_by == "override"]
    if entered:
        yield f"{', '.join(entered)}: prices entered by hand, those of other classes as listed"
    if pattern.growth:
        yield "of the year, the first month is the one above"
    noted: dict[str, list[str]] = {}
    for found, _ in it.found:
        for note in found.notes:
            noted.setdefault(note, []).append(found.offer.model)
    for note, models in noted.items():
        whose = "" if len(models) == len(it.found) else f"{', '.join(models)}: "
        yield f"{whose}{note}"
    limits = [
        fit.limit for _, fit in it.found if fit.limit is not None and fit.fits is not None
    ]
    for source, limit in {limit.source: limit for limit in limits if limit.source}.items():
        yield f"limits: {source}, checked {limit.checked}"


def _list(title: str, lines: Iterator[str]) -> None:
    rows = list(lines)
    if rows:
        console = out()
        console.print(f"\n{title}", highlight=False)
        for row in rows:
            console.print(f"  - {row}", highlight=False, markup=False, soft_wrap=True)


def as_data(it: Shown) -> dict[str, Any]:
    """Everything, for a machine."""
    pattern = it.asked.pattern
    return {
        "on": f"{it.asked.on:%Y-%m-%d}",
        "prices": it.asked.prices,
        "pattern": {
            "requests_a_month": float(pattern.requests),
            "input": float(pattern.input),
            "output": float(pattern.output),
            "peak_rpm": float(pattern.peak.rpm),
            "batch": float(pattern.batch),
            "growth": float(pattern.growth),
            "days": pattern.days,
            "prefix": float(pattern.caching.prefix) if pattern.caching else 0.0,
        },
        "models": [_model(it, found, fit) for found, fit in it.found],
        "what_if": [
            {
                "if": one.what,
                "monthly_nusd": one.forecast.monthly_nusd,
                "change_nusd": one.change_nusd(it.found[0][0]),
            }
            for one in it.variations
        ],
        "assumed": list(_assumptions(it)),
    }


def _model(it: Shown, found: Forecast, fit: Fit) -> dict[str, Any]:
    volume = break_even(found, it.self_hosted_nusd) if it.self_hosted_nusd else None
    return {
        "model": found.offer.model,
        "monthly_nusd": found.monthly_nusd,
        "yearly_nusd": found.yearly_nusd,
        "request_nusd": float(found.request_nusd),
        "vendor_nusd": found.vendor_nusd,
        "uncached_nusd": found.uncached_nusd,
        "dominant": found.dominant,
        "lines": [
            {
                "line": line.name,
                "kind": line.kind,
                "quantity": float(line.quantity),
                "monthly_nusd": line.nusd,
            }
            for line in found.lines
        ],
        "cache": _cache(found),
        "limits": {
            "tier": _tier(fit),
            "fits": fit.fits,
            "enough": fit.enough,
            "excesses": [excess.text for excess in fit.excesses],
        },
        "unfit": found.unfit,
        "self_hosted_from_requests": float(volume) if volume is not None else None,
        "notes": list(found.notes),
    }


def _cache(found: Forecast) -> dict[str, Any] | None:
    if found.shares is None:
        return None
    return {
        "ttl": found.ttl,
        "reads": float(found.shares.reads),
        "writes": float(found.shares.writes),
        "in_flight": float(found.shares.in_flight),
        "reads_needed": float(found.hit_needed) if found.hit_needed is not None else None,
        "saved_nusd": found.saved_by_cache_nusd,
    }
