"""Decides what an object of the code under test may take part in when a test looks at it.

Rule 1: such an object never equals, and is never ordered against, a plain value of the test.
Rule 2: an operator that learnt a value of the test answers with an object, never a plain value.
Rule 3: an equality between two of its objects holds only if it does not hold for decoys.
Rule 4: what is refused is remembered: a test that swallows the refusal does not pass either.
Rule 5: an object has as many items as it says, and swallows no check that failed in its block.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator
from typing import Any

from headgate.sandbox.verdict.inside import doing, peer

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
        "removesuffix",
        "partition",
        "rpartition",
        "strip",
        "lstrip",
        "rstrip",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isidentifier",
        "islower",
        "isnumeric",
        "isprintable",
        "isspace",
        "istitle",
        "isupper",
    ]
)
DIFFERING = frozenset(["difference", "symmetric_difference", "intersection", "sub", "subtract"])
COMPARING = frozenset(["eq", "ne", "compare"])
ASKED = "asked for "
"""what of a method that will be told something"""
REDUCING = frozenset(["all", "any", "empty", "sum"])
"""what is asked of what a comparison item by item has made"""
DECIDING = ASKING | DIFFERING | COMPARING | REDUCING
"""by which an object would decide for a plain value"""
OF_DIFFERENCE = DIFFERING | {"sub", "rsub", "xor", "rxor"}
OF_UNION = frozenset(["or_", "ror_", "and_", "rand_", "xor", "rxor"])
"""by which a test asks whether one is part of the other: `found | wanted == found`"""
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
)


SCALING = ("mul", "rmul")
"""no test scales by what it expects: an object so told may be measured (`abs(V(3, 4) * 2)`)"""


class Unjudged(AssertionError):
    """A check whose outcome the code under test would decide itself."""


def is_failure(e: object) -> bool:
    """Whether a check of the test says by this that it failed."""
    if isinstance(e, (AssertionError, outcome("Failed"))):
        return True
    return isinstance(e, BaseException) and any(map(is_failure, getattr(e, "exceptions", ())))


def outcome(name: str) -> Any:
    """The class of an exception of pytest's; nothing where pytest is not loaded."""
    return getattr(sys.modules.get("_pytest.outcomes"), name, ())


def is_no_number(it: Any) -> bool:
    """Not-a-number, alone or throughout: each comparison with it is false."""
    if isinstance(it, float):
        return it != it
    if type(it) in (list, tuple):
        return len(it) > 0 and all(isinstance(one, float) and one != one for one in it)
    is_array = type(it).__module__ == "numpy" and getattr(it, "dtype", None) is not None
    return bool(is_array and it.dtype.kind == "f" and it.size and (it != it).all())


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
        self.knows_nan = False
        """whether the tests speak of what is no number"""
        self.unreadable = ""
        """why the code was not loaded: it is no Python"""
        self._classes: set[str] = set()
        self._sizes: dict[int, list[int | None]] = {}

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
        if it._hg_kind == "class" and it._hg_name.isupper():  # a constant
            return False
        return it._hg_name in self._classes or it._hg_number in self.made

    def numbered(self, it: Any) -> Any:
        """What the code answered: a number, where tests do not know of others."""
        if not self.knows_nan and is_no_number(it):
            raise self.refuse("the code answered with what is no number")
        return it

    def moved(self) -> None:
        """Something was done: what was counted before may have changed."""
        self._sizes.clear()

    def sized(self, it: Watched, at: int, size: int) -> None:
        """An object said its length (0), or a loop over it came to its end (1)."""
        sizes = self._sizes.setdefault(it._hg_number, [None, None])
        sizes[at] = size
        length, items = sizes
        if length is None or items is None or items >= length or self.is_meant(it):
            return
        raise self.refuse(
            f"an object of the code's class {it._hg_name} has fewer items than it says"
        )

    def swallowed(self, it: Watched, e: object) -> bool:
        """Whether a failed check is what the code kept from being raised."""
        if is_failure(e) and "AssertionError" not in self.names:
            self.refuse(f"the code's {it._hg_name} swallowed a check that failed")
            return True
        return False


