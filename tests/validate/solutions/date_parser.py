"""What keeps the contract of the pack date-parser, and what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

SHAPES = (
    (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"),
    (r"\d{8}", "%Y%m%d"),
    (r"\d{1,2} [A-Za-z]{3} \d{4}", "%d %b %Y"),
    (r"\d{1,2} [A-Za-z]+ \d{4}", "%d %B %Y"),
    (r"[A-Za-z]{3} \d{1,2}, \d{4}", "%b %d, %Y"),
    (r"[A-Za-z]+ \d{1,2}, \d{4}", "%B %d, %Y"),
)


def right(text: str) -> str:
    if not text.isascii():
        raise ValueError(text)
    text = text.strip()
    for shape, form in SHAPES:
        if re.fullmatch(shape, text):
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
            return day.isoformat()
    raise ValueError(text)


def _knows_iso_alone(text: str) -> str:
    return date.fromisoformat(text.strip()).isoformat()


def _guesses_at_slashes(text: str) -> str:
    return right(re.sub(r"^(\d\d)[/.](\d\d)[/.](\d{4})$", r"\3-\1-\2", text))


def _keeps_what_it_was_given(text: str) -> str:
    return text if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else right(text)


def _minds_the_case(text: str) -> str:
    return right(text if text == text.title() or text[:1].isdigit() else "no")


WRONG: list[Callable[..., Any]] = [
    _knows_iso_alone,
    _guesses_at_slashes,
    _keeps_what_it_was_given,
    _minds_the_case,
]
