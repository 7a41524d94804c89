"""What came of a run: totals, a grid of promises by pairs of surfaces, and every failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from headgate.conformance.case import CLIENTS, PAIRS
from headgate.conformance.families import families
from headgate.conformance.runner import Played

MARKS = {"holds": "✓", "fails": "✗", "none": "\N{EN DASH}"}
NOTHING = ""
"""a pair for which a promise has no meaning"""
SHORT = {"messages": "Messages", "chat": "Chat", "responses": "Responses"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One promise and what became of it for every pair of surfaces."""

    family: str
    promise: str
    marks: tuple[str, ...]
    """in the order of PAIRS"""


def totals(played: Iterable[Played]) -> dict[str, int]:
    """How many hold, fail and do not apply."""
    count = Counter(each.ruling.state for each in played)
    return {state: count[state] for state in MARKS}


def rows(played: Sequence[Played]) -> list[Row]:
    """Every promise once; where a pair plays it twice, the worse counts."""
    states: dict[tuple[str, str], dict[tuple[str, str], set[str]]] = {}
    for each in played:
        case = each.case
        pairs = states.setdefault((each.family, case.name), {})
        pairs.setdefault((case.caller, case.upstream), set()).add(each.ruling.state)
    return [
        Row(family, promise, tuple(_mark(pairs.get(pair, set())) for pair in PAIRS))
        for (family, promise), pairs in states.items()
    ]


def _mark(states: set[str]) -> str:
    worst = next((state for state in ("fails", "holds", "none") if state in states), "")
    return MARKS.get(worst, NOTHING)


def summary(played: Sequence[Played]) -> list[tuple[str, ...]]:
    """A line per family: its title, and per pair a mark, or how many of how many hold."""
    titles = {family.name: family.title for family in families()}
    out = []
    for name in dict.fromkeys(each.family for each in played):
        cells = []
        for pair in PAIRS:
            mine = [
                each.ruling.state
                for each in played
                if each.family == name and (each.case.caller, each.case.upstream) == pair
            ]
            held, judged = mine.count("holds"), len(mine) - mine.count("none")
            cells.append(_share(held, judged) if mine else NOTHING)
        out.append((titles[name], *cells))
    return out


def _share(held: int, judged: int) -> str:
    if not judged:
        return MARKS["none"]
    return MARKS["holds"] if held == judged else f"{MARKS['fails']} {held}/{judged}"


def heads() -> list[str]:
    """What the columns are: who asks through what, and what is asked."""
    return [f"{SHORT[caller]} → {SHORT[upstream]}" for caller, upstream in PAIRS]


def failures(played: Iterable[Played]) -> list[tuple[str, list[str]]]:
    """What fails, for whom, and what was seen."""
    out = []
    for each in played:
        if each.ruling.state == "fails":
            case = each.case
            who = f"{CLIENTS[case.caller]}, {SHORT[case.caller]} → {SHORT[case.upstream]}"
            out.append((f"{case.name} ({who})", list(each.ruling.why)))
    return out


def as_json(played: Sequence[Played]) -> Json:
    """Everything, for machines."""
    return {
        "totals": totals(played),
        "cases": [
            {
                "family": each.family,
                "promise": each.case.name,
                "client": each.case.client,
                "caller": each.case.caller,
                "upstream": each.case.upstream,
                "ruling": each.ruling.state,
                "why": list(each.ruling.why),
                "seconds": round(each.took_s, 3),
            }
            for each in played
        ],
    }
