"""Reads comparisons of models that somebody made: how often each was right, for which calls.

Rule 1: a comparison is of a purpose, a key or a head, and of no other calls.
Rule 2: pairs, the same questions to both, are `n`, `lost` and `won`; where only sums are known,
they are `n`, `right_from` and `right_to`, as counts or as shares.
Rule 3: a file that cannot be understood is refused with the line and the remedy; no line is
left out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from headgate.stats.compare import Pairs, Rates

About = Literal["purpose", "key", "head"]
_ABOUT: tuple[About, ...] = get_args(About)
EXAMPLE = '[{"purpose": "triage", "model": "claude-opus-5-5", "to": "claude-sonnet-5-5",' + (
    ' "n": 1400, "lost": 9, "won": 11}]'
)


class Trial(NamedTuple):
    """One comparison."""

    about: About
    value: str
    """which purpose, key (its name or id) or head (in hexadecimal digits)"""
    model: str
    to: str
    """the cheaper one"""
    seen: Pairs | Rates
    answers: float = 1.0
    """how long the other's answers were, beside those of the first"""


class TrialError(ValueError):
    """A file of comparisons that cannot be understood."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what}; {hint}")
        self.what = what
        self.hint = hint


def read_trials(path: Path) -> tuple[Trial, ...]:
    """A JSON list of objects, or CSV with the same names in its first line."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TrialError(f"{path} cannot be read: {error}", "name a text file") from None
    rows = _rows(path, text)
    if not rows:
        raise TrialError(f"{path} holds no comparison", f"it looks like {EXAMPLE}")
    return tuple(_trial(f"{path}, comparison {n}", row) for n, row in enumerate(rows, 1))


def _rows(path: Path, text: str) -> list[dict[str, Any]]:
    if not text.lstrip().startswith(("[", "{")):
        return [
            {key: value for key, value in row.items() if value not in ("", None)}
            for row in csv.DictReader(text.splitlines())
        ]
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise TrialError(f"{path} is no JSON: {error}", f"it looks like {EXAMPLE}") from None
    rows = [found] if isinstance(found, dict) else found
    if not all(isinstance(it, dict) for it in rows):
        raise TrialError(f"{path} is no list of objects", f"it looks like {EXAMPLE}")
    return list(rows)


def _trial(place: str, row: Mapping[str, Any]) -> Trial:
    about = [it for it in _ABOUT if it in row]
    if len(about) != 1:
        raise TrialError(
            f"{place} is about {' and '.join(about) or 'nothing'}",
            "give it one of purpose, key and head",
        )
    for name in ("model", "to", "n"):
        if not row.get(name):
            raise TrialError(f"{place} has no `{name}`", f"it looks like {EXAMPLE}")
    value = str(row[about[0]])
    if about[0] == "head" and not _is_hex(value):
        raise TrialError(f"{place}: {value!r} is no head", "give 16 hexadecimal digits")
    asked = int(_number(place, row, "n"))
    if asked < 1:
        raise TrialError(f"{place} has n = {asked}", "it is how many questions were asked")
    answers = _number(place, row, "answers") if "answers" in row else 1.0
    if answers <= 0:
        raise TrialError(f"{place} has answers = {answers}", "leave it out, or give a ratio")
    return Trial(
        about[0], value, str(row["model"]), str(row["to"]), _seen(place, row, asked), answers
    )


def _seen(place: str, row: Mapping[str, Any], asked: int) -> Pairs | Rates:
    if "lost" in row and "won" in row:
        pairs = Pairs(asked, int(_number(place, row, "lost")), int(_number(place, row, "won")))
        if min(pairs.lost, pairs.won) < 0 or pairs.lost + pairs.won > asked:
            raise TrialError(
                f"{place}: {pairs.lost} lost and {pairs.won} won are not among {asked} pairs",
                "n counts all pairs, also those in which both were right",
            )
        return pairs
    if "right_from" in row and "right_to" in row:
        right = {name: _number(place, row, name) for name in ("right_from", "right_to")}
        # One beside a count is a count too: one of a hundred, and not all of them.
        least = 1 if max(right.values()) > 1 else 1 + 1e-9
        shares = [
            _share(place, name, value, asked if value >= least else 1)
            for name, value in right.items()
        ]
        return Rates(shares[0], shares[1], asked)
    raise TrialError(
        f"{place} does not say how often each was right",
        "give lost and won (pairs), or right_from and right_to",
    )


def _share(place: str, name: str, value: float, whole: int) -> float:
    if not 0 <= value <= whole:
        raise TrialError(
            f"{place} has {name} = {value:g} of {whole}", "give a count or a share"
        )
    return value / whole


def _number(place: str, row: Mapping[str, Any], name: str) -> float:
    try:
        value = float(row[name])
        if not isfinite(value):
            raise ValueError
        return value
    except (TypeError, ValueError):
        raise TrialError(
            f"{place}: {name} = {row[name]!r} is no number", "write 0.97, or 97"
        ) from None


def _is_hex(text: str) -> bool:
    try:
        return 0 < int(text, 16) < 2**64
    except ValueError:
        return False
