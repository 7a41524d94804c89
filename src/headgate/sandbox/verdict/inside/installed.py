"""Knows exception classes of Python's own and of packages: one class, met on both sides.

Rule 1: only what is in memory here is looked at, and no package is asked for it: to be told of
a class imports nothing and runs nothing.
Rule 2: nothing that steers a runner of tests is met, nor what is no `Exception`.
Rule 3: of its private fields plain data travel: what such a class says of itself rests on them.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib.machinery
import sys
import types
from collections.abc import Callable
from typing import Any

STEERING = frozenset(["_pytest", "headgate", "hypothesis", "pluggy", "pytest", "unittest"])
"""packages whose exceptions tell a runner what to do"""
DRIVERS = frozenset(["psycopg"])
"""what they raise is met whether a test names it or not: it is known by its fields too"""
LOADERS = (
    importlib.machinery.SourceFileLoader,
    importlib.machinery.SourcelessFileLoader,
    importlib.machinery.ExtensionFileLoader,
)
FIXED = (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter)
PLAIN: tuple[Any, ...] = (type(None), bool, int, float, str, bytes)
DEEPEST = 4


def found(module: str, name: str) -> type[Exception] | None:
    """The class that an installed module has under that name."""
    if module.partition(".")[0] in STEERING:
        return None
    place = sys.modules.get(module)
    if not isinstance(place, types.ModuleType):
        return None
    loader = getattr(vars(place).get("__spec__"), "loader", None)
    if not isinstance(loader, LOADERS) and loader not in FIXED:
        return None  # such as a module of the tests, or what stands for one of the code's
    it = vars(place).get(name)
    if not isinstance(it, type) or not issubclass(it, Exception) or it.__module__ != module:
        return None
    return None if is_builtin(it) or not is_made_bare(it) else it


def is_builtin(kind: type) -> bool:
    return vars(builtins).get(kind.__name__) is kind


def is_named(kind: type[Exception], names: set[str]) -> bool:
    """Whether a test that says these names may look for it."""
    own = (it.__name__ for it in kind.__mro__ if not is_builtin(it))
    return kind.__module__.partition(".")[0] in DRIVERS or any(it in names for it in own)


def beneath(kind: type[BaseException]) -> type[BaseException]:
    """The builtin that it is made of."""
    it: Any = kind
    while not is_builtin(it):
        it = it.__base__
    return it  # type: ignore[no-any-return]


def is_made_bare(kind: type[Exception]) -> bool:
    """Whether its builtin makes one: not where a class of C between them has a maker."""
    own = kind.__mro__[: kind.__mro__.index(beneath(kind))]
    return not any(isinstance(vars(it).get("__new__"), types.BuiltinFunctionType) for it in own)


def slots(kind: type[BaseException]) -> dict[str, types.MemberDescriptorType]:
    """The fields that classes written in Python keep outside of its dictionary."""
    return {
        name: it
        for one in reversed(kind.__mro__)
        if "__slots__" in vars(one)
        for name, it in vars(one).items()
        if isinstance(it, types.MemberDescriptorType)
    }


def bare(kind: type[BaseException], args: list[Any]) -> BaseException:
    """One with these arguments; nothing that its class has written is run."""
    builtin: Any = beneath(kind)
    it: BaseException = builtin.__new__(kind, *args)
    builtin.__init__(it, *args)
    return it


def state(it: BaseException) -> dict[str, Any]:
    """Its fields, as it would have them travel."""
    before = dict(vars(it))
    told: Any = None
    with contextlib.suppress(Exception):
        told = it.__reduce__()
    has_state = isinstance(told, tuple) and len(told) > 2 and isinstance(told[2], dict)
    fields = before | told[2] if has_state else before
    for name, slot in slots(type(it)).items():
        with contextlib.suppress(AttributeError):  # nothing is in it
            fields = {**fields, name: slot.__get__(it)}
    vars(it).clear()  # which it may have changed
    vars(it).update(before)
    return fields


def plain(value: Any, deep: int = 0) -> Any:
    """The same, in values without any class of their own; TypeError if it is none."""
    if deep > DEEPEST:
        raise TypeError("nested too deeply")
    for kind in PLAIN:
        if isinstance(value, kind):
            return value if type(value) is kind else kind(value)
    if isinstance(value, (list, tuple)):
        return type(value)(plain(it, deep + 1) for it in value)
    if type(value) is dict:
        return {plain(key, deep + 1): plain(it, deep + 1) for key, it in value.items()}
    raise TypeError("no plain value")


def telling(kind: type[Exception], words: Callable[[Any], str]) -> type[Exception]:
    """The same class with other words."""
    space = {"__str__": words, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), space)
