"""The promises, one file per family: each is found by its name and lists its cases.

Rule 1: a family is a module of this folder with a TITLE, an ORDER and `cases()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from headgate.conformance.case import Case

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Family:
    """Promises of one kind."""

    name: str
    title: str
    """what is promised, for the head of a table's section"""
    order: int
    cases: Callable[[], Iterator[Case]]


def families() -> list[Family]:
    """Every family that there is, in the order they are shown."""
    found = []
    for path in FOLDER.glob("*.py"):
        if path.stem != "__init__":
            module = import_module(f"{__name__}.{path.stem}")
            found.append(Family(path.stem, module.TITLE, module.ORDER, module.cases))
    return sorted(found, key=lambda family: family.order)


def chosen(names: tuple[str, ...] = (), *, long: bool = False) -> dict[str, list[Case]]:
    """The cases of these families, or of all; those that take long only if wanted."""
    return {
        family.name: [case for case in family.cases() if long or not case.long]
        for family in families()
        if not names or family.name in names
    }
