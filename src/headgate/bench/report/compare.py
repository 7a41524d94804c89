"""Compares two arms on the same tasks: better, worse, or not shown different.

Rule 1: only tasks that both answered count, and tasks are paired: a hard one is hard for both.
Rule 2: what decides is the exact test of turned signs over tasks, at a level that is named.
Rule 3: not shown different is not shown equal: it comes with how many tasks would show it.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Literal

import msgspec

from headgate.bench.report.figures import quantile, said_of
from headgate.bench.sample import Run, Sample, TaskFacts
from headgate.stats.several import Said, difference, mean, questions_needed, sign_flips

LEVEL = 0.05
LEAST = 0.05
"""the smallest difference that would matter, where nobody says another"""
Word = Literal["better", "worse", "not shown different"]


class Side(msgspec.Struct, frozen=True):
    """One of the two."""

    name: str
    right: float
    cost_nusd: float | None
    """of a sample; None: not every call has a price"""
    latency_ms: float
    """the median"""


class Comparison(msgspec.Struct, frozen=True):
    """What came of comparing the second to the first."""

    first: Side
    second: Side
    tasks: int
    samples: tuple[int, int]
    word: Word
    """how the second is"""
    difference: float
    low: float
    high: float
    likelihood: float
    """of so large a difference by chance alone"""
    level: float
    needed_as_seen: int
    """tasks that show a difference as large as this one, in four of five runs"""
    needed_at_least: int
    """and one of `least`"""
    least: float
    left_out: int
    """tasks that only one of them answered"""


class NothingShared(ValueError):
    """The two have no task in common."""


def compare(
    first: tuple[str, Iterable[Sample]],
    second: tuple[str, Iterable[Sample]],
    level: float = LEVEL,
    least: float = LEAST,
) -> Comparison:
    """How the second is, compared to the first."""
    (name_1, given_1), (name_2, given_2) = first, second
    all_1 = [it for it in given_1 if it.is_counted]
    all_2 = [it for it in given_2 if it.is_counted]
    said_1, said_2 = said_of(all_1), said_of(all_2)
    shared = sorted(said_1.keys() & said_2.keys())
    if not shared:
        raise NothingShared(f"{name_1} and {name_2} have no task in common")
    one, other = [said_1[it] for it in shared], [said_2[it] for it in shared]
    them_1 = [it for it in all_1 if it.task in said_2]
    them_2 = [it for it in all_2 if it.task in said_1]
    apart = mean(other) - mean(one)
    interval = difference(one, other, 1 - level)
    likelihood = sign_flips(one, other).both
    word: Word = "not shown different"
    if likelihood <= level and apart:
        word = "better" if apart > 0 else "worse"
    return Comparison(
        first=_side(name_1, them_1, one),
        second=_side(name_2, them_2, other),
        tasks=len(shared),
        samples=(len(them_1), len(them_2)),
        word=word,
        difference=apart,
        low=interval.low,
        high=interval.high,
        likelihood=likelihood,
        level=level,
        needed_as_seen=_needed(one, other, abs(apart), level) if apart else 0,
        needed_at_least=_needed(one, other, least, level),
        least=least,
        left_out=len(said_1.keys() ^ said_2.keys()),
    )


def _needed(one: list[Said], other: list[Said], apart: float, level: float) -> int:
    return questions_needed(one, other, apart, sureness=1 - level)


def _side(name: str, samples: list[Sample], said: list[Said]) -> Side:
    return Side(
        name,
        mean(said),
        fmean(it.cost_nusd for it in samples) if all(it.is_priced for it in samples) else None,
        quantile([it.latency_ms for it in samples], 0.5),
    )


def _is_same(one: TaskFacts | None, other: TaskFacts) -> bool:
    if one is None or one.prompt != other.prompt:
        return False
    return not (one.digest and other.digest) or one.digest == other.digest


def same_tasks(one: Run, other: Run) -> Run:
    """The other, without samples of tasks whose words or tests are not those of the first."""
    known = {it.id: it for it in one.tasks}
    same = {it.id for it in other.tasks if _is_same(known.get(it.id), it)}
    samples = tuple(it for it in other.samples if it.task in same)
    return msgspec.structs.replace(other, samples=samples)
