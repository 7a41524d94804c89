"""Finds the importers: a module of this folder with an IMPORTER.

Rule 1: what is no Importer, or has another's name, is refused by name: it is never left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from headgate.ledger.importers.importer import Importer

_MARK = "IMPORTER = "


def load(folder: Path = Path(__file__).parent, package: str = __name__) -> tuple[Importer, ...]:
    """All importers, by their names."""
    found: list[tuple[str, object]] = []
    for file in sorted(folder.glob("*.py")):
        if f"\n{_MARK}" in file.read_text(encoding="utf-8"):
            module = import_module(f"{package}.{file.stem}")
            found.append((file.stem, module.IMPORTER))
    return check(found)


def check(found: Iterable[tuple[str, object]]) -> tuple[Importer, ...]:
    """The same in order; ValueError names what is no importer."""
    importers: dict[str, Importer] = {}
    for place, importer in found:
        if not isinstance(importer, Importer):
            raise ValueError(f"the importer {place} brings an IMPORTER that is no Importer")
        if importer.name in importers:
            raise ValueError(
                f"two importers are called {importer.name!r}: {place} is the second"
            )
        importers[importer.name] = importer
    return tuple(importers[name] for name in sorted(importers))
