"""How an audit is told in the terminal, and as data: the same report either way.

Rule 1: what is claimed, what is possible and what was not judged stand apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from textwrap import indent, wrap
from typing import Any

from headgate.audit.about import of_calls, rows_told, usd
from headgate.audit.claims import finding_id
from headgate.audit.finding import Finding
from headgate.audit.page.page import LEVERS, SURE, TOLD, beside
from headgate.audit.report import Report
from headgate.cli.terminal import named, out, print_table, safe

WIDTH = 92
SHOWN = 5
"""files that were left out, by name"""
KEPT = (
    "nothing of this was kept: `headgate import` brings these calls into the book, so that an"
    " audit can say later what a change has saved; --html FILE writes all of this as a page"
)
WORTH = {True: "value", False: "no value", None: "nobody said"}


def show(report: Report, *, top: int) -> None:
    """Print the report; the quick screen was printed before."""
    audit = report.audit
    _line(f"[bold]{report.reconciled.heading}[/bold]")
    for why in report.reconciled.why:
        _line(why)
    for text in _readings(report):
        _line(text)
    share = audit.joint.total_nusd / audit.nusd if audit.nusd else 0.0
    _line("")
    if report.quick.calls != audit.calls:
        _line(
            f"[bold]{usd(audit.nusd)}[/bold] on {of_calls(audit.calls)},"
            f" {day(audit.since_us)} to {day(audit.until_us - 1)} (UTC)"
        )
    _line(
        f"[bold]{usd(audit.joint.total_nusd)}[/bold] ({share:.1%}) claimable together;"
        f" the ceiling, with perfect foresight, is {usd(audit.joint.ceiling_nusd)}"
    )
    _buckets(report)
    for at, finding in enumerate(audit.claims[:top], 1):
        _finding(report, at, finding)
    if len(audit.claims) > top:
        _line(f"\n{len(audit.claims) - top:,} smaller findings: --top {len(audit.claims)}")
    _joint(report)
    _hypotheses(report, top)
    _verified(report)
    _left_out(report)
    if report.readings:
        _line("")
        _para(KEPT)


def as_data(report: Report) -> dict[str, Any]:
    """The report as one JSON document."""
    audit, verdict = report.audit, report.reconciled
    return {
        "since_us": audit.since_us,
        "until_us": audit.until_us,
        "calls": audit.calls,
        "spend_nusd": audit.nusd,
        "reconciled": {
            "state": verdict.state,
            "delta_share": verdict.delta_share,
            "days": verdict.days,
            "why": verdict.why,
        },
        "sources": named(audit.sources),
        "read": named(report.readings),
        "unread": [{"file": file, "why": why} for file, why in report.unread],
        "quick": named(report.quick),
        "claims": [_as_finding(report, it) for it in audit.claims],
        "hypotheses": [_as_finding(report, it) for it in audit.hypotheses],
        "joint": {
            "total_nusd": audit.joint.total_nusd,
            "ceiling_nusd": audit.joint.ceiling_nusd,
            "parts_nusd": {lever or "other": it for lever, it in audit.joint.shares.items()},
            "alone_nusd": {lever or "other": it for lever, it in audit.joint.alone.items()},
            "waterfall_nusd": [[lever, nusd] for lever, nusd in audit.joint.waterfall],
        },
        "buckets": named(audit.buckets),
        "verified": [
            {"claim": named(claim), "found": named(found)} for claim, found in report.verified
        ],
        "not_judged": named(audit.left_out),
    }


def day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d")


def _as_finding(report: Report, it: Finding) -> dict[str, Any]:
    return {
        "id": finding_id(it),
        **named(it),
        "adds_nusd": report.audit.adds(it),
    }


def _line(text: str) -> None:
    out().print(text, highlight=False, soft_wrap=True)


def _readings(report: Report) -> Iterator[str]:
    for it in report.readings:
        wrong = f"; {of(it.malformed, 'line')} could not be read" if it.malformed else ""
        twice = f"; {it.twice:,} were there twice, and count once" if it.twice else ""
        told = rows_told(it.calls, it.sums, it.of_sums)
        yield f"{it.kind}: {told} in {of(it.files, 'file')}{twice}{wrong}"
        for words in it.words:
            yield f"   {escaped(words)}"
    for file, why in report.unread[:SHOWN]:
        yield f"left out: {escaped(file)}: {escaped(why)}"
    if len(report.unread) > SHOWN:
        yield f"left out: {len(report.unread) - SHOWN:,} files more (--json names them all)"
    read = sum(it.calls - it.sums + it.of_sums for it in report.readings)
    if report.readings and read != report.audit.calls:
        yield f"{of(report.audit.calls, 'call')} of them in this window: see --since"


def _buckets(report: Report) -> None:
    rows = [
        (it.name, WORTH[it.value], f"{it.calls:,}", usd(it.spend_nusd), usd(it.after_nusd))
        for it in report.audit.buckets
    ]
    if len(rows) > 1 or any(it.value is not None for it in report.audit.buckets):
        print_table(("purpose", "business value", "calls", "before", "after"), rows)
    else:
        _line("no call has a purpose yet: headgate audit purposes --suggest prints a map")


def _finding(report: Report, at: int, it: Finding) -> None:
    less = beside(it, report.audit.adds(it))
    name = finding_id(it)
    mark = f"  \\[{name}]" if name and not report.readings else ""
    _line(f"\n[bold]{at}. {usd(it.saving_nusd)}[/bold]  {escaped(it.subject)}{mark}")
    _para(it.what)
    rows = f"{it.rows:,} rows, " if it.rows else ""
    _para(f"{it.rule}: {rows}{SURE[it.confidence]}{less}")
    _line(indent(escaped(it.change), "     "))


def _joint(report: Report) -> None:
    whole = report.audit.joint
    if not report.audit.claims:
        _line("\nno waste was found that can be claimed from this evidence")
        return
    rows = [
        (LEVERS[lever], usd(whole.alone[lever]) if lever in whole.alone else "", usd(nusd))
        for lever, nusd in whole.shares.items()
        if nusd or whole.alone.get(lever)
    ]
    if len(rows) == 1 and len(report.audit.claims) == 1:
        _line("")
        return
    rows.append(("together", "", usd(whole.total_nusd)))
    print_table(("lever", "alone (not to be added up)", "part of the total"), rows)


def _hypotheses(report: Report, top: int) -> None:
    guesses = report.audit.hypotheses
    if guesses:
        _line("[bold]Hypotheses[/bold], in no sum above; what would settle each:")
    for it in guesses[:top]:
        _line(f"\n   up to {usd(it.saving_nusd)}  {escaped(it.subject)}")
        _para(it.what)
        _para(f"To settle it: {it.needs}")
    if len(guesses) > top:
        _line(f"\n   and {len(guesses) - top:,} more: --top {len(guesses)}")


def _verified(report: Report) -> None:
    rows = [
        (claim.id, claim.subject, usd(claim.claimed_nusd), it.words, it.saved)
        for claim, it in report.verified
    ]
    if rows:
        print_table(("id", "changed", "claimed", "state", "saved since"), rows)


def _left_out(report: Report) -> None:
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for it in report.audit.left_out:
        grouped.setdefault((it.source, it.lacks), []).append(it.title)
    for (source, lacks), titles in grouped.items():
        _line("")
        _para(
            f"not judged, as {source or 'gateway'} rows do not tell {_and(lacks)}: "
            + "; ".join(titles)
        )
    ceiling = sum(it.ceiling_nusd for it in report.audit.sources)
    if ceiling:
        _para(f"{usd(ceiling)} is at the ceiling price: nobody knows what those models cost")
    stated = sum(it.stated_nusd for it in report.audit.sources)
    if stated:
        _para(
            f"{usd(stated)} is what the sources say rows cost that have no tokens, or a model"
            " without a listed price"
        )
    simulated = sum(it.simulated for it in report.audit.sources)
    if simulated:
        _para(f"{simulated:,} of the calls were answered by the simulator")


def _and(words: Sequence[str]) -> str:
    return " and ".join(TOLD.get(it, it) for it in words)


def _para(text: str) -> None:
    for line in text.splitlines():
        for part in wrap(line, WIDTH) or [""]:
            _line(f"   {escaped(part)}")


def of(count: int, what: str) -> str:
    """As in: 1 call, 2 calls."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def escaped(text: str) -> str:
    """Words of callers are no markup, and steer no terminal."""
    return safe(text).replace("[", "\\[")
