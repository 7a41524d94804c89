"""Decides which model to take of those that fit: by cost, times, limits and room.

Rule 1: what disqualifies is a budget that is broken, a limit that is passed or a prompt that
does not fit; what is merely unknown is a doubt, and is told beside the choice.
Rule 2: of those that are left the cheapest is taken, wrong answers included where somebody said
what one costs; of equally cheap ones that of which more is known, then the faster.
Rule 3: a choice that a small change turns is told with that change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import NamedTuple

from headgate.money.decision.mistake import Exchange, Measured, exchanges, wrong_nusd
from headgate.money.decision.pace import Pace
from headgate.money.decision.room import Room

ENOUGH_TASKS = 100
"""accuracies of fewer are said to be uncertain"""


class Load(NamedTuple):
    """How a model's rate limits stand to the traffic."""

    fits: bool | None
    """None: the limits are not known"""
    why: str
    remedies: tuple[str, ...] = ()
    spent: str = ""
    """a month's limit of spend that is passed: waiting does not help"""


class Candidate(NamedTuple):
    """One model, weighed on each axis."""

    name: str
    """provider:model, or the model alone"""
    monthly_nusd: int
    room: Room
    pace: Pace
    load: Load
    measured: Measured | None = None
    """None: nobody said how often it is right"""
    notes: tuple[str, ...] = ()
    """assumptions that its cost rests on"""


class Need(NamedTuple):
    """What is asked of all of them alike."""

    calls: Fraction
    """a month"""
    wrong_nusd: int = 0
    """what one wrong answer costs; 0: nobody said"""
    least_right: Fraction | None = None
    """a model that is right less often is out"""
    background: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate, and what became of it."""

    candidate: Candidate
    mistakes_nusd: int
    """of a month"""
    out: tuple[str, ...]
    """why it cannot be taken; none: it can"""
    doubts: tuple[str, ...]

    @property
    def total_nusd(self) -> int:
        return self.candidate.monthly_nusd + self.mistakes_nusd


class Turn(NamedTuple):
    """A change, and whom it would make the choice."""

    change: str
    choice: str
    """empty: nothing could be taken any more"""


@dataclass(frozen=True, slots=True)
class Verdict:
    choice: str
    """empty: nothing fits"""
    reasons: tuple[str, ...]
    weighed: tuple[Weighed, ...]
    """the best first, those that are out last"""
    steps: tuple[Exchange, ...] = ()
    """from which cost of a wrong answer on a dearer model pays"""
    turns: tuple[Turn, ...] = ()
    """changes that were tried and would turn the choice"""
    tried: tuple[str, ...] = ()
    """all changes that were tried"""


def choose(candidates: Iterable[Candidate], need: Need) -> Verdict:
    """The verdict, without what would turn it."""
    weighed = sorted((_weigh(it, need) for it in candidates), key=_order)
    able = [it for it in weighed if not it.out]
    costs = {it.candidate.name: it.candidate.monthly_nusd for it in able}
    right = {
        it.candidate.name: it.candidate.measured.right for it in able if it.candidate.measured
    }
    steps = tuple(exchanges(costs, right, need.calls))
    choice = able[0].candidate.name if able else ""
    return Verdict(choice, tuple(_reasons(able, weighed, need)), tuple(weighed), steps)


def turned(
    verdict: Verdict,
    changes: Mapping[str, Callable[[], tuple[Sequence[Candidate], Need]]],
) -> Verdict:
    """The same verdict, with those of the changes that would make another choice."""
    turns = []
    for change, weigh_anew in changes.items():
        candidates, need = weigh_anew()
        other = choose(candidates, need).choice
        if other != verdict.choice:
            turns.append(Turn(change, other))
    return Verdict(
        verdict.choice,
        verdict.reasons,
        verdict.weighed,
        verdict.steps,
        tuple(turns),
        tuple(changes),
    )


def _weigh(it: Candidate, need: Need) -> Weighed:
    out, doubts = [], []
    for fits, why in (
        (it.room.fits, it.room.why),
        (it.pace.in_time, it.pace.why),
        (need.background or it.load.fits, it.load.why),
    ):
        if fits is False:
            out.append(why)
        elif why and not fits:
            doubts.append(why)
    if need.background and it.load.spent:
        out.append(it.load.spent)
    mistakes = 0
    if it.measured is None:
        if need.wrong_nusd or need.least_right is not None:
            doubts.append("nobody said how often it is right")
    else:
        mistakes = wrong_nusd(it.measured.right, need.calls, need.wrong_nusd)
        if need.least_right is not None and it.measured.right < need.least_right:
            out.append(
                f"it is right in {float(it.measured.right):.1%} of cases, and"
                f" {float(need.least_right):.1%} are asked"
            )
        elif 0 < it.measured.tasks < ENOUGH_TASKS:
            doubts.append(
                f"how often it is right was measured on {it.measured.tasks} tasks only"
            )
    return Weighed(it, mistakes, tuple(out), tuple(doubts))


def _order(it: Weighed) -> tuple[object, ...]:
    unmeasured = it.candidate.measured is None and any("right" in doubt for doubt in it.doubts)
    return (
        bool(it.out),
        unmeasured,
        it.total_nusd,
        len(it.doubts),
        it.candidate.pace.ttft_s or inf,
        it.candidate.name,
    )


def _reasons(able: list[Weighed], weighed: list[Weighed], need: Need) -> Iterable[str]:
    if not able:
        yield "none of them can be taken: each breaks a budget, a limit or a window"
        return
    best, rest = able[0], able[1:]
    with_mistakes = " with its wrong answers" if best.mistakes_nusd else ""
    yield f"{_usd(best.total_nusd)} a month{with_mistakes}"
    if rest:
        second = rest[0]
        more = second.total_nusd - best.total_nusd
        if more:
            yield f"the next, {second.candidate.name}, costs {_usd(more)} more"
        else:
            yield f"{second.candidate.name} costs the same; {_apart(best, second)}"
        if more > 0 and best.candidate.monthly_nusd > 0:
            share = more / best.candidate.monthly_nusd
            yield f"it stays the choice until its price rises by {share:.0%}"
    cheaper = [it for it in weighed if it.out and it.total_nusd < best.total_nusd]
    for it in cheaper[:3]:
        yield f"{it.candidate.name} would be cheaper, but {it.out[0]}"
    for doubt in best.doubts:
        yield f"not certain: {doubt}"
    if not any(it.candidate.measured for it in able) and rest:
        yield "nobody said how often each is right: price, times, limits and room decided alone"
    if need.background:
        yield "nobody waits, so times and bursts decide nothing: a batch halves the price"
    elif best.candidate.pace.in_time and best.candidate.pace.ttft_s:
        yield f"its first token comes within {best.candidate.pace.ttft_s:,.2f} s"


def _apart(best: Weighed, second: Weighed) -> str:
    """Why one of two that cost the same goes before the other."""
    if len(best.doubts) < len(second.doubts):
        return f"of that one, {next(it for it in second.doubts if it not in best.doubts)}"
    soon, late = best.candidate.pace.ttft_s, second.candidate.pace.ttft_s
    if soon and (soon < late or not late):
        return "this one's first token comes sooner" if late else "this one's times are known"
    return "nothing that was said tells the two apart"


def _usd(nusd: int) -> str:
    return f"${nusd / 1e9:,.2f}"
