"""What runs at places add up to: success, latency, cost per success, cold, warm, at once.

Rule 1: workloads are the observations: runs of one workload are alike.
Rule 2: what no code was run for is in no rate of success; its latency and cost are told.
Rule 3: latency is of all runs that were answered, right or wrong; of failures there is none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite

import msgspec

from headgate.bench.interpreter.execution import Execution, How, Place
from headgate.bench.interpreter.running import Done
from headgate.bench.interpreter.workload import FAMILIES
from headgate.bench.report.figures import Rate
from headgate.stats.quantile import by_ranks, quantile
from headgate.stats.several import Said, clustered, mean
from headgate.stats.share import by_question, exact

BATCHES = 5
"""parts of a level, each with a pace of its own"""


class Point(msgspec.Struct, frozen=True):
    """A quantile of a duration, in milliseconds, with its 95 % interval."""

    ms: float
    low_ms: float | None
    high_ms: float | None
    """None: so few runs bound it not at all on this side"""


class Latency(msgspec.Struct, frozen=True):
    """How long runs took."""

    p50: Point
    p99: Point
    code_p50_ms: float
    """of the code alone"""
    runs: int


class Phase(msgspec.Struct, frozen=True):
    """All cold runs, or all warm ones."""

    success: Rate | None
    """None: no code was run"""
    latency: Latency | None
    cost_nusd: int
    per_success_nusd: float | None
    """failures paid along; None: nothing succeeded, or nothing was judged"""


class Level(msgspec.Struct, frozen=True):
    """So many at once."""

    at_once: int
    runs: int
    judged: int
    """of them; the others ran no code"""
    right: int
    failed_high: float
    """at most such a share of runs fails here: exact, 95 %, both sides"""
    per_s: float
    """right runs a second; of runs that none judged: all of them"""
    per_s_low: float | None
    per_s_high: float | None
    latency: Latency | None


class Wrong(msgspec.Struct, frozen=True):
    """A workload that a place got wrong."""

    workload: str
    why: str
    times: int


class Standing(msgspec.Struct, frozen=True):
    """One place."""

    place: str
    told: str
    price: str
    success: Rate | None
    families: dict[str, Rate]
    cold: Phase
    warm: Phase
    levels: tuple[Level, ...]
    wrong: tuple[Wrong, ...]
    ready_nusd: int
    """what it cost to have it stand ready"""
    total_nusd: int


class Findings(msgspec.Struct, frozen=True):
    """All of it."""

    places: tuple[Standing, ...]
    workloads: int
    is_capped: bool
    notes: tuple[str, ...] = ()


def findings(places: Sequence[Place], done: Done, notes: Sequence[str] = ()) -> Findings:
    """Count everything."""
    told = tuple(_standing(it, done) for it in places)
    count = len({it.workload for it in done.executions})
    return Findings(told, count, done.is_capped, tuple(notes))


def _standing(place: Place, done: Done) -> Standing:
    them = [it for it in done.executions if it.place == place.name]
    ready_nusd = done.ready_nusd.get(place.name, 0)
    levels = sorted({it.at_once for it in them if it.how == "sweep"})
    wrong = Counter((it.workload, it.why) for it in them if it.is_judged and not it.is_right)
    families = {
        name: found
        for name in FAMILIES
        if (found := _rate(it for it in them if it.workload.startswith(f"{name}/")))
    }
    return Standing(
        place=place.name,
        told=place.told,
        price=place.price,
        success=_rate(them),
        families=families,
        cold=_phase(them, "cold", 0),
        warm=_phase(them, "warm", ready_nusd),
        levels=tuple(_level(them, at_once) for at_once in levels),
        wrong=tuple(Wrong(*at, times) for at, times in wrong.most_common()),
        ready_nusd=ready_nusd,
        total_nusd=sum(it.cost_nusd for it in them) + ready_nusd,
    )


def _rate(them: Iterable[Execution]) -> Rate | None:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for it in them:
        if it.is_judged:
            counts[it.workload][0] += it.is_right
            counts[it.workload][1] += 1
    said = [Said(*it) for it in counts.values()]
    if not said:
        return None
    low, high = clustered(said)
    return Rate(mean(said), low, high, len(said), sum(it.asked for it in said))


def _phase(them: Sequence[Execution], how: How, ready_nusd: int) -> Phase:
    own = [it for it in them if it.how == how]
    cost_nusd = sum(it.cost_nusd for it in own) + ready_nusd
    right = sum(it.is_right for it in own)
    return Phase(_rate(own), _latency(own), cost_nusd, cost_nusd / right if right else None)


def _latency(them: Sequence[Execution]) -> Latency | None:
    answered = [it for it in them if it.status != "unavailable"]
    if not answered:
        return None
    took = [it.latency_ms for it in answered]
    code = quantile([it.execution_ms for it in answered], 0.5)
    return Latency(_point(took, 0.5), _point(took, 0.99), code, len(took))


def _point(took: Sequence[float], share: float) -> Point:
    low, high = by_ranks(took, share)
    return Point(quantile(took, share), _finite(low), _finite(high))


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _level(them: Sequence[Execution], at_once: int) -> Level:
    own = [it for it in them if it.how == "sweep" and it.at_once == at_once]
    judged = [it for it in own if it.is_judged]
    ended = sorted(it.ended_ms for it in own if it.is_right or not it.is_judged)
    whole_s = max((it.ended_ms for it in own), default=0.0) / 1000
    low, high = _pace(ended)
    failed = sum(not it.is_right for it in judged)
    return Level(
        at_once=at_once,
        runs=len(own),
        judged=len(judged),
        right=sum(it.is_right for it in own),
        failed_high=exact(failed, len(judged)).high,
        per_s=len(ended) / whole_s if whole_s else 0.0,
        per_s_low=low,
        per_s_high=high,
        latency=_latency(own),
    )


def _pace(ended: Sequence[float]) -> tuple[float | None, float | None]:
    """Where the pace lies: of parts of the level, each with its own."""
    size = len(ended) // BATCHES
    if size < 2:
        return None, None
    marks = [0.0, *(ended[size * n - 1] for n in range(1, BATCHES + 1))]
    paces = [size * 1000 / max(b - a, 1e-3) for a, b in pairwise(marks)]
    low, high = by_question([[it] for it in paces])
    return max(0.0, low), high
