"""What keeps the contract of the pack merge-intervals, and what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def right(intervals: list[list[int]]) -> list[list[int]]:
    made: list[list[int]] = []
    for start, end in sorted(intervals):
        if start > end:
            raise ValueError(start)
        if made and start <= made[-1][1]:
            made[-1][1] = max(made[-1][1], end)
        else:
            made.append([start, end])
    return made


def _keeps_what_touches_apart(intervals: list[list[int]]) -> list[list[int]]:
    made: list[list[int]] = []
    for start, end in sorted(intervals):
        if made and start < made[-1][1]:
            made[-1][1] = max(made[-1][1], end)
        else:
            made.append([start, end])
    return made


def _forgets_what_lies_within(intervals: list[list[int]]) -> list[list[int]]:
    made: list[list[int]] = []
    for start, end in sorted(intervals):
        if made and start <= made[-1][1]:
            made[-1][1] = end
        else:
            made.append([start, end])
    return made


def _joins_neighbours(intervals: list[list[int]]) -> list[list[int]]:
    made: list[list[int]] = []
    for start, end in right(intervals):
        if made and start <= made[-1][1] + 1:
            made[-1][1] = end
        else:
            made.append([start, end])
    return made


def _turns_around(intervals: list[list[int]]) -> list[list[int]]:
    return right([sorted(it) for it in intervals])


def _takes_them_as_they_come(intervals: list[list[int]]) -> list[list[int]]:
    made: list[list[int]] = []
    for start, end in intervals:
        if made and start <= made[-1][1]:
            made[-1][1] = max(made[-1][1], end)
        else:
            made.append([start, end])
    return made


WRONG: list[Callable[..., Any]] = [
    _keeps_what_touches_apart,
    _forgets_what_lies_within,
    _joins_neighbours,
    _turns_around,
    _takes_them_as_they_come,
]
