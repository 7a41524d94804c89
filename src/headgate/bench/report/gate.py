"""Decides in CI whether a change made an arm worse: fails on a regression that is shown.

Rule 1: the test is the exact one of turned signs over tasks, to one side; with several arms the
level is shared among them (Holm), so that one false alarm in twenty runs stays one in twenty.
Rule 2: a tolerance is of the loss that was seen: what lies within it never fails.
Rule 3: what could not be compared is told and fails nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headgate.bench.report.compare import Comparison, NothingShared, compare, same_tasks
from headgate.bench.report.figures import said_of
from headgate.bench.sample import Run
from headgate.stats.several import fewest, sign_flips

LEVEL = 0.05


class Checked(msgspec.Struct, frozen=True):
    """One arm against its baseline."""

    arm: str
    comparison: Comparison
    likelihood: float
    """of being so much worse by chance alone"""
    bar: float
    """what that has to be below to fail"""
    fails: bool
    fewest: int
    """tasks: on fewer no loss at all would fail"""


class Gate(msgspec.Struct, frozen=True):
    """What came of it."""

    checked: tuple[Checked, ...]
    missing: tuple[str, ...]
    """arms of the baseline that were not run, or share no task with it"""
    fresh: tuple[str, ...]
    """arms that were run, and that the baseline does not have"""
    level: float
    tolerance: float

    @property
    def fails(self) -> bool:
        return any(it.fails for it in self.checked)


def gate(baseline: Run, now: Run, level: float = LEVEL, tolerance: float = 0.0) -> Gate:
    """Is any arm shown to be worse than it was, and seen to be by more than the tolerance?"""
    same = same_tasks(baseline, now)
    found: list[tuple[str, Comparison, float]] = []
    missing = []
    for arm in baseline.arms:
        before = [it for it in baseline.samples if it.arm == arm.name]
        after = [it for it in same.samples if it.arm == arm.name]
        try:
            compared = compare(
                (f"{arm.name} before", before), (f"{arm.name} now", after), level
            )
        except NothingShared:
            missing.append(arm.name)
            continue
        first = said_of(it for it in before if it.is_counted)
        second = said_of(it for it in after if it.is_counted)
        shared = sorted(first.keys() & second.keys())
        worse = sign_flips([first[it] for it in shared], [second[it] for it in shared]).worse
        found.append((arm.name, compared, worse))
    known = {it.name for it in baseline.arms}
    fresh = tuple(it.name for it in now.arms if it.name not in known)
    return Gate(_held(found, level, tolerance), tuple(missing), fresh, level, tolerance)


def _held(
    found: Sequence[tuple[str, Comparison, float]], level: float, tolerance: float
) -> tuple[Checked, ...]:
    """The most unlikely first; once one holds, so do all that are likelier."""
    checked = []
    still = True
    for place, (arm, compared, worse) in enumerate(sorted(found, key=lambda it: it[2])):
        bar = level / (len(found) - place)
        still = still and worse <= bar
        fails = still and compared.difference < -tolerance
        checked.append(Checked(arm, compared, worse, bar, fails, fewest(bar)))
    return tuple(checked)
