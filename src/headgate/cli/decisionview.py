"""How a decision is told: in the terminal, as data, and as a page that opens offline.

Rule 1: what is unknown is told as a doubt, beside what is known.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from headgate.audit.about import usd
from headgate.cli.deciding import Asking, Move
from headgate.cli.terminal import out, print_json, print_table
from headgate.draw import svg
from headgate.draw.html import items, table
from headgate.draw.html import page as whole
from headgate.money.decision.gateway import Advice, Situation
from headgate.money.decision.verdict import Verdict, Weighed
from headgate.money.pattern import ONE
from headgate.money.roi import Return, roi
from headgate.store.decision import Decision

HEADS = ("model", "a month", "with wrong answers", "first token", "window used", "limits", "")
FIGURES = range(1, 5)
"""which of these columns hold figures"""
MONTHS = 6
YEAR = 12


class Again(NamedTuple):
    """A saved decision, and what is said now."""

    saved: Decision
    verdict: Verdict

    @property
    def flips(self) -> bool:
        return self.saved.said != self.verdict.choice

    def as_data(self) -> dict[str, Any]:
        return {
            "name": self.saved.name,
            "at_us": self.saved.at_us,
            "flips": self.flips,
            "was": self.saved.said,
            "is": self.verdict.choice,
            "reasons": self.verdict.reasons,
            "was_monthly_nusd": json.loads(self.saved.costs),
            "monthly_nusd": {
                it.candidate.name: it.candidate.monthly_nusd for it in self.verdict.weighed
            },
        }


def show(asking: Asking, verdict: Verdict, assumed: Sequence[str]) -> None:
    """Everything, for a person."""
    console = out()
    console.print(f"[bold]{verdict.choice or 'nothing fits'}[/bold]", highlight=False)
    for reason in verdict.reasons:
        console.print(f"  {reason}", highlight=False)
    print_table(HEADS, [row(it) for it in verdict.weighed])
    for title, lines in _told(asking, verdict, assumed):
        if lines:
            console.print(title, highlight=False)
            for line in lines:
                console.print(f"  {line}", highlight=False)


def as_data(asking: Asking, verdict: Verdict, assumed: Sequence[str]) -> dict[str, Any]:
    """The decision as one JSON document."""
    pattern = asking.workload.pattern
    found: dict[str, Any] = {
        "choice": verdict.choice,
        "reasons": verdict.reasons,
        "models": [_as_model(it) for it in verdict.weighed],
        "pays_from": [
            {**step._asdict(), "fewer_wrong": float(step.fewer_wrong)} for step in verdict.steps
        ],
        "turned_by": [turn._asdict() for turn in verdict.turns],
        "tried": verdict.tried,
        "requests_a_month": float(pattern.requests),
        "prices_of": f"{asking.workload.on:%Y-%m-%d}",
        "price_list": asking.workload.prices,
        "assumed": list(assumed),
    }
    back = returned(asking.move, verdict)
    if back is not None:
        months = back.months_to_recoup
        found["move"] = {
            "saving_nusd": float(back.saving_nusd),
            "cost_nusd": back.cost_nusd,
            "months_to_recoup": float(months) if months is not None else None,
        }
    return found


def returned(move: Move | None, verdict: Verdict) -> Return | None:
    """What moving to the choice brings; None: nobody asked, or it is in use already."""
    costs = {it.candidate.name: it.total_nusd for it in verdict.weighed}
    if move is None or not verdict.choice or move.current == verdict.choice:
        return None
    saving = costs[move.current] - costs[verdict.choice]
    return roi(move.hours, move.hourly_nusd, saving * ONE)


def row(it: Weighed) -> tuple[str, ...]:
    one = it.candidate
    first = f"{one.pace.ttft_s:,.2f} s" if one.pace.ttft_s else "?"
    window = f"{one.room.needed / one.room.window:.0%}" if one.room.window else "?"
    limits = {True: "fit", False: "too tight", None: "?"}[one.load.fits]
    word = "out: " + "; ".join(it.out) if it.out else "; ".join(it.doubts)
    return (
        one.name,
        usd(one.monthly_nusd),
        usd(it.total_nusd) if it.mistakes_nusd else "",
        first,
        window,
        limits,
        word,
    )


def _as_model(it: Weighed) -> dict[str, Any]:
    one = it.candidate
    return {
        "model": one.name,
        "monthly_nusd": one.monthly_nusd,
        "mistakes_nusd": it.mistakes_nusd,
        "total_nusd": it.total_nusd,
        "out": it.out,
        "doubts": it.doubts,
        "room": one.room._asdict(),
        "pace": one.pace._asdict(),
        "limits": one.load._asdict(),
        "right": float(one.measured.right) if one.measured else None,
        "notes": one.notes,
    }


def _told(
    asking: Asking, verdict: Verdict, assumed: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    """What stands below the table."""
    yield "Room", list(_room(asking, verdict))
    yield (
        "When the dearer model pays",
        [
            f"{it.dearer} instead of {it.cheaper}: where one wrong answer costs"
            f" {usd(it.pays_from_nusd)} or more; it spares {float(it.fewer_wrong):,.0f} of them"
            " a month"
            for it in verdict.steps
        ],
    )
    yield "Moving", list(_moving(asking.move, verdict))
    yield (
        "What would turn it",
        [f"{turn.change}: {turn.choice or 'none could be taken'}" for turn in verdict.turns]
        or [
            f"none of {len(verdict.tried)} changes that were tried: {', '.join(verdict.tried)}"
        ],
    )
    chosen = [it for it in verdict.weighed if it.candidate.name == verdict.choice]
    notes = [note for it in chosen for note in it.candidate.notes]
    yield (
        "Assumed",
        [
            *assumed,
            *notes,
            f"prices of {asking.workload.on:%Y-%m-%d}, as listed by {asking.workload.prices}",
        ],
    )


def _room(asking: Asking, verdict: Verdict) -> Iterator[str]:
    prompt = asking.question.prompt
    for it in verdict.weighed[:8]:
        room, name = it.candidate.room, it.candidate.name
        said = []
        if prompt.chunk:
            said.append(f"{room.chunks:,} chunks of {prompt.chunk:,} tokens")
        if prompt.turn:
            said.append(f"{room.turns:,} turns of {prompt.turn:,} tokens")
        if prompt.document:
            cut = "has to be cut into pieces" if room.must_cut else "fits whole"
            said.append(f"the longest document {cut}")
        if said:
            yield f"{name}: {', '.join(said)}"


def _moving(move: Move | None, verdict: Verdict) -> Iterator[str]:
    if move is None:
        return
    back = returned(move, verdict)
    if back is None:
        yield f"{move.current} is in use already"
        return
    saving = round(back.saving_nusd)
    if saving <= 0:
        yield f"moving from {move.current} costs {usd(-saving)} a month more"
        return
    yield f"moving from {move.current} saves {usd(saving)} a month"
    months = back.months_to_recoup
    if not back.cost_nusd or months is None:
        return
    yield f"it takes {usd(back.cost_nusd)} of work, back after {float(months):,.2f} months"
    half, year = back.net_percent(MONTHS), back.net_nusd(YEAR)
    if half is not None:
        left = usd(round(year))
        yield f"after {MONTHS} months {float(half):,.0f} % net; after a year {left}"
    costs = {it.candidate.name: it.total_nusd for it in verdict.weighed}
    share = back.saving_nusd / costs[move.current] if costs[move.current] else None
    needed = back.spend_needed_nusd(share, ONE * YEAR) if share else None
    if needed is not None:
        yield f"a bill below {usd(round(needed))} a month would not repay it within a year"


def show_again(found: Sequence[Again]) -> None:
    rows = []
    for it in found:
        costs = {one.candidate.name: one.candidate.monthly_nusd for one in it.verdict.weighed}
        was = json.loads(it.saved.costs).get(it.saved.said, 0)
        rows.append(
            (
                it.saved.name,
                time.strftime("%Y-%m-%d", time.gmtime(it.saved.at_us / 1e6)),
                f"{it.saved.said or 'none'} at {usd(was)}",
                f"{it.verdict.choice or 'none'} at {usd(costs.get(it.verdict.choice, 0))}",
                "flips" if it.flips else "holds",
            )
        )
    print_table(("decision", "of", "was", "is", ""), rows)
    for it in found:
        if it.flips:
            out().print(f"{it.saved.name}: {'; '.join(it.verdict.reasons)}", highlight=False)


def show_gateway(situation: Situation, advice: Advice, *, as_json: bool) -> None:
    if as_json:
        print_json({**situation._asdict(), **advice._asdict()})
        return
    console = out()
    word = "a gateway pays" if advice.take_it else "stay with the direct API"
    console.print(f"[bold]{word}[/bold]", highlight=False)
    for reason in advice.reasons:
        console.print(f"  for it: {reason}", highlight=False)
    if not advice.reasons:
        console.print("  for it: nothing of what was said", highlight=False)
    for reason in advice.against:
        console.print(f"  against it: {reason}", highlight=False)


def page(asking: Asking, verdict: Verdict, assumed: Sequence[str]) -> str:
    """One file of HTML, without a script."""
    bars = [
        svg.Bar(
            it.candidate.name,
            (it.candidate.monthly_nusd / 1e9, it.mistakes_nusd / 1e9),
            usd(it.total_nusd) + (" (out)" if it.out else ""),
        )
        for it in verdict.weighed
    ]
    parts = [
        f"<h1>{escape(verdict.choice or 'Nothing fits')}</h1>",
        *(f"<p>{escape(reason)}</p>" for reason in verdict.reasons),
        "<h2>A month</h2>",
        svg.rows("Dollars a month", ("the vendor's bill", "wrong answers"), bars),
        table(HEADS, [row(it) for it in verdict.weighed], numbers=FIGURES),
    ]
    for title, lines in _told(asking, verdict, assumed):
        if lines:
            parts.append(f"<h2>{escape(title)}</h2>{items(lines, '')}")
    return whole("Decision", parts)
