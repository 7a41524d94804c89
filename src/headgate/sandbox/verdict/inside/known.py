"""Knows containers and objects by the numbers that both sides call them by.

Rule 1: a number that was never given is rubbish; numbers are given in the same order by both.
Rule 2: a container that a test has read from an object, or made one with, stays one container:
what one side does to it the other is told before it goes on.
"""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable
from json import dumps
from typing import Any, Protocol

LIVING = (list, dict, set, collections.deque, collections.defaultdict, collections.OrderedDict)
MOST_LIVE, MOST_ITEMS = 64, 2000


METHODS = (str, bytes, int, float, list, tuple, dict, set, frozenset, range)
"""plain values, as which nothing else is to answer"""


def is_made(it: object) -> bool:
    """Whether it is a function that was made with values or for an object."""
    return isinstance(it, (functools.partial, types.MethodType))


def shown(it: object) -> str:
    """In words, without what a function was made with."""
    return f"<{type(it).__name__}>" if is_made(it) else repr(it)


class Rubbish(Exception):
    """The other side sent what no honest side sends."""


def plainly(name: str, value: object) -> None:
    """Refuses a field that would answer as the method of a plain value of that name."""
    if callable(value) and any(hasattr(it, name) for it in METHODS):
        raise Rubbish(f"a field {name} that answers for a plain value")


class Known:
    """The mutable containers of one exchange: both sides call them by the same number."""

    def __init__(self) -> None:
        self.things: list[Any] = []
        self.numbers: dict[int, int] = {}

    def add(self, thing: object) -> int:
        self.numbers[id(thing)] = len(self.things)
        self.things.append(thing)
        return len(self.things) - 1


class Reading(Known):
    """Knows what is known and takes up nothing new."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.things, self.numbers = known.things, known.numbers

    def add(self, thing: object) -> int:
        return -1


def known_as(known: Known, number: Any, thing: Any) -> Any:
    """Takes up what the other side knows by this number; -1: by none."""
    if isinstance(number, int) and number >= 0:
        if number != len(known.things):
            raise Rubbish("a container out of turn")
        known.add(thing)
    return thing


class Held:
    """A place for objects that the other side names by number."""

    def __init__(self) -> None:
        self.things: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}

    def add(self, thing: object) -> int:
        number = self.numbers.get(id(thing))
        if number is None:
            number = len(self.things) + 1
            self.things[number], self.numbers[id(thing)] = thing, number
        return number


class Codec(Protocol):
    """What writes and amends containers."""

    def written(self, thing: Any) -> Any: ...

    def amend(self, thing: Any, frame: Any, known: Known) -> None: ...


class Live:
    """Containers of the code that a test has read from an object: what one side does to them
    the other is told before it goes on."""

    def __init__(self) -> None:
        self.things: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.seen: list[str] = []
        self.is_open = False
        """whether a container that is encoded now is taken up"""

    def taken_up(self, thing: Any) -> int | None:
        is_fit = self.is_open and type(thing) in LIVING and len(thing) <= MOST_ITEMS
        if not is_fit or len(self.things) >= MOST_LIVE:
            return None
        return self._add(thing)

    def take(self, number: Any, make: Callable[[], Any]) -> Any:
        if number != len(self.things) or number >= MOST_LIVE:
            raise Rubbish("a container out of turn")
        self.things.append([])  # what it holds comes after it
        self.seen.append("")
        thing = self.things[number] = make()
        if type(thing) not in LIVING:
            raise Rubbish("a container that is none")
        self.numbers[id(thing)] = number
        return thing

    def _add(self, thing: Any) -> int:
        self.numbers[id(thing)] = len(self.things)
        self.things.append(thing)
        self.seen.append("")
        return len(self.things) - 1

    def changed(self, inner: Codec) -> list[Any]:
        """What of it has changed since the other side was told."""
        found = []
        for number, thing in enumerate(self.things):
            frame = inner.written(thing)
            text = dumps(frame)
            if self.seen[number] not in ("", text):
                found.append([number, frame])
            self.seen[number] = text
        return found

    def amend(self, changes: Any, inner: Codec) -> None:
        for number, frame in changes:
            if not isinstance(number, int) or not 0 <= number < len(self.things):
                raise Rubbish("a container that was never read")
            inner.amend(self.things[number], frame, Known())
        self.settle(inner)

    def settle(self, inner: Codec) -> None:
        """What they hold now both sides know of."""
        for number, thing in enumerate(self.things):
            self.seen[number] = dumps(inner.written(thing))
