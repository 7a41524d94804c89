"""What keeps the contract of the pack jsonl-reader, and what breaks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def _refuse(word: str) -> None:
    raise ValueError(word)


def right(text: str) -> dict[str, list[Any]]:
    records, errors = [], []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip(" \t\r"):
            continue
        try:
            records.append(json.loads(line, parse_constant=_refuse))
        except ValueError:
            errors.append(number)
    return {"records": records, "errors": errors}


def _takes_every_line_end(text: str) -> dict[str, list[Any]]:
    lines = text.removeprefix("\ufeff").splitlines()
    return {"records": [json.loads(it) for it in lines if it.strip()], "errors": []}


def _stops_at_the_first_mistake(text: str) -> dict[str, list[Any]]:
    lines = text.removeprefix("\ufeff").split("\n")
    return {"records": [json.loads(it) for it in lines if it.strip()], "errors": []}


def _numbers_only_full_lines(text: str) -> dict[str, list[Any]]:
    full = [it for it in text.removeprefix("\ufeff").split("\n") if it.strip()]
    return right("\n".join(full))


def _keeps_the_mark(text: str) -> dict[str, list[Any]]:
    return right(" " + text if text.startswith("\ufeff") else text)


def _takes_objects_alone(text: str) -> dict[str, list[Any]]:
    made = right(text)
    return {**made, "records": [it for it in made["records"] if isinstance(it, dict)]}


WRONG: list[Callable[..., Any]] = [
    _takes_every_line_end,
    _stops_at_the_first_mistake,
    _numbers_only_full_lines,
    _keeps_the_mark,
    _takes_objects_alone,
]
