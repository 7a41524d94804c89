"""Orders the targets of a ladder for one call, and says why.

Rule 1: the answer is a permutation of the targets that can take the call; none is ever added.
When none can, all stay, for they may know better.
Rule 2: before any policy: targets that likely cannot take the call come last, before them those
without headroom, before them those too slow for the deadline.
Rule 3: in the midst of a tool loop a conversation stays where it is, among equals of Rule 2:
what the model reasoned may be bound to whoever made it. `ordered` alone knows no memory.
Rule 4: what is warm is worth what it saves: `cheapest` pays anew for a cache left behind,
`fastest` leaves one only for half the time, `weighted` not at all; `best` goes all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from math import floor, inf, log, log10

import xxhash
from msgspec import Struct

from headgate.money.pricing import Rates
from headgate.policy.router import Target
from headgate.policy.wish import Policy, Wish
from headgate.wire.model import STANDARD, Terms, Usage

EXPLORED = 0.05
"""the share of cold calls by which `fastest` measures a target that is not the fastest"""
LEAVES_FOR = 0.5
"""a warm conversation moves to a target that takes less than this part of its own's time"""
NANO = 1_000_000_000
_SPAN = 2.0**64


class Grade(IntEnum):
    """How well a target can take the call; the lower the better."""

    FITS = 0
    SLOW = 1
    SHORT = 2
    UNFIT = 3
    CANNOT = 4


class Errand(Struct, frozen=True):
    """What ordering needs to know of a call."""

    input_tokens: int
    """estimated"""
    least_tokens: int
    """so many there are for certain"""
    max_output: int = 0
    """the caller's own bound; 0: none"""
    terms: Terms = STANDARD
    conversation: bytes = b""
    home: tuple[str, str] | None = None
    """the provider and model the conversation was at last; None: not known"""
    cached_tokens: int = 0
    """what is warm there; 0: nothing"""
    in_loop: bool = False
    """does it bring the results of tools that the model at home asked for"""


class Candidate(Struct, frozen=True):
    """A target, and all that is known of it for this call."""

    target: Target
    rates: Rates
    weight: float = 1.0
    score: float | None = None
    pace_s: float | None = None
    samples: int = 0
    """fresh times it was measured by; too few are no pace"""
    output_tokens: int = 0
    """what it is expected to answer"""
    max_output: int | None = None
    writes: str = ""
    """the token class that what is not in its cache is charged as; empty: as fresh input"""
    lacks: tuple[str, ...] = ()
    """what this call needs and it does not have"""
    short: bool = False
    """is it cooling, or without headroom just now"""


class Place(Struct, frozen=True):
    """Where one target came, and why."""

    candidate: Candidate
    grade: Grade
    why: str
    """what is wrong with it for this call; empty: nothing"""
    nusd: int
    """what this call is likely to cost there"""
    is_home: bool

    @property
    def target(self) -> Target:
        return self.candidate.target


class Order(Struct, frozen=True):
    places: tuple[Place, ...]
    """those to try, the first one first"""
    skipped: tuple[Place, ...]
    chosen_by: str
    """the policy, whose wish that was, and what decided; empty: as written"""

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(place.target for place in self.places)


def order(
    candidates: Sequence[Candidate],
    errand: Errand,
    wish: Wish,
    policy: Policy,
    roll: float = 1.0,
) -> Order:
    """The ladder for this call; `policy` is the route's, `roll` a die in [0, 1)."""
    written = [_place(each, errand, wish) for each in candidates]
    able = [place for place in written if place.grade is not Grade.CANNOT]
    policy = wish.policy or policy
    fitting = able or written
    key = {id(place): _key(place, errand, policy) for place in fitting}
    ranked = sorted(fitting, key=lambda place: key[id(place)])
    explored = _explored(ranked, errand, wish, roll) if policy == "fastest" else None
    if explored is not None:
        ranked.remove(explored)
        ranked.insert(0, explored)
    skipped = tuple(place for place in written if place.grade is Grade.CANNOT) if able else ()
    if policy == "ordered" and ranked == written:
        return Order(tuple(ranked), skipped, "")
    why = "measuring" if explored else _reason(ranked, errand, policy)
    by = f" by {wish.by}" if wish.by else ""
    return Order(tuple(ranked), skipped, f"{policy}{by}: {why}")


def price_nusd(candidate: Candidate, errand: Errand) -> int:
    """What this call is likely to cost at a target, a cache that would be lost included."""
    warm = errand.cached_tokens if _is_home(candidate, errand) else 0
    cached = min(warm, errand.input_tokens)
    rest = errand.input_tokens - cached
    usage = Usage(
        input_fresh=0 if candidate.writes else rest,
        cache_read=cached,
        output=output_tokens(candidate, errand),
    )
    if candidate.writes:
        usage = usage._replace(**{candidate.writes: rest})
    return candidate.rates.cost(usage, errand.terms).total_nusd


