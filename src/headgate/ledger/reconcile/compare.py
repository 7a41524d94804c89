"""Compares our sums with the provider's, line by line, and explains what is between them.

Rule 1: pure: prices come as a function, and nothing is read.
Rule 2: a difference is split exactly into what more or fewer tokens cost, at our prices, and
what other prices cost; causes that can be counted take their part, the rest says so.
Rule 3: explaining does not forgive: the difference counts whatever its cause, but for calls
at midnight, which are in both sums and on another day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from headgate.ledger.reconcile.sides import (
    LINE_OF,
    LINES,
    TOKENS,
    Loose,
    Ours,
    Place,
    Theirs,
)
from headgate.money.pricing import Rates
from headgate.wire.model import STANDARD

Price = Callable[[str, str, int], Rates]
"""the list prices of a vendor's model on a day"""

PENNY = 10_000_000
NOISE = 0.0005
"""a smaller share of a line is not looked into"""
SAME_RATE = 0.004
SEARCHED_DAYS = 60
_TERMS = (
    (0.5, "half of it: batch or flex"),
    (1.1, "1.1 times it: inference_geo us"),
    (2.0, "twice it: priority, fast mode or a long prompt's band"),
    (5.0, "five times it: the band of prompts above 100,000 tokens"),
)


EXCUSED = ("midnight", "tier")
"""causes that are no disagreement: another day has it, or no report of that kind ever has"""


class Cause(NamedTuple):
    """One reason for a difference, and how much of it."""

    kind: str
    nusd: int
    """theirs less ours"""
    words: str


@dataclass(slots=True)
class Line:
    """One day of one model, on both sides."""

    place: Place
    ours: Ours
    theirs: Theirs
    ours_nusd: int
    theirs_nusd: int
    valued: bool
    """the provider reports tokens alone: they are counted at what ours cost"""
    causes: list[Cause] = field(default_factory=list)

    @property
    def delta_nusd(self) -> int:
        return self.theirs_nusd - self.ours_nusd

    @property
    def counted_nusd(self) -> int:
        """What counts against us: all of it but what another day makes good, and what the
        report never tells."""
        excused = sum(it.nusd for it in self.causes if it.kind in EXCUSED)
        return abs(self.delta_nusd - excused)

    @property
    def why(self) -> str:
        return "; ".join(it.words for it in self.causes) or "equal"


class _Split(NamedTuple):
    volume: tuple[int, ...]
    """of each of LINES: what the difference in tokens costs at our prices"""
    price: tuple[int, ...]
    """of each: the rest"""


def compare(
    ours: Mapping[Place, Ours],
    theirs: Mapping[Place, Theirs],
    loose: Mapping[Place, Loose],
    price: Price,
) -> list[Line]:
    """Every day and model that either side has, with the reasons for what differs."""
    lines, splits = [], {}
    for place in sorted({*ours, *theirs}):
        mine, other = ours.get(place, Ours()), theirs.get(place, Theirs())
        rates = price(place.provider, _name(place, mine, other), place.day)
        valued = other.nusd is None
        nusd = _value(mine, other, rates) if other.nusd is None else other.nusd
        line = Line(place, mine, other, sum(mine.nusd), sum(nusd), valued)
        lines.append(line)
        splits[place] = _split(mine, other, nusd, rates)
    moved = {place: sum(split.volume) for place, split in splits.items()}
    for line in lines:
        line.causes = _causes(line, splits[line.place], _Around(ours, loose, moved, price))
    return lines


def _name(place: Place, ours: Ours, theirs: Theirs) -> str:
    return next(iter((*ours.names, *theirs.names)), place.model)


def _value(ours: Ours, theirs: Theirs, rates: Rates) -> tuple[int, ...]:
    """Tokens of a report without money, at what ours of that day cost."""
    if theirs.tokens is None:
        return (0,) * len(LINES)
    found = dict.fromkeys(LINES, 0)
    for name, tokens in _by_line(theirs.tokens).items():
        found[name] = _at_our_price(name, tokens, ours, rates)
    found["search"] = ours.nusd[LINES.index("search")]  # tokens say nothing of searches
    found["other"] = ours.nusd[LINES.index("other")]
    return tuple(found.values())


