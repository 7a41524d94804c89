"""Takes what a test does to Python's own modules to the process of the code, where it counts.

Rule 1: what a test puts in place of a function of a module is lent to the code, as an argument
would be: it stays in the judge and is called by value.
Rule 2: what is asked of an object (its fields, its signature) is asked where the object is, and
answered with plain values; nothing that the code says changes a module of the judge.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import logging
import random
import sys
import types
import typing
import warnings
from collections.abc import Callable
from typing import Any
from unittest import mock

from headgate.sandbox.verdict.inside import peer, values

OWN = {("sys", it) for it in ("stdout", "stderr", "modules", "path", "meta_path")} | {
    ("os", "environ")
}
"""which are the judge's, or taken there by other means"""
LOOKING: dict[str, tuple[Any, ...]] = {
    "asdict": (dataclasses,),
    "astuple": (dataclasses,),
    "fields": (dataclasses,),
    "is_dataclass": (dataclasses,),
    "replace": (dataclasses,),
    "signature": (inspect,),
    "getdoc": (inspect,),
    "isgenerator": (inspect,),
    "isgeneratorfunction": (inspect,),
    "isawaitable": (inspect,),
    "isabstract": (inspect,),
    "isasyncgenfunction": (inspect,),
    "iscoroutinefunction": (inspect, asyncio),
    "isfunction": (inspect,),
    "isclass": (inspect,),
    "get_type_hints": (typing,),
}
"""functions that look into an object, and the modules that have them"""


class Standard:
    """What the tests did to modules since the code was last told."""

    def __init__(self, side: peer.Peer) -> None:
        self._side = side
        self._patched: dict[tuple[str, str, str], tuple[Any, Any]] = {}
        self._told: dict[tuple[str, str, str], Any] = {}
        self._seeds: list[Any] = []
        self._levels: dict[str, int] = {}

    def install(self) -> None:
        """Once the tests' own modules are not loaded yet."""
        self._follow_seed()
        for module, name, look in _LOOKS:
            setattr(module, name, look)
        self._follow_mock()
        dataclasses.dataclass = _decorating(dataclasses.dataclass)

    def follow_monkeypatch(self, kind: Any) -> None:
        """pytest's: once it is loaded."""
        change = kind.setattr

        @functools.wraps(change)
        def changed(patcher: Any, *args: Any, **kwargs: Any) -> None:
            change(patcher, *args, **kwargs)
            if patcher._setattr:
                self.note(*patcher._setattr[-1])

        kind.setattr = changed

    def _follow_mock(self) -> None:
        kind: Any = vars(mock)["_patch"]
        enter = kind.__enter__

        @functools.wraps(enter)
        def entered(patcher: Any) -> Any:
            made = enter(patcher)
            self.note(patcher.target, patcher.attribute, patcher.temp_original)
            return made

        kind.__enter__ = entered
        mocks: Any = mock
        mocks._is_async_obj = _looking("iscoroutinefunction", mocks._is_async_obj)
        mocks.iscoroutinefunction = asyncio.iscoroutinefunction

    def _follow_seed(self) -> None:
        seed = random.seed

        @functools.wraps(seed)
        def seeded(a: Any = None, version: int = 2) -> None:
            seed(a, version)
            if a is None or isinstance(a, (int, float, str)):
                self._seeds = [a]

        random.seed = seeded

    def note(self, target: Any, name: str, original: Any) -> None:
        """A test replaced this; what it had before is known."""
        is_class = isinstance(target, type)
        module = (
            getattr(target, "__module__", "") if is_class else getattr(target, "__name__", "")
        )
        is_standin = peer.is_thing(target) or hasattr(type(target), "_public")
        if is_standin or not (is_class or isinstance(target, types.ModuleType)):
            return
        found = sys.modules.get(str(module))
        if found is None or hasattr(found, "_hg_checks") or (module, name) in OWN:
            return
        key = (str(module), target.__qualname__ if is_class else "", name)
        self._patched.setdefault(key, (target, original))

    def changed(self) -> dict[str, Any]:
        """What the code is to be told before it is asked."""
        said: dict[str, Any] = {}
        if self._patched:
            said["patched"] = [*self._changes()]
        if self._seeds:
            said["seed"], self._seeds = self._seeds, []
        levels = {it: one.level for it, one in _loggers().items()}
        if levels != self._levels:
            said["levels"] = [[name, it] for name, it in levels.items()]
            self._levels = levels
        return said

    def _changes(self) -> Any:
        for key, (target, original) in list(self._patched.items()):
            now = inspect.getattr_static(target, key[2], None)
            if now is original:
                del self._patched[key]
                if key in self._told:
                    del self._told[key]
                    yield [*key, None]
            elif key not in self._told or self._told[key] is not now:
                self._told[key] = now
                yield [*key, [self._side.values.encode(_lendable(now), values.Known())]]


def _lendable(it: Any) -> Any:
    return it.__func__ if isinstance(it, (staticmethod, classmethod)) else it


def _loggers() -> dict[str, logging.Logger]:
    known = logging.Logger.manager.loggerDict
    found = {
        name: it for name, it in known.items() if isinstance(it, logging.Logger) and it.level
    }
    return {"": logging.getLogger(), **found}


def _looking(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(own)
    def look(it: Any, *args: Any, **kwargs: Any) -> Any:
        if peer.is_thing(it):
            return it._hg_peer.ask("look", 0, (name, it, *args), kwargs)
        return own(it, *args, **kwargs)

    return look


_LOOKS = [
    (module, name, _looking(name, getattr(module, name)))
    for name, modules in LOOKING.items()
    for module in modules
]
"""made once: each fork puts them in their places"""


def _decorating(own: Any) -> Any:
    @functools.wraps(own)
    def decorate(it: Any = None, /, **kwargs: Any) -> Any:
        if peer.is_thing(it):
            words = f"{it._hg_name}, a dataclass of the tests, derives from a class of the code"
            it._hg_peer.unable = words
            raise TypeError(words)
        return own(it, **kwargs)

    return decorate


def heard_warnings(side: peer.Peer, said: Any) -> None:
    """What the code warned of is warned of here, so that a test hears it."""
    for frame in said if isinstance(said, list) else []:
        kind, text, place, line = frame
        category = side.values.decode(kind, values.Known())
        if isinstance(category, type) and issubclass(category, Warning):
            warnings.warn_explicit(str(text), category, str(place), int(line))


def heard_records(side: peer.Peer, said: Any) -> None:
    """What the code logged is logged here, from plain values."""
    for frame in said if isinstance(said, list) else []:
        name, level, text, args, place, line, function, error, extra = frame
        logger = logging.getLogger(None if name == "root" else str(name))
        raised = side.values.decode(error, values.Known())
        found = (type(raised), raised, None) if isinstance(raised, BaseException) else None
        record = logger.makeRecord(
            str(name), int(level), str(place), int(line), str(text),
            tuple(side.values.decode_all(args, values.Known())), found, str(function),
        )  # fmt: skip
        more = side.values.decode(extra, values.Known())
        for one, value in more.items() if isinstance(more, dict) else ():
            if isinstance(one, str) and not hasattr(record, one):
                values.plainly(one, value)
                setattr(record, one, value)
        if logger.isEnabledFor(int(level)):
            logger.handle(record)