class Watched(peer.Called):
    """An object of the code under test, as the judge holds it."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._hg_peer.watch.moved()
        result = self._hg_peer.watch.numbered(super().__call__(*args, **kwargs))
        if self._hg_told in OF_DIFFERENCE:
            return self._told(result)
        if self._hg_told.startswith(ASKED) and not all(map(peer.is_thing, args)):
            return self._told(result)
        is_class = self._hg_kind == "class" and self._hg_name in self._hg_peer.watch._classes
        if is_class and peer.is_thing(result):
            self._hg_peer.watch.made.add(result._hg_number)
        return result

    def __getattr__(self, name: str) -> Any:
        if name in ASKING and not self._hg_peer.watch.is_meant(self):
            raise self._hg_peer.watch.refuse(
                f"an object of the code's class {self._hg_name} stood where a plain value was "
                f"due: its own .{name}() would have decided"
            )
        if self._hg_told in COMPARING and name in REDUCING:
            raise self._refused()
        found = self._hg_peer.watch.numbered(super().__getattr__(name))
        if self._hg_told in OF_DIFFERENCE and not self._hg_peer.watch.is_meant(self):
            return self._told(found)
        is_asked = name in DIFFERING | COMPARING and peer.is_thing(found)
        if is_asked and not self._hg_peer.watch.is_meant(self):
            object.__setattr__(found, "_hg_told", ASKED + name)
        return found

    def __await__(self) -> Any:
        return self._hg_peer.watch.numbered((yield from super().__await__()))

    def __setattr__(self, name: str, value: Any) -> None:
        self._hg_peer.watch.moved()
        super().__setattr__(name, value)

    def __exit__(self, kind: Any, it: Any, trace: object) -> Any:
        answer = super().__exit__(kind, it, trace)
        return answer and not self._hg_peer.watch.swallowed(self, it)

    async def __aexit__(self, kind: Any, it: Any, trace: object) -> Any:
        answer = await super().__aexit__(kind, it, trace)
        return answer and not self._hg_peer.watch.swallowed(self, it)

    def __iter__(self) -> Any:
        self._refuse_difference()
        found = self._hg_peer.ask("iter", self, ())
        return _walked(self, found) if peer.is_thing(found) and found is not self else found

    def __getitem__(self, key: Any) -> Any:
        self._refuse_difference()
        return self._hg_peer.ask("getitem", self, (key,))

    def __len__(self) -> Any:
        size = _unary("len")(self)
        if isinstance(size, int):
            self._hg_peer.watch.sized(self, 0, size)
        return size

    def __str__(self) -> Any:
        return self._worded("str")

    def __repr__(self) -> Any:
        return self._worded("repr")

    def __format__(self, spec: str) -> Any:
        return self._worded("format", spec)

    def _worded(self, op: str, *args: str) -> Any:
        found = self._hg_peer.ask(op, self, args)
        is_difference = self._hg_told in OF_DIFFERENCE and not self._hg_peer.watch.is_meant(
            self
        )
        return self._told(found) if is_difference else found

    def _refused(self) -> Unjudged:
        refused: Unjudged = self._hg_peer.watch.refuse(
            f"an object of the code's class {self._hg_name} that was told a value of the "
            "test was turned into a plain one"
        )
        return refused

    def _refuse_difference(self) -> None:
        if self._hg_told in OF_DIFFERENCE and not self._hg_peer.watch.is_meant(self):
            raise self._refused()

    def _told(self, found: Any) -> Any:
        """What came of an object that was told a value of the test: words, or an object too."""
        if peer.is_thing(found):
            object.__setattr__(found, "_hg_told", self._hg_told.removeprefix(ASKED))
        elif not isinstance(found, str) or not found or found.strip(" +-0123456789.") == "":
            raise self._refused()
        return found

    def __eq__(self, other: object) -> bool:
        if not peer.is_thing(other):
            return NotImplemented
        told = {self._hg_told, other._hg_told}  # type: ignore[attr-defined] # as of every thing
        if told & OF_UNION and not self._hg_peer.watch.is_meant(self):
            raise self._refused()
        if self is other:
            return True
        peer_ = self._hg_peer
        if peer_.ask("eq", self, (other,)) is not True:
            return False
        for decoy in (secrets.randbits(80), secrets.token_hex(8), None):
            if _asked(peer_, "eq", self, decoy) is True:
                self._hg_peer.watch.refuse(
                    f"objects of the code's class {self._hg_name} equal everything"
                )
                return False
        return True

    def __ne__(self, other: object) -> bool:
        same = self.__eq__(other)
        return NotImplemented if same is NotImplemented else not same

    __hash__ = peer.Thing.__hash__

    def __contains__(self, item: object) -> bool:
        if not peer.is_thing(item) and not self._hg_peer.watch.is_meant(self):
            raise self._hg_peer.watch.refuse(
                f"an object of the code's class {self._hg_name} stood where a plain container "
                "was due: its own __contains__ would have decided"
            )
        if self._hg_peer.ask("contains", self, (item,)) is not True:
            return False
        for decoy in (secrets.randbits(80), secrets.token_hex(8)):
            if _asked(self._hg_peer, "contains", self, decoy) is True:
                self._hg_peer.watch.refuse(
                    f"the code's class {self._hg_name} contains everything"
                )
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
            raise self._hg_peer.watch.refuse(
                f"an object of the code's class {self._hg_name} was ordered against a plain "
                "value: its own operator would have decided"
            )
        return self._hg_peer.ask(op, self, (other,))

    return method


def _binary(op: str) -> Callable[[Watched, Any], Any]:
    def method(self: Watched, other: Any) -> Any:
        return _reckoned(self, op, other, self._hg_peer.ask(op, self, (other,)))

    return method


def _in_place(op: str) -> Callable[[Watched, Any], Any]:
    def method(self: Watched, other: Any) -> Any:
        result = self._hg_peer.ask("i" + op, self, (other,))
        return self if result is self else _reckoned(self, op, other, result)

    return method


def _reckoned(self: Watched, op: str, other: Any, result: Any) -> Any:
    if peer.is_thing(other) and not (self._hg_told or other._hg_told):
        return result
    if op in SCALING and peer.is_thing(result) and self._hg_peer.watch.is_meant(self):
        return result
    if not peer.is_thing(result):
        raise self._hg_peer.watch.refuse(
            f"an operator of the code's class {self._hg_name} was told a value of the test "
            "and answered with a plain one"
        )
    object.__setattr__(result, "_hg_told", op)
    return result


def _unary(op: str) -> Callable[..., Any]:
    def method(self: Watched, *args: Any) -> Any:
        if self._hg_told:
            raise self._refused()
        return self._hg_peer.ask(op, self, args)

    return method


def _walked(it: Watched, items: Any) -> Iterator[Any]:
    """Its items, which are counted."""
    count = 0
    while True:
        try:
            one = next(items)
        except StopIteration:
            break
        count += 1
        yield one
    it._hg_peer.watch.sized(it, 1, count)


for _op in ("lt", "le", "gt", "ge"):
    setattr(Watched, f"__{_op}__", _ordering(_op))
for _op in doing.BINARY:
    setattr(Watched, f"__{_op.strip('_')}__", _binary(_op))
    setattr(Watched, f"__r{_op.strip('_')}__", _binary("r" + _op))
    setattr(Watched, f"__i{_op.strip('_')}__", _in_place(_op.strip("_")))
for _op in PLAIN_OF_TOLD:
    setattr(Watched, f"__{_op}__", _unary(_op))
for _name, _property in peer.OF_OBJECT.items():
    setattr(Watched, _name, _property)
