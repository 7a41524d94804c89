"""What keeps the contract of the pack csv-parser, and what breaks it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any


def right(text: str) -> list[dict[str, str]]:
    text = text.removeprefix("\ufeff")
    rows = [it for it in csv.reader(io.StringIO(text, newline=""), strict=True) if it]
    if not rows:
        return []
    head, *rest = rows
    if len(set(head)) < len(head) or any(len(it) > len(head) for it in rest):
        raise ValueError(text)
    return [dict(zip(head, [*it, *[""] * (len(head) - len(it))], strict=True)) for it in rest]


def _splits_at_commas(text: str) -> list[dict[str, str]]:
    head, *rest = text.split("\n")
    return [dict(zip(head.split(","), it.split(","), strict=False)) for it in rest]


def _reads_a_line_at_a_time(text: str) -> list[dict[str, str]]:
    rows = [next(csv.reader([it])) for it in text.splitlines() if it]
    return [dict(zip(rows[0], it, strict=True)) for it in rows[1:]]


def _keeps_the_mark(text: str) -> list[dict[str, str]]:
    return right("\n" + text if text.startswith("\ufeff") else text)


def _takes_too_many_fields(text: str) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restval="")
    return [{name: it for name, it in row.items() if name} for row in rows]


def _trims(text: str) -> list[dict[str, str]]:
    return [{name: it.strip() for name, it in row.items()} for row in right(text)]


WRONG: list[Callable[..., Any]] = [
    _splits_at_commas,
    _reads_a_line_at_a_time,
    _keeps_the_mark,
    _takes_too_many_fields,
    _trims,
]
