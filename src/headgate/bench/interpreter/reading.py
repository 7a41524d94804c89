"""Reads workloads: one TOML file each, in a folder for each family.

Rule 1: a key that nobody knows, and a workload that nothing checks, is an error with its file.
Rule 2: narrowing to what does not exist is a mistake, never an empty run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from headgate.bench.interpreter.workload import FAMILIES, Workload

SHIPPED = Path(__file__).parent / "tasks"


class BadWorkload(ValueError):
    """A workload that is not written as workloads are, or none that was asked for."""


def read_all(folder: Path = SHIPPED) -> tuple[Workload, ...]:
    """Every workload below a folder, family by family."""
    found = [read_one(it) for it in sorted(folder.glob("*/*.toml"))]
    order = {name: at for at, name in enumerate(FAMILIES)}
    return tuple(sorted(found, key=lambda it: (order.get(it.family, len(order)), it.id)))


def read_one(path: Path) -> Workload:
    """The workload of a file."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        it = msgspec.convert({**table, "id": f"{path.parent.name}/{path.stem}"}, Workload)
    except (ValueError, OSError, msgspec.ValidationError) as error:
        raise BadWorkload(f"{path}: {error}") from error
    if not (it.values or it.tables or it.pictures):
        raise BadWorkload(f"{path}: nothing is expected of it: write [[values]] at least")
    return it


def chosen(
    them: Sequence[Workload], families: Sequence[str], names: Sequence[str]
) -> tuple[Workload, ...]:
    """Those of some families whose id holds one of the names."""
    known = tuple(dict.fromkeys(it.family for it in them))
    for family in families:
        if family not in known:
            raise BadWorkload(f"there is no family {family}: there are {', '.join(known)}")
    kept = tuple(
        it
        for it in them
        if (not families or it.family in families)
        and (not names or any(name in it.id for name in names))
    )
    if not kept:
        raise BadWorkload(f"no workload is called {' or '.join(names)}")
    return kept
