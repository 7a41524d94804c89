"""Finds the checks: modules of this folder with a CHECK, and those that packages bring.

Rule 1: what is no Check, or has another's name, is refused by name: it is never left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

from headgate.validate.check import Check
from headgate.validate.problem import STAGES

GROUP = "headgate.validate.checks"
"""the entry points of packages that bring checks of their own"""


@cache
def load() -> tuple[Check, ...]:
    """All checks, by their stages."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    names = [file.stem for file in files if file.stem != "__init__"]
    found: list[tuple[str, object]] = [(name, _check_of(name)) for name in names]
    return inspect([*found, *_brought()])


def _brought() -> Iterable[tuple[str, object]]:
    """What packages bring; metadata is costly to load, so it is looked for in their files."""
    written = (it for place in sys.path for it in Path(place).glob("*.*-info/entry_points.txt"))
    if not any(GROUP.encode() in it.read_bytes() for it in written):
        return []
    from importlib.metadata import entry_points

    return [(point.value, point.load()) for point in entry_points(group=GROUP)]


def _check_of(name: str) -> object:
    return getattr(import_module(f"{__name__}.{name}"), "CHECK", None)


def inspect(found: Iterable[tuple[str, object]]) -> tuple[Check, ...]:
    """The same in order; ValueError names what is no check."""
    checks: dict[str, Check] = {}
    for place, check in found:
        if not isinstance(check, Check):
            raise ValueError(f"the check {place} brings no CHECK, or not a Check")
        if check.name in checks:
            raise ValueError(f"two checks are called {check.name!r}: {place} is the second")
        checks[check.name] = check
    return tuple(sorted(checks.values(), key=_order))


def _order(check: Check) -> tuple[int, int, str]:
    return STAGES.index(check.stage), check.rank, check.name
