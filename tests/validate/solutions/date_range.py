"""What keeps the contract of the pack date-range, and what breaks it."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

DAYS = {"day": 1, "week": 7}


def _read(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _later(day: date, unit: str, count: int) -> date:
    if unit != "month":
        return day + timedelta(days=DAYS[unit] * count)
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def right(first: str, last: str, unit: str, step: int) -> list[str]:
    day, end = _read(first), _read(last)
    if unit not in ("day", "week", "month") or type(step) is not int or step < 1:
        raise ValueError(unit)
    made: list[str] = []
    while (now := _later(day, unit, len(made) * step)) <= end:
        made.append(now.isoformat())
    return made


def _leaves_the_last_out(first: str, last: str, unit: str, step: int) -> list[str]:
    return [it for it in right(first, last, unit, step) if it != last]


def _goes_from_clipped_to_clipped(first: str, last: str, unit: str, step: int) -> list[str]:
    made, day, end = right(first, first, unit, step), _read(first), _read(last)
    while made and (day := _later(day, unit, step)) <= end:
        made.append(day.isoformat())
    return made if first <= last else []


def _takes_a_month_for_thirty_days(first: str, last: str, unit: str, step: int) -> list[str]:
    if unit == "month":
        return right(first, last, "day", step * 30)
    return right(first, last, unit, step)


def _turns_around(first: str, last: str, unit: str, step: int) -> list[str]:
    return right(min(first, last), max(first, last), unit, step)


def _takes_every_spelling(first: str, last: str, unit: str, step: int) -> list[str]:
    one, other = date.fromisoformat(first.strip()), date.fromisoformat(last.strip())
    return right(one.isoformat(), other.isoformat(), unit, max(step, 1))


WRONG: list[Callable[..., Any]] = [
    _leaves_the_last_out,
    _goes_from_clipped_to_clipped,
    _takes_a_month_for_thirty_days,
    _turns_around,
    _takes_every_spelling,
]
