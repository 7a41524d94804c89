"""Knows containers and objects by the numbers that both sides call them by.

Rule 1: a number that was never given is rubbish; numbers are given in the same order by both.
Rule 2: a container that went from one side to the other stays one container: what one side
does to it the other is told before it goes on.
"""

from __future__ import annotations

import array
import collections
import contextlib
import functools
import logging
import operator
import types
from collections.abc import Callable, Iterable, Iterator
from json import dumps
from typing import Any, Protocol

LIVING = (list, dict, set, collections.deque, collections.defaultdict, collections.OrderedDict)
LIVING_ON, PASSING = "living", "passing"
"""containers that were read from an object or made it, and those of other calls"""
MOST_LIVE, MOST_PASSING, MOST_ITEMS = 64, 16, 2000
MOST_AT_ONCE, MOST_ITEMS_AT_ONCE = 12, 500
ATOMS = frozenset([bool, int, float, complex, str, bytes, type(None), frozenset, range])
COPIED = (list, dict, set, collections.deque, bytearray, array.array, logging.LogRecord,
          *map(type, ({}.keys(), {}.values(), {}.items())))  # fmt: skip
"""what arrives as a copy and can be changed"""
OF_TABLES = frozenset(["numpy", "pandas"])


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
    """Containers that both sides hold: what one side does to them the other is told before it
    goes on. Of those that pass with calls only the latest: an older one is a copy."""

    def __init__(self) -> None:
        self.things: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}
        """of those that are kept the same"""
        self.next, self._due = 0, 1
        """each side gives every second number"""
        self.tag = ""
        """as what a container is taken up that is encoded now: LIVING_ON, PASSING or not"""
        self._seen: dict[int, Any] = {}
        self._lasting = 0
        self._passing: collections.deque[int] = collections.deque()

    def give_odd_numbers(self) -> None:
        self.next, self._due = 1, 0

    def taken_up(self, thing: Any) -> list[Any]:
        """The head of its frame; empty: it is a copy for the other side."""
        if not self.tag or type(thing) not in LIVING or len(thing) > MOST_ITEMS:
            return []
        if self.tag == LIVING_ON and self._lasting >= MOST_LIVE:
            return []
        number, self.next = self.next, self.next + 2
        self._add(self.tag, number, thing)
        return [self.tag, number]

    def take(self, tag: str, number: Any, make: Callable[[], Any]) -> Any:
        if number != self._due or self._lasting > 2 * MOST_LIVE:
            raise Rubbish("a container out of turn")
        self._due += 2
        self.things[number] = []  # what it holds comes after it
        thing = make()
        if type(thing) not in LIVING:
            raise Rubbish("a container that is none")
        self._add(tag, number, thing)
        return thing

    def _add(self, tag: str, number: int, thing: Any) -> None:
        self.things[number], self.numbers[id(thing)] = thing, number
        if tag == LIVING_ON:
            self._lasting += 1
            return
        self._passing.append(number)
        if len(self._passing) > 2 * MOST_PASSING:  # till now the other side may have named it
            del self.things[self._passing.popleft()]
        if len(self._passing) > MOST_PASSING:
            oldest = self._passing[-1 - MOST_PASSING]
            self.numbers.pop(id(self.things[oldest]), None)
            self._seen.pop(oldest, None)

    @contextlib.contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Where a frame cannot be made, the other side never gets what was taken up for it."""
        first = self.next
        try:
            yield
        except BaseException:
            for number in range(first, self.next, 2):
                thing = self.things.pop(number)
                self.numbers.pop(id(thing), None)
                if number in self._passing:
                    self._passing.remove(number)
            self.next = first
            raise

    def changed(self, inner: Codec) -> list[Any]:
        """What of it has changed since the other side was told."""
        found = []
        for at, number in list(self.numbers.items()):
            try:
                if self._is_news(number, inner):
                    found.append([number, inner.written(self.things[number])])
            except Exception:  # noqa: BLE001 (it holds what cannot be handed over)
                del self.numbers[at]
        return found

    def amend(self, changes: Any, inner: Codec) -> None:
        for number, frame in changes:
            if not isinstance(number, int) or number not in self.things:
                raise Rubbish("a container that was never read")
            inner.amend(self.things[number], frame, Known())
            if number in self._seen:
                self._is_news(number, inner)

    def settle(self, inner: Codec, amended: Iterable[object] = ()) -> None:
        """What these and the new ones hold now both sides know of."""
        for number in [self.numbers.get(id(it)) for it in amended]:
            if number is not None:
                self._is_news(number, inner)
        for number in self.numbers.values():
            if number not in self._seen:
                self._is_news(number, inner)

    def _is_news(self, number: int, inner: Codec) -> bool:
        """Whether it has changed since this was asked last."""
        before = self._seen.get(number)
        thing = self.things[number]
        items = items_of(thing)
        if type(before) is list and is_same(before, items):
            return False
        now = items if all(map(is_told_apart, items)) else dumps(inner.written(thing))
        self._seen[number] = now
        return before is not None and (type(now) is list or now != before)


def items_of(thing: Any) -> list[Any]:
    if isinstance(thing, tuple):
        return list(tuple.__iter__(thing))
    return [*thing, *thing.values()] if isinstance(thing, dict) else list(thing)


def is_same(some: list[Any], others: list[Any]) -> bool:
    """The very same objects."""
    return len(some) == len(others) and all(map(operator.is_, some, others))


def is_told_apart(it: object) -> bool:
    """Whether another value would be another object: not so of copies that can be changed."""
    kind = type(it)
    if kind in ATOMS or kind in LIVING or hasattr(kind, "_hg_number"):
        return True
    if issubclass(kind, tuple):
        return all(map(is_told_apart, tuple.__iter__(it)))  # type: ignore[arg-type] # is one
    package = str(getattr(kind, "__module__", "")).partition(".")[0]
    return not issubclass(kind, COPIED) and package not in OF_TABLES


def passes(value: object) -> bool:
    """Whether containers that come with an argument or an answer are few, small and plain
    enough to be kept the same for both sides."""
    if type(value) not in LIVING and not isinstance(value, tuple):
        return False
    waiting: list[Any] = [value]
    containers = count = 0
    while waiting:
        it = waiting.pop()
        items = items_of(it)
        containers, count = containers + 1, count + len(items)
        if containers > MOST_AT_ONCE or count > MOST_ITEMS_AT_ONCE:
            return False
        for one in items:
            if type(one) in LIVING or issubclass(type(one), tuple):
                waiting.append(one)
            elif not is_told_apart(one):
                return False
    return True
