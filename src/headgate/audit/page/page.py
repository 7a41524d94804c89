"""Writes the page: one file of HTML that opens without a network, and holds no script.

Rule 1: pure: the same report gives the same page.
Rule 2: whatever came from a caller, such as a key's or a model's name, is escaped.
Rule 3: every chart stands beside the figures it is drawn from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import NamedTuple

from headgate.audit.about import of_calls, usd
from headgate.audit.claims import finding_id
from headgate.audit.finding import Finding
from headgate.audit.firstlook import steps
from headgate.audit.page.pictures import BINS, Economy, Sessions, Spending
from headgate.audit.report import Report
from headgate.draw import svg
from headgate.draw.html import folded, items, table
from headgate.draw.html import page as whole

CLAIMS_SHOWN, BARS_SHOWN = 40, 14
LEVERS = {
    "cache": "caching",
    "downshift": "a cheaper model",
    "batch": "batches",
    "": "the rest",
}
TOLD = {
    "calls": "single calls",
    "cache": "what caches did",
    "sessions": "conversations",
    "heads": "the system prompt",
    "tools": "tools",
    "latency": "times",
    "tries": "failed tries",
    "purpose": "keys or tags",
}
"""what rows may tell, in a sentence"""
SURE = {
    "measured": "measured on data it was not chosen by",
    "strong": "plain from the rows",
    "hypothesis": "not shown",
}


class Pictures(NamedTuple):
    spending: Spending
    economy: Sequence[Economy]
    sessions: Sessions | None


def page(report: Report, pictures: Pictures) -> str:
    """The whole page."""
    parts = [
        *_head(report),
        *_value(report),
        *_time(pictures.spending),
        *_claims(report),
        *_joint(report),
        *_economy(pictures.economy),
        *_sessions(pictures.sessions),
        *_hypotheses(report),
        *_verified(report),
        *_first_look(report),
        *_limits(report),
    ]
    return whole(f"Audit of {_span(report)}", parts)


def _head(report: Report) -> Iterable[str]:
    audit, verdict = report.audit, report.reconciled
    tone = {"reconciled": "good", "unreconciled": "bad"}.get(verdict.state, "warn")
    yield "<h1>What the bill bought, and what it wasted</h1>"
    yield f'<p class="soft">{escape(_span(report))}, UTC</p>'
    word, _, said = verdict.heading.partition(": ")
    yield f'<p class="{tone}"><span class="stamp">{escape(word)}</span> {escape(said)}</p>'
    for why in verdict.why:
        yield f'<p class="soft">{escape(why)}</p>'
    share = audit.joint.total_nusd / audit.nusd if audit.nusd else 0.0
    sums = (
        (usd(audit.nusd), f"spent on {of_calls(audit.calls)}"),
        (usd(audit.joint.total_nusd), f"claimable together: {share:.1%} of it"),
        (usd(audit.joint.ceiling_nusd), "the ceiling, with perfect foresight"),
        (f"{len(audit.hypotheses):,}", "hypotheses, in none of these sums"),
    )
    boxes = "".join(f"<li><b>{escape(a)}</b>{escape(b)}</li>" for a, b in sums)
    yield f'<ul class="sums">{boxes}</ul>'
    for it in audit.sources:
        if it.simulated:
            said = f"{it.simulated:,} of the calls were answered by the simulator."
            yield f'<p class="warn">{said}</p>'


def _value(report: Report) -> Iterable[str]:
    buckets = report.audit.buckets
    if not buckets:
        return
    yield "<h2>Value and waste</h2>"
    if all(it.value is None for it in buckets):
        yield (
            '<p class="soft">Nobody has said what calls are made for:'
            " <code>headgate audit purposes --suggest</code> prints a map to begin with.</p>"
        )
    bars = [
        svg.Bar(
            it.name,
            (it.after_nusd / 1e9, (it.spend_nusd - it.after_nusd) / 1e9),
            f"{usd(it.spend_nusd)} → {usd(it.after_nusd)}",
        )
        for it in buckets[:BARS_SHOWN]
    ]
    yield svg.rows("Spend by purpose, and what of it is claimable", ("kept", "claimable"), bars)
    worth = {True: "value", False: "no value", None: "nobody said"}
    rows = [
        (it.name, worth[it.value], f"{it.calls:,}", usd(it.spend_nusd), usd(it.after_nusd))
        for it in buckets
    ]
    yield table(
        ("purpose", "business value", "calls", "before", "after"), rows, numbers=(2, 3, 4)
    )


def _time(found: Spending) -> Iterable[str]:
    unit = "hour" if found.step_us < 86_400_000_000 else "day"
    yield f"<h2>Spend by the {unit}</h2>"
    series = [svg.Series(name, values) for name, values in found.series]
    yield svg.columns(f"Dollars by the {unit}, by model", found.labels, series, _short_usd)
    rows = [(name, f"${sum(values):,.2f}") for name, values in found.series]
    yield folded("the sums", table(("model", "spend"), rows, numbers=(1,)))
    if found.by_hour:
        labels = [f"{hour:02d}:00" for hour in range(24)]
        hours = [svg.Series("all models", found.by_hour)]
        yield "<h3>By the hour of the day (UTC)</h3>"
        yield svg.columns("Dollars by the hour of the day", labels, hours, _short_usd)


def _claims(report: Report) -> Iterable[str]:
    claims = report.audit.claims
    yield "<h2>What to change</h2>"
    if not claims:
        yield "<p>No waste was found that can be claimed from this evidence.</p>"
    for it in claims[:CLAIMS_SHOWN]:
        yield _finding(report, it)
    if len(claims) > CLAIMS_SHOWN:
        yield f'<p class="soft">and {len(claims) - CLAIMS_SHOWN:,} smaller ones</p>'


def _finding(report: Report, it: Finding) -> str:
    less = beside(it, report.audit.adds(it))
    rows = f"{it.rows:,} rows, " if it.rows else ""
    told = f"{rows}{SURE[it.confidence]}{less}"
    name = "" if report.readings else finding_id(it)
    mark = f" · <code>{escape(name)}</code>" if name else ""
    return (
        f'<section class="finding"><header><h3>{escape(it.subject)}</h3>'
        f"<b>{escape(usd(it.saving_nusd))}</b></header><p>{escape(it.what)}</p>"
        f'<p class="soft">{escape(it.rule)} · {escape(told)}{mark}</p>'
        f"<pre>{escape(it.change)}</pre></section>"
    )


def _is_counted(report: Report, it: Finding) -> bool:
    """Is it about what calls cost, so that the one total is also of it?"""
    return it.rows > 0 or report.audit.adds(it) > 0


def beside(it: Finding, adds: int) -> str:
    """How a claim stands to the one total, where that is not plain; empty: it is."""
    if not it.rows and not adds:
        return ", beside the total: this is not paid by the call"
    return "" if adds == it.saving_nusd else f", adds {usd(adds)} to the total"


def _joint(report: Report) -> Iterable[str]:
    whole = report.audit.joint
    if not report.audit.claims:
        return
    if len(report.audit.claims) == 1:
        return
    alone = usd(sum(it.saving_nusd for it in report.audit.claims if _is_counted(report, it)))
    yield "<h2>Together</h2>"
    yield (
        f"<p>Savings overlap: added up they would come to {escape(alone)}. Done together they"
        f" save {escape(usd(whole.total_nusd))}; each lever's part of that is what it adds on"
        " average over all orders in which they could be pulled.</p>"
    )
    rows = [
        (LEVERS[lever], usd(whole.alone.get(lever, 0)), usd(nusd))
        for lever, nusd in whole.shares.items()
        if nusd or whole.alone.get(lever)
    ]
    yield table(("lever", "alone", "part of the total"), rows, numbers=(1, 2))


def _economy(found: Sequence[Economy]) -> Iterable[str]:
    if not found:
        return
    yield "<h2>What caches did</h2>"
    bars = [
        svg.Bar(
            it.model,
            tuple(part / 1e9 for part in (it.fresh, it.read, it.write)),
            f"saved {usd(it.saved)}" if it.saved >= 0 else f"lost {usd(-it.saved)}",
        )
        for it in found
    ]
    yield svg.rows("Cost of input by class", ("read anew", "cache reads", "cache writes"), bars)
    rows = [
        (
            it.model,
            *(usd(part) for part in (it.fresh, it.read, it.write, it.uncached, it.saved)),
        )
        for it in found
    ]
    heads = ("model", "read anew", "cache reads", "cache writes", "without a cache", "saved")
    yield folded("the figures", table(heads, rows, numbers=(1, 2, 3, 4, 5)))


def _sessions(found: Sessions | None) -> Iterable[str]:
    if found is None:
        return
    yield "<h2>Sessions</h2>"
    median = escape(usd(found.median_nusd))
    yield f"<p>{found.total:,} sessions; half of them cost {median} or less.</p>"
    labels = [f"≤ ${end:g}" for end in BINS] + [f"> ${BINS[-1]:g}"]
    series = [svg.Series("sessions", [float(count) for count in found.counts])]
    yield svg.columns("Sessions by what they cost", labels, series, _plain)
    rows = [
        (
            it.name,
            it.project,
            f"{it.calls:,}",
            f"{it.largest_input:,}",
            usd(it.nusd),
            f"{it.nusd / found.median_nusd:,.1f} times" if found.median_nusd > 0 else "",
        )
        for it in found.top
    ]
    heads = ("session", "project", "calls", "largest prompt", "spend", "the median")
    yield table(heads, rows, numbers=(2, 3, 4, 5))


def _hypotheses(report: Report) -> Iterable[str]:
    guesses = report.audit.hypotheses
    if not guesses:
        return
    yield "<h2>Hypotheses</h2>"
    yield "<p>Possible, and not shown: in no sum above. What would settle each is said.</p>"
    for it in guesses[:CLAIMS_SHOWN]:
        yield (
            f'<section class="finding"><header><h3>{escape(it.subject)}</h3>'
            f"<b>up to {escape(usd(it.saving_nusd))}</b></header><p>{escape(it.what)}</p>"
            f'<p class="soft">To settle it: {escape(it.needs)}</p></section>'
        )
    if len(guesses) > CLAIMS_SHOWN:
        yield f'<p class="soft">and {len(guesses) - CLAIMS_SHOWN:,} smaller ones</p>'


def _verified(report: Report) -> Iterable[str]:
    if not report.verified:
        return
    yield "<h2>What came of earlier changes</h2>"
    rows = [
        (claim.subject, usd(claim.claimed_nusd), it.words, it.saved)
        for claim, it in report.verified
    ]
    yield table(("about", "claimed", "state", "saved since"), rows, numbers=(1, 3))


def _first_look(report: Report) -> Iterable[str]:
    yield "<h2>The first look</h2>"
    for step in steps(report.quick, report.names):
        mark = ' <span class="warn">look here</span>' if step.flagged else ""
        lines = "".join(f"<li>{escape(line)}</li>" for line in step.lines)
        yield f"<h3>{escape(step.title)}{mark}</h3><ul>{lines}</ul>"


def _limits(report: Report) -> Iterable[str]:
    yield "<h2>What this rests on</h2>"
    rows = [
        (
            it.name or "gateway",
            f"{it.calls:,}",
            usd(it.nusd),
            _day(it.first_us),
            _day(it.last_us),
        )
        for it in report.audit.sources
    ]
    yield table(("source", "calls", "spend", "from", "to"), rows, numbers=(1, 2))
    words = [
        f"{it.kind}: {it.lines:,} lines of {it.files:,} files, {it.malformed:,} could not be"
        f" read, {it.twice:,} calls were there twice"
        for it in report.readings
    ]
    words += [word for it in report.readings for word in it.words]
    words += [f"left out: {file}: {why}" for file, why in report.unread]
    words += [
        f"{it.title}: not judged for {it.source or 'gateway'} rows ({usd(it.nusd)}), which do"
        f" not tell {' and '.join(TOLD.get(word, word) for word in it.lacks)}"
        for it in report.audit.left_out
    ]
    words += [
        f"{usd(it.ceiling_nusd)} of {it.name or 'gateway'} rows is at the ceiling price: nobody"
        " knows what those models cost"
        for it in report.audit.sources
        if it.ceiling_nusd
    ]
    words += [
        f"{usd(it.stated_nusd)} of {it.name or 'gateway'} rows is what their source says they"
        " cost: they have no tokens, or a model without a listed price"
        for it in report.audit.sources
        if it.stated_nusd
    ]
    yield items(words)


def _span(report: Report) -> str:
    return f"{_day(report.audit.since_us)} to {_day(report.audit.until_us - 1)}"


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d")


def _short_usd(value: float) -> str:
    return f"${_plain(value)}" if value >= 1 or value == 0 else f"${value:.3g}"


def _plain(value: float) -> str:
    """As short as it can be said without being another: 12.5, 50."""
    return f"{value:,.2f}".rstrip("0").removesuffix(".")
