"""Rebuilds members of enumerations that are numbers or words: true ones, of classes made here.

Rule 1: such a member compares, orders and counts as the plain value that it is: the code's own
operators do not travel.
Rule 2: one class of the code is one class here, and one member one member.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from headgate.sandbox.verdict.inside import values

BASES: dict[str, tuple[type, ...]] = {
    "IntEnum": (enum.IntEnum,),
    "int": (int, enum.Enum),
    "str": (str, enum.Enum),
    "IntFlag": (enum.IntFlag,),
}
if hasattr(enum, "StrEnum"):
    BASES["StrEnum"] = (enum.StrEnum,)


class Enums:
    """Classes by the number that the other side knows them by."""

    def __init__(self, held: values.Held, ask: Callable[[Any, str], Any]) -> None:
        self._held, self.ask = held, ask
        self._made: dict[int, Any] = {}
        self._numbers: dict[Any, int] = {}

    def encode(self, it: Any) -> list[Any] | None:
        """Of a member that is no plain one (flags, exotic bases): None."""
        kind = type(it)
        if kind in self._numbers:
            which = int(it) if isinstance(it, enum.IntFlag) else it.name
            return ["your member", self._numbers[kind], which]
        parent = next((name for name in BASES if _is_of(kind, name)), None)
        is_flag = parent == "IntFlag"
        if parent is None or not (is_flag or isinstance(it.name, str)):
            return None
        members = [[name, _plain(one)] for name, one in kind.__members__.items()]
        which = int(it) if is_flag else it.name
        return ["member", self._held.add(kind), parent, kind.__name__, members, which]

    def decode(self, frame: list[Any]) -> Any:
        if frame[0] == "your member":
            found = self._held.things.get(frame[1])
            if not isinstance(found, enum.EnumMeta):
                raise values.Rubbish("a member of what is no enumeration")
            kind_of: Any = found
            return kind_of(frame[2]) if issubclass(found, enum.IntFlag) else kind_of[frame[2]]
        _, number, parent, name, members, which = frame
        if not isinstance(number, int):
            raise values.Rubbish("an enumeration without a number")
        if number not in self._made:
            kind = int if parent in ("IntEnum", "int", "IntFlag") else str
            if not all(type(it[1]) in (int, str) for it in members):
                raise values.Rubbish("an enumeration of what is not plain")
            pairs = [(str(it[0]), kind(it[1])) for it in members]
            made = self._make(parent, str(name), pairs)
            self._made[number], self._numbers[made] = made, number
        kind_made = self._made[number]
        return kind_made(which) if parent == "IntFlag" else kind_made[which]

    def _make(self, parent: str, name: str, pairs: list[tuple[str, Any]]) -> Any:
        bases, enums = BASES[parent], self
        kind: Any = type(bases[-1])
        space = kind.__prepare__(name, bases)
        for one, value in pairs:
            space[one] = value

        def __getattr__(self: Any, name: str) -> Any:
            if name.startswith("_") or any(hasattr(it, name) for it in values.METHODS):
                raise AttributeError(name)
            return enums.ask(self, name)

        space["__getattr__"] = __getattr__
        return kind(name, bases, space)


def _is_of(kind: Any, name: str) -> bool:
    if name in ("IntEnum", "StrEnum", "IntFlag"):
        return issubclass(kind, BASES[name])
    return issubclass(kind, BASES[name][0]) and not issubclass(kind, enum.Flag)


def _plain(it: Any) -> Any:
    return int(it) if isinstance(it, int) else str.__str__(it)
