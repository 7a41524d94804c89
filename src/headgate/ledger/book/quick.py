"""Decides what a first look at a bill says: the four steps that a person would do by hand.

Rule 1: it looks at the last DAYS days that there are calls of.
Rule 2: a step that a source cannot answer says so; an empty answer is never taken for a good
one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from headgate.ledger.book.question import DAY_US, Asks, Cut, Reply, ask, known
from headgate.ledger.book.questions import prefixes, spikes
from headgate.ledger.book.questions.prefixes import Prefix
from headgate.ledger.book.questions.spikes import Day, Pair
from headgate.stats.spike import highest

DAYS = 30
FEW_PROMPTS, MANY_CALLS = 10, 10_000
CACHED = 0.1
"""a share of input read from caches below this: there is hardly any caching"""
TOP = 5
STEPS = ("prompts", "pairs", "spike", "prefixes")


class Prompts(NamedTuple):
    """Distinct system prompts against calls."""

    heads: int
    calls: int
    unknown: int
    """calls whose prompt is too short to tell, or has no system prompt"""
    read_share: float
    """of their input, what was read from caches"""

    @property
    def flagged(self) -> bool:
        """The same few prompts are sent again and again, and no cache holds them."""
        few = 0 < self.heads < FEW_PROMPTS and self.calls >= MANY_CALLS
        return few and self.read_share < CACHED


class Cause(NamedTuple):
    """Who or what cost more on the day than before."""

    what: str
    """key, model, project or prompt"""
    name: str
    """of a key its id; of a prompt the first digits of its hash"""
    cost_nusd: int
    usual_nusd: int

    @property
    def grew_nusd(self) -> int:
        return self.cost_nusd - self.usual_nusd


class Spike(NamedTuple):
    """The day that cost most beyond what the days before it did."""

    day_us: int
    calls: int
    cost_nusd: int
    usual_nusd: int
    """the median of the days before"""
    causes: tuple[Cause, ...]
    """of each kind the one that grew most, the largest first"""
    conspicuous: bool
    """far above the usual, and not by chance of a pause"""


@dataclass(frozen=True, slots=True)
class Quick:
    """The first screen of an audit."""

    since_us: int
    until_us: int
    calls: int
    cost_nusd: int
    prompts: Prompts | None
    pairs: tuple[Pair, ...]
    spike: Spike | None
    """None: there are not two days to compare, or no day cost more than those before it"""
    prefixes: tuple[Prefix, ...]
    unable: dict[str, str] = field(default_factory=dict)
    """by step: why it has no answer, or whose rows have no part in it"""


def quick(book: Asks) -> Quick:
    """Take the four steps."""
    ((last,),) = book.rows("SELECT max(at_us) FROM book")
    if not book.sources:
        words = dict.fromkeys(STEPS, "there are no calls yet")
        return Quick(0, 0, 0, 0, None, (), None, (), words)
    since_us, until_us = max(0, int(last) + 1 - DAYS * DAY_US), int(last) + 1
    cut = Cut(since_us=since_us, until_us=until_us, limit=TOP)
    days = ask(book, spikes.DAYS, cut).rows
    told = ask(book, prefixes.DISTINCT, cut)
    repeated = ask(book, prefixes.REPEATED, cut)
    spike = _spike(book, days)
    ((calls, nusd),) = book.rows(
        "SELECT coalesce(sum(calls), 0), coalesce(sum(cost_nusd), 0) FROM book"  # noqa: S608 - numbers
        f" WHERE at_us >= {since_us:d}"
    )
    unable = _unable(book, told, repeated)
    if spike is None:
        unable["spike"] = _flat(days)
    return Quick(
        since_us,
        until_us,
        int(calls),
        int(nusd),
        _prompts(told),
        tuple(ask(book, spikes.PAIRS, cut).rows),
        spike,
        tuple(repeated.rows),
        unable,
    )


def _prompts(told: Reply[prefixes.Told]) -> Prompts | None:
    if not told.rows or not told.rows[0].calls:
        return None
    it = told.rows[0]
    return Prompts(it.heads, it.calls, it.unknown, it.read / it.input if it.input else 0.0)


def _unable(book: Asks, told: Reply[prefixes.Told], repeated: Reply[Prefix]) -> dict[str, str]:
    found: dict[str, str] = {}
    words = _left_out(book, told.left_out)
    short = "no call has a system prompt or tools, or all are too short for a cache"
    if words or not told.rows[0].calls:
        found["prompts"] = words or short
    if words or not repeated.rows:
        found["prefixes"] = words or "no beginning of a prompt came twice"
    if all(known(it) == frozenset() for it in book.sources):
        found["pairs"] = "the source may not tell endpoints apart"
    return found


def _left_out(book: Asks, sources: Iterable[str]) -> str:
    names = sorted(sources)
    if not names:
        return ""
    what = f"{', '.join(names)}: carries no system prompts, so that prompts cannot be compared"
    return what if len(names) == len(book.sources) else f"without rows of {what}"


def _flat(days: list[Day]) -> str:
    if not days:
        return "the source tells no single days"
    return (
        "all calls are of one day" if len(days) == 1 else "no day cost more than those before"
    )


def _spike(book: Asks, days: list[Day]) -> Spike | None:
    """The day furthest above the days before; days without calls cost nothing."""
    cost = {it.at_us // DAY_US: it for it in days}
    found = highest({number: it.cost_nusd for number, it in cost.items()})
    if found is None:
        return None
    day = cost[found.day]
    causes = _causes(book, day.at_us, range(days[0].at_us, day.at_us, DAY_US))
    return Spike(day.at_us, day.calls, day.cost_nusd, found.usual, causes, found.stands_out)


def _causes(book: Asks, day_us: int, before: range) -> tuple[Cause, ...]:
    found = []
    for what in spikes.GROUPS:
        cut = Cut(by=what, since_us=before.start, until_us=day_us + DAY_US, limit=200)
        grown = [
            Cause(what, _name(what, it.name), it.cost_nusd, it.before_nusd // len(before))
            for it in ask(book, spikes.GROWTH, cut).rows
            if it.name not in ("", "0")  # nobody's: the row does not tell
        ]
        most = max(grown, key=lambda it: it.grew_nusd, default=None)
        if most is not None and most.grew_nusd > 0:
            found.append(most)
    return tuple(sorted(found, key=lambda it: -it.grew_nusd))


def _name(what: str, name: str) -> str:
    return f"{int(name):016x}"[:8] if what == "prompt" else name
