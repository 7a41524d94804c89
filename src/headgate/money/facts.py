"""What the price catalogue lacks: our own rows of models/*.toml, one file per model maker.

Rule 1: every row says when it was checked and on which page; a row that does not is refused.
Rule 2: a fact belongs to a model by its name, wherever it is served and however it is dated.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

FOLDER = Path(__file__).parent / "models"


@dataclass(frozen=True, slots=True)
class Fact:
    """What one model, under its several names, can do."""

    names: tuple[str, ...]
    checked: date
    source: str
    max_output: int | None = None
    cache_minimum: int | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """Prices that held on certain days and are missing in the catalogue's history."""

    provider: str
    """the catalogue's provider id: the name of the file"""
    model: str
    """the catalogue's model id"""
    checked: date
    source: str
    prices: tuple[tuple[str, Decimal], ...]
    """(catalogue key such as cache_read_mtok, dollars)"""
    since: date = date.min
    """the first day on which they held"""
    until: date = date.max
    """the first day on which they held no more"""


class Facts:
    """All rows of all files, found by model name."""

    def __init__(self, models: Iterable[Fact], corrections: Iterable[Correction]) -> None:
        self.models = tuple(models)
        self.corrections = tuple(corrections)
        self._by_name = {name: fact for fact in self.models for name in fact.names}
        # The longest name first, so that claude-opus-5-5 is never taken for claude-opus-5; what
        # may follow a name is a date, a version or a platform's suffix, never another number.
        longest_first = sorted(self._by_name, key=len, reverse=True)
        names = "|".join(map(re.escape, longest_first))
        self._pattern = re.compile(rf"(?:^|[/.~])({names})(?=$|[\[:]|[-@](?:20\d|v\d|latest))")

    def about(self, model: str) -> Fact | None:
        """What is known of the model that goes by this name."""
        found = self._pattern.search(model.lower()) if self._by_name else None
        return self._by_name[found[1]] if found else None

    def corrected(self, provider: str, model: str) -> list[Correction]:
        """The corrections of the catalogue's row for this provider and model id."""
        return [c for c in self.corrections if (c.provider, c.model) == (provider, model)]


def read(folder: Path = FOLDER) -> Facts:
    """Read every file of the folder."""
    models: list[Fact] = []
    corrections: list[Correction] = []
    for file in sorted(folder.glob("*.toml")):
        rows = parse(file.stem, file.read_text(encoding="utf-8"))
        models += rows.models
        corrections += rows.corrections
    return Facts(models, corrections)


def parse(provider: str, text: str) -> Facts:
    """Read the rows of one file, or say which row is wrong and how to mend it."""
    tables = tomllib.loads(text)
    models = [_fact(provider, row) for row in tables.get("model", ())]
    return Facts(models, [_correction(provider, row) for row in tables.get("price", ())])


def _fact(provider: str, row: Mapping[str, object]) -> Fact:
    match row:
        case {"names": [*names], "checked": date() as checked, "source": str(source), **rest}:
            return Fact(
                tuple(str(name) for name in names),
                checked,
                source,
                **_counts(provider, row, rest),
            )
        case _:
            pass
    raise ValueError(_complaint(provider, row, "names = [...], checked = a date and source"))


def _counts(
    provider: str, row: Mapping[str, object], rest: Mapping[str, object]
) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key, value in rest.items():
        if key not in ("max_output", "cache_minimum") or not isinstance(value, int):
            raise ValueError(
                _complaint(provider, row, f"no {key} = {value!r}: max_output, cache_minimum")
            )
        counts[key] = value
    return counts


def _correction(provider: str, row: Mapping[str, object]) -> Correction:
    match row:
        case {
            "model": str(model),
            "checked": date() as checked,
            "source": str(source),
            **rest,
        }:
            since, until = rest.pop("since", date.min), rest.pop("until", date.max)
            if isinstance(since, date) and isinstance(until, date) and since < until and rest:
                prices = tuple((key, Decimal(str(usd))) for key, usd in rest.items())
                return Correction(provider, model, checked, source, prices, since, until)
        case _:
            pass
    raise ValueError(
        _complaint(provider, row, "model, checked, source, since before until, and a price")
    )


def _complaint(provider: str, row: Mapping[str, object], needed: str) -> str:
    return f"money/models/{provider}.toml: a row needs {needed}; this one is {dict(row)!r}"
