"""What vendors take a minute and a month, tier by tier: the `tier` rows of models/*.toml.

Rule 1: every row says as of which day it holds (`checked`) and by which source, or is refused.
Rule 2: what no row says is unknown, and unknown is not unlimited.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from headgate.money.amounts import NANO
from headgate.money.facts import FOLDER

Rows = tuple[Mapping[str, object], ...]
"""the tiers of one vendor, lowest first"""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a vendor takes a minute, on one tier; None: unknown or unlimited."""

    tier: str
    rpm: int | None = None
    itpm: int | None = None
    """input tokens; also those that are written to a cache"""
    otpm: int | None = None
    tpm: int | None = None
    """input and output together, where they are counted so"""
    spend_nusd: int | None = None
    """the most that may be spent in a month"""
    reads_count: bool = False
    """what is read from a cache counts as input"""
    checked: date | None = None
    source: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anything is known of what it takes a minute."""
        return any((self.rpm, self.itpm, self.otpm, self.tpm))


def read(folder: Path = FOLDER) -> Mapping[str, Rows]:
    """The tiers of every vendor, by the name of its file, lowest first."""
    found = {}
    for file in sorted(folder.glob("*.toml")):
        rows = tomllib.loads(file.read_text(encoding="utf-8")).get("tier", [])
        for row in rows:
            _check(file.stem, row)
        if rows:
            found[file.stem] = tuple(rows)
    return found


def tiers_of(model: str, tables: Mapping[str, Rows]) -> tuple[Limit, ...]:
    """The limits of a model on each tier of its vendor, lowest first; none: unknown."""
    name = model.lower().rpartition("/")[2]
    found: dict[str, Limit] = {}
    for rows in tables.values():
        for row in rows:
            tier = str(row["name"])
            if tier not in found and _names(row, "models", name):
                found[tier] = _limit(row, name)
        if found:
            break
    return tuple(found.values())


def _limit(row: Mapping[str, object], name: str) -> Limit:
    spend, checked = row.get("spend_usd"), row["checked"]
    return Limit(
        str(row["name"]),
        rpm=_whole(row, "rpm"),
        itpm=_whole(row, "itpm"),
        otpm=_whole(row, "otpm"),
        tpm=_whole(row, "tpm"),
        spend_nusd=spend * NANO if isinstance(spend, int) else None,
        reads_count=_names(row, "reads_count", name),
        checked=checked if isinstance(checked, date) else None,
        source=str(row["source"]),
    )


def _whole(row: Mapping[str, object], key: str) -> int | None:
    found = row.get(key)
    return found if isinstance(found, int) else None


def _names(row: Mapping[str, object], key: str, name: str) -> bool:
    globs = row.get(key, ())
    return isinstance(globs, list) and any(fnmatchcase(name, str(it)) for it in globs)


def _check(vendor: str, row: Mapping[str, object]) -> None:
    match row:
        case {"name": str(), "models": [*_], "checked": date(), "source": str()}:
            figures = ("rpm", "itpm", "otpm", "tpm", "spend_usd")
            if all(isinstance(row.get(key, 1), int) for key in figures):
                return
        case _:
            pass
    needed = "name, models = [...], checked = a date, source, and whole numbers a minute"
    raise ValueError(f"money/models/{vendor}.toml: a tier needs {needed}; this one is {row!r}")
