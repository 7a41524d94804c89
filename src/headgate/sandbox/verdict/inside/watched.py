"""Decides what an object of the code under test may take part in when a test looks at it.

Rule 1: such an object never equals, and is never ordered against, a plain value of the test.
Rule 2: an operator that learnt a value of the test answers with an object, never a plain value.
Rule 3: an equality between two of its objects holds only if it does not hold for decoys.
Rule 4: what is refused is remembered: a test that swallows the refusal does not pass either.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from headgate.sandbox.verdict.inside import peer

ASKING = frozenset(
    [
        "startswith",
        "endswith",
        "isdisjoint",
        "issubset",
        "issuperset",
        "count",
        "index",
        "find",
        "rfind",
        "rindex",
        "match",
        "fullmatch",
        "equals",
        "isclose",
        "is_integer",
        "rsplit",
        "removeprefix",
    ]
)
PLAIN_OF_TOLD = (
    "bool",
    "int",
    "float",
    "complex",
    "abs",
    "round",
    "index",
    "neg",
    "pos",
    "len",
)


SCALING = ("mul", "rmul")
"""no test scales by what it expects: an object so told may be measured (`abs(V(3, 4) * 2)`)"""


class Unjudged(AssertionError):
    """A check whose outcome the code under test would decide itself."""


def is_capital(name: str) -> bool:
    """A test that calls `median` means a function, whatever stands there."""
    return name.lstrip("_")[:1].isupper()


class Watch:
    """What is known of the test that looks, and what was suspicious."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        """that the tests name"""
        self.imported: set[str] = set()
        self.looked: set[str] = set()
        """whose attributes the tests read"""
        self.suspicion: list[str] = []
        self.made: set[int] = set()
        self.defined: set[str] = set()
        """names that the tests give themselves: no class of the code is meant by them"""
        self._classes: set[str] = set()

    def took(self, name: str, found: object) -> None:
        """A test took this from a module of the code: of a class, its objects are meant."""
        is_class = isinstance(found, Watched) and found._hg_kind == "class"
        if is_class and is_capital(name) and name not in self.defined:
            self._classes.add(name)

    def refuse(self, words: str) -> Unjudged:
        if words not in self.suspicion:
            self.suspicion.append(words)
        return Unjudged(words)

    def is_meant(self, it: Watched) -> bool:
        return it._hg_name in self._classes or it._hg_number in self.made


class Watched(peer.Called):
    """An object of the code under test, as the judge holds it."""

    __slots__ = ()
    watch: Watch

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = super().__call__(*args, **kwargs)
        is_class = self._hg_kind == "class" and self._hg_name in self.watch._classes
        if is_class and peer.is_thing(result):
            self.watch.made.add(result._hg_number)
        return result

    def __getattr__(self, name: str) -> Any:
        if name in ASKING and not self.watch.is_meant(self):
            raise self.watch.refuse(
                f"an object of the code's class {self._hg_name} stood where a plain value was "
                f"due: its own .{name}() would have decided"
            )
        return super().__getattr__(name)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not peer.is_thing(other):
            return NotImplemented
        peer_ = self._hg_peer
        if peer_.ask("eq", self, (other,)) is not True:
            return False
        for decoy in (secrets.randbits(80), secrets.token_hex(8), None):
            if _asked(peer_, "eq", self, decoy) is True:
                self.watch.refuse(
                    f"objects of the code's class {self._hg_name} equal everything"
                )
                return False
        return True

    def __ne__(self, other: object) -> bool:
        same = self.__eq__(other)
        return NotImplemented if same is NotImplemented else not same

    __hash__ = peer.Thing.__hash__

    def __contains__(self, item: object) -> bool:
        if not peer.is_thing(item) and not self.watch.is_meant(self):
            raise self.watch.refuse(
                f"an object of the code's class {self._hg_name} stood where a plain container "
                "was due: its own __contains__ would have decided"
            )
        if self._hg_peer.ask("contains", self, (item,)) is not True:
            return False
        for decoy in (secrets.randbits(80), secrets.token_hex(8)):
            if _asked(self._hg_peer, "contains", self, decoy) is True:
                self.watch.refuse(f"the code's class {self._hg_name} contains everything")
                return False
        return True

    def __round__(self, *args: Any) -> Any:
        return _unary("round")(self, *args)


def _asked(side: peer.Peer, op: str, it: Watched, decoy: object) -> object:
    try:
        return side.ask(op, it, (decoy,))
    except peer.Gone:
        raise
    except Exception:  # noqa: BLE001 (an honest class may refuse what it does not know)
        return False


def _ordering(op: str) -> Callable[[Watched, Any], Any]:
    def method(self: Watched, other: Any) -> Any:
        if not peer.is_thing(other):
            raise self.watch.refuse(
                f"an object of the code's class {self._hg_name} was ordered against a plain "
                "value: its own operator would have decided"
            )
        return self._hg_peer.ask(op, self, (other,))

    return method


def _binary(op: str) -> Callable[[Watched, Any], Any]:
    def method(self: Watched, other: Any) -> Any:
        result = self._hg_peer.ask(op, self, (other,))
        if peer.is_thing(other) and not (self._hg_told or other._hg_told):
            return result
        if op in SCALING and peer.is_thing(result) and self.watch.is_meant(self):
            return result
        if not peer.is_thing(result):
            raise self.watch.refuse(
                f"an operator of the code's class {self._hg_name} was told a value of the test "
                "and answered with a plain one"
            )
        object.__setattr__(result, "_hg_told", True)
        return result

    return method


def _unary(op: str) -> Callable[..., Any]:
    def method(self: Watched, *args: Any) -> Any:
        if self._hg_told:
            raise self.watch.refuse(
                f"an object of the code's class {self._hg_name} that was told a value of the "
                "test was turned into a plain one"
            )
        return self._hg_peer.ask(op, self, args)

    return method


for _op in ("lt", "le", "gt", "ge"):
    setattr(Watched, f"__{_op}__", _ordering(_op))
for _op in peer.BINARY:
    setattr(Watched, f"__{_op.strip('_')}__", _binary(_op))
    setattr(Watched, f"__r{_op.strip('_')}__", _binary("r" + _op))
for _op in PLAIN_OF_TOLD:
    setattr(Watched, f"__{_op}__", _unary(_op))