def _by_line(tokens: Iterable[int]) -> dict[str, int]:
    sums = dict.fromkeys(LINE_OF, 0)
    for name, count in zip(LINE_OF, tokens, strict=True):
        sums[name] += count
    return sums


def _at_our_price(line: str, tokens: int, ours: Ours, rates: Rates) -> int:
    """So many tokens at what ours cost on average; at list price where we have none."""
    mine, cost = _by_line(ours.tokens)[line], ours.nusd[LINES.index(line)]
    if mine:
        return round(cost * tokens / mine) if tokens != mine else cost
    listed = rates.table(STANDARD).rates(0)[LINE_OF.index(line)]
    return round(listed * tokens / 10**9)


def _split(ours: Ours, theirs: Theirs, nusd: tuple[int, ...], rates: Rates) -> _Split:
    delta = [theirs_ - ours_ for theirs_, ours_ in zip(nusd, ours.nusd, strict=True)]
    if theirs.tokens is None:
        return _Split(tuple(delta), (0,) * len(LINES))
    reported, mine = _by_line(theirs.tokens), _by_line(ours.tokens)
    volume = [0] * len(LINES)
    for at, name in enumerate(LINES):
        if mine.get(name):
            worth = _at_our_price(name, reported[name], ours, rates)
            volume[at] = worth - ours.nusd[at]
        else:
            volume[at] = delta[at]
    return _Split(tuple(volume), tuple(d - v for d, v in zip(delta, volume, strict=True)))


class _Around(NamedTuple):
    """What the reasons of one line are looked for in."""

    ours: Mapping[Place, Ours]
    loose: Mapping[Place, Loose]
    moved: Mapping[Place, int]
    """what differs by its tokens, of each line"""
    price: Price


def _causes(line: Line, split: _Split, around: _Around) -> list[Cause]:
    delta = line.delta_nusd
    if not delta:
        return []
    if 0 < abs(delta) <= _rounding(line):
        return [Cause("rounding", delta, "rounding of the report's amounts to cents")]
    causes = _prices(line, split, around.price)
    rest = delta - sum(it.nusd for it in causes)
    causes += _volume(line, rest, around)
    return [it for it in causes if it.nusd]


def _rounding(line: Line) -> int:
    """What rounding alone may make: half a cent of every amount that is whole cents."""
    if line.theirs.nusd is None or any(nusd % PENNY for nusd in line.theirs.nusd):
        return max(1_000, line.theirs.lines * 1_000)  # a millionth of a dollar each
    return line.theirs.lines * PENNY // 2


def _prices(line: Line, split: _Split, price: Price) -> list[Cause]:
    """Of each class with the same or other tokens: what other prices make of it."""
    found = []
    reported = _by_line(line.theirs.tokens or (0,) * len(TOKENS))
    for name, nusd in zip(LINES, split.price, strict=True):
        tokens = reported.get(name, 0)
        theirs = line.theirs.nusd[LINES.index(name)] if line.theirs.nusd else 0
        if not tokens or abs(nusd) <= max(1_000, NOISE * theirs):
            continue
        ours = _at_our_price(name, tokens, line.ours, _rates(line, price, line.place.day))
        words = (
            f"{name} was charged at ${_mtok(theirs, tokens)} per million tokens,"
            f" counted at ${_mtok(ours, tokens)}{_held(line, name, theirs / tokens, price)}"
        )
        found.append(Cause("price", nusd, words))
    return found


def _mtok(nusd: int, tokens: int) -> str:
    return f"{nusd / tokens / 1_000:.4g}"


def _rates(line: Line, price: Price, day: int) -> Rates:
    return price(line.place.provider, _name(line.place, line.ours, line.theirs), day)


def _listed(line: Line, name: str, price: Price, day: int) -> list[float]:
    """The list prices of a line on a day, in nano-dollars per token."""
    rates = _rates(line, price, day).table(STANDARD).rates(0)
    return [rates[at] / 10**9 for at, each in enumerate(LINE_OF) if each == name and rates[at]]