def output_tokens(candidate: Candidate, errand: Errand) -> int:
    """The expected answer, which no bound lets grow longer."""
    bounds = [each for each in (errand.max_output, candidate.max_output) if each]
    return min([candidate.output_tokens, *bounds])


def draw(conversation: bytes, candidate: Candidate) -> float:
    """A conversation's pull towards a target: the largest wins, in proportion to the weights.

    Raising one weight raises that target's pull alone: no conversation moves elsewhere.
    """
    if not candidate.weight:
        return -inf
    target = candidate.target
    name = f"{target.provider}:{target.model}\0".encode() + conversation
    chance = (xxhash.xxh3_64_intdigest(name) + 0.5) / _SPAN
    return candidate.weight / -log(min(chance, 1 - 2**-53))


def usd(nusd: int) -> str:
    """Dollars to two figures that say something."""
    dollars = nusd / NANO
    decimals = 2 if not 0 < dollars < 0.1 else 1 - floor(log10(dollars))
    return f"${dollars:.{decimals}f}"


def _is_home(candidate: Candidate, errand: Errand) -> bool:
    return errand.home == (candidate.target.provider, candidate.target.model)


def _place(candidate: Candidate, errand: Errand, wish: Wish) -> Place:
    grade, why = _grade(candidate, errand, wish)
    nusd = price_nusd(candidate, errand)
    return Place(candidate, grade, why, nusd, _is_home(candidate, errand))


def _grade(candidate: Candidate, errand: Errand, wish: Wish) -> tuple[Grade, str]:
    window = candidate.rates.context_window
    if window is not None and errand.least_tokens > window:
        return Grade.CANNOT, f"its window of {window:,} tokens is too small"
    if candidate.lacks:
        return Grade.UNFIT, f"does not take {', '.join(candidate.lacks)}"
    answer = errand.max_output
    if candidate.max_output:
        answer = min(answer, candidate.max_output)
    if window is not None and errand.input_tokens + answer > window:
        return Grade.UNFIT, f"its window of {window:,} tokens is likely too small"
    if candidate.short:
        return Grade.SHORT, "cools or has no headroom now"
    pace = candidate.pace_s
    if wish.deadline_s and pace is not None and pace > wish.deadline_s:
        return Grade.SLOW, f"takes {pace:.2g} s of the {wish.deadline_s:g} s it may"
    return Grade.FITS, ""


def _key(place: Place, errand: Errand, policy: Policy) -> tuple[int, bool, float, bool]:
    """Sorts places; equal ones stay as written, but a warm one comes first."""
    warm = place.is_home and errand.cached_tokens > 0
    if policy == "ordered":
        return place.grade, False, 0.0, False
    stays = (errand.in_loop and place.is_home) or (warm and policy == "weighted")
    return place.grade, not stays, _rank(place, errand, policy, warm=warm), not warm


def _rank(place: Place, errand: Errand, policy: Policy, *, warm: bool) -> float:
    candidate = place.candidate
    if policy == "weighted":
        return -draw(errand.conversation, candidate)
    if policy == "cheapest":
        return place.nusd
    if policy == "best":
        return inf if candidate.score is None else -candidate.score
    if candidate.pace_s is None:
        return 0.0 if warm else inf
    return candidate.pace_s * LEAVES_FOR if warm else candidate.pace_s


def _explored(ranked: Sequence[Place], errand: Errand, wish: Wish, roll: float) -> Place | None:
    """The target that is measured now instead of the fastest: that with the fewest times."""
    held = errand.cached_tokens or (errand.in_loop and errand.home)
    if roll >= EXPLORED or held or wish.deadline_s:
        return None
    others = [place for place in ranked[1:] if place.grade is Grade.FITS]
    if ranked[0].grade is not Grade.FITS or not others:
        return None
    return min(others, key=lambda place: place.candidate.samples)


def _reason(ranked: Sequence[Place], errand: Errand, policy: Policy) -> str:
    """Why the first one is first."""
    if len(ranked) == 1:
        return "no other fits"
    first, second = ranked[:2]
    if first.grade is not second.grade:
        return f"the next {second.why}"
    if policy == "ordered":
        return f"the last {ranked[-1].why}"
    if errand.in_loop and first.is_home:
        return "stays in a tool loop"
    warm = first.is_home and errand.cached_tokens > 0
    if policy == "weighted":
        return "stays while warm" if warm else f"weight {first.candidate.weight:g}"
    say = {"cheapest": _dollars, "fastest": _seconds}.get(policy, _score)
    return f"{say(first)}{' warm' if warm else ''}, next {say(second)}"


def _dollars(place: Place) -> str:
    return usd(place.nusd)


def _seconds(place: Place) -> str:
    pace = place.candidate.pace_s
    return "not measured" if pace is None else f"{pace:.2g} s"


def _score(place: Place) -> str:
    score = place.candidate.score
    return "no score" if score is None else f"score {score:g}"


def scored(
    stated: Sequence[float | None], stored: Sequence[float | None]
) -> list[float | None]:
    """Scores to rank by: stored results when every target has one, else the operator's."""
    return [*stored] if stored and None not in stored else [*stated]
