"""What the price catalogue lacks: our own rows of models/*.toml, one file per model maker.

Rule 1: every row says as of which day it holds and by which source, or it is refused.
Rule 2: a fact belongs to a model by its name, wherever it is served and however it is dated;
what a server decides, whichever model answers there, stands in the provider's file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from headgate.wire.stated import KEYS, Stated, check

FOLDER = Path(__file__).parent / "models"

_NEVER = "(?!)"


@dataclass(frozen=True, slots=True)
class Fact:
    """What one model, under its several names, can do."""

    names: tuple[str, ...]
    """one that ends with * stands for whatever no other row names: abilities only"""
    checked: date
    source: str
    max_output: int | None = None
    cache_minimum: int | None = None
    abilities: Stated = field(default_factory=dict, hash=False)
    """what the row says of its abilities, max_output among them"""


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
        whole = "|".join(re.escape(name) for name in longest_first if name[-1] != "*")
        begun = "|".join(re.escape(name[:-1]) for name in longest_first if name[-1] == "*")
        self._pattern = re.compile(
            rf"(?:^|[/.~])({whole or _NEVER})(?=$|[\[:]|[-@](?:20\d|v\d|latest))"
        )
        self._kin = re.compile(rf"(?:^|[/.~])({begun or _NEVER})")

    def about(self, model: str) -> Fact | None:
        """What is known of the model that goes by this name."""
        found = self._pattern.search(model.lower())
        return self._by_name[found[1]] if found else None

    def abilities(self, model: str) -> Stated:
        """What is stated of the model's abilities, else of its kin's; empty: nothing is."""
        fact = self.about(model)
        if fact is None and (kin := self._kin.search(model.lower())):
            fact = self._by_name[f"{kin[1]}*"]
        return fact.abilities if fact else {}

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
            cache_minimum = rest.pop("cache_minimum", None)
            if isinstance(cache_minimum, int | None):
                abilities = _abilities(provider, row, rest)
                limit = abilities.get("max_output")
                return Fact(
                    tuple(str(name) for name in names),
                    checked,
                    source,
                    limit if isinstance(limit, int) else None,
                    cache_minimum,
                    abilities,
                )
        case _:
            pass
    needed = "names = [...], checked = a date, source, and cache_minimum as a number if at all"
    raise ValueError(_complaint(provider, row, needed))


def _abilities(provider: str, row: Mapping[str, object], rest: Stated) -> Stated:
    try:
        abilities = {name: check(name, value) for name, value in rest.items()}
    except ValueError as error:
        needed = f"cache_minimum or capabilities ({error})"
        raise ValueError(_complaint(provider, row, needed)) from None
    for name in abilities:
        if KEYS[name].of_server:
            needed = f"facts of a model: {name} is its server's, and stands in providers/*.toml"
            raise ValueError(_complaint(provider, row, needed))
    return abilities


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