def _held(line: Line, name: str, rate: float, price: Price) -> str:
    """Which list price the charged one is, if any."""
    day = line.place.day
    if _is_any(rate, _listed(line, name, price, day)):
        return ", and the list has the charged price on that day"
    for away in range(1, SEARCHED_DAYS + 1):
        if _is_any(rate, _listed(line, name, price, day - away)):
            return f": the list price until {away} days before"
        if _is_any(rate, _listed(line, name, price, day + away)):
            return f": the list price from {away} days later on"
    for times, words in _TERMS:
        if _is_any(rate / times, _listed(line, name, price, day)):
            return f": {words}"
    return ": no list price of these weeks"


def _is_any(rate: float, listed: Iterable[float]) -> bool:
    return any(abs(rate - each) <= SAME_RATE * each for each in listed)


def _volume(line: Line, rest: int, around: _Around) -> list[Cause]:
    """Who used what only one side has."""
    if abs(rest) <= 1_000:
        return [Cause("rounding", rest, "rounding")] if rest else []
    found = []
    for kind, most, words in (_more if rest > 0 else _fewer)(line, around):
        part = max(-most, rest) if rest < 0 else min(most, rest)
        if part:
            found.append(Cause(kind, part, words))
            rest -= part
    if rest:
        found.append(Cause("missing" if rest > 0 else "surplus", rest, _left(line, rest)))
    return found


Candidate = tuple[str, int, str]
"""kind, how much it may be at most, and words"""


def _more(line: Line, around: _Around) -> list[Candidate]:
    """They have more than we."""
    found: list[Candidate] = []
    place = line.place._replace(simulated=False)  # an intent does not know who answers
    loose = around.loose.get(place, Loose())
    if loose.open or loose.orphaned:
        words = (
            f"{loose.open + loose.orphaned} calls were sent and have no outcome here"
            f" ({loose.orphaned} of processes that died, {loose.open} open)"
        )
        found.append(("intents", loose.probable_nusd, words))
    found += _midnight(line, around, +1)
    ours = line.ours
    if ours.maybe_billed and ours.calls:
        mean = line.ours_nusd // ours.calls
        words = f"{ours.maybe_billed} tries without an answer were perhaps billed"
        found.append(("unanswered", ours.maybe_billed * mean, words))
    return found


def _fewer(line: Line, around: _Around) -> list[Candidate]:
    """We have more than they."""
    ours = line.ours
    found = _midnight(line, around, -1)
    if line.place.provider == "anthropic" and not line.valued:
        words = "calls of the priority tier, which the report of costs leaves out"
        found.append(("tier", ours.priority_nusd, words))
    found += [
        ("clients", ours.client_nusd, "calls with their callers' own keys"),
        ("imported", ours.imported_nusd, "imported rows, perhaps of another organisation"),
        ("ceiling", ours.ceiling_nusd, "calls of a model without a price, at the ceiling"),
        ("estimates", ours.estimated_nusd, "calls whose tokens had to be estimated"),
    ]
    return found


def _midnight(line: Line, around: _Around, sign: int) -> list[Candidate]:
    """Calls that are on another day on the other side."""
    found: list[Candidate] = []
    here = line.place
    before, after = here._replace(day=here.day - 1), here._replace(day=here.day + 1)
    for other, first in ((before, True), (after, False)):
        opposite = -sign * around.moved.get(other, 0)
        crossing = around.ours.get(other if first else here, Ours()).crossing_nusd
        if opposite > 0 and crossing > 0:
            when = "the night before" if first else "the night after"
            found.append(("midnight", min(opposite, crossing), f"calls of {when}"))
    return found


def _left(line: Line, rest: int) -> str:
    ours, theirs = line.ours, line.theirs
    if rest < 0:
        if theirs.tokens is None and theirs.nusd is None:
            return "nothing is reported of this model: another organisation, or a late report"
        return "more is counted here: other keys or workspaces than the report's, or a late one"
    if not ours.calls:
        return "nothing of it passed through here: other traffic of the same account"
    calls = (theirs.requests or 0) - ours.calls
    said = f"{calls} requests" if theirs.requests is not None and calls > 0 else "traffic"
    return f"{said} of the same account did not pass through here"
