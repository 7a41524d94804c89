"""Does in the code's process what a test did in its own, and notes what a test may listen for.

Rule 1: it serves honest code: nothing here decides a verdict.
"""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
import logging
import random
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

from headgate.sandbox.verdict.inside import peer, standard, values

MOST_NOTED = 1000
_ABSENT = object()


class Obliging:
    """The tests' changes of modules, as they are here."""

    def __init__(self, side: peer.Peer) -> None:
        self._side = side
        self._before: dict[tuple[str, str, str], Any] = {}
        self.warned: list[Any] = []
        self.logged: list[Any] = []

    def heed(self, wanted: list[str]) -> None:
        """Listen for what the tests listen for."""
        if "warnings" in wanted:
            warnings.simplefilter("always")
            warnings.showwarning = self._note_warning
        if "logs" in wanted:
            logging.getLogger().addHandler(_Noting(self))

    def take(self) -> list[Any]:
        noted = [self.warned, self.logged]
        self.warned, self.logged = [], []
        return noted

    def apply(self, said: dict[str, Any]) -> None:
        for change in said.get("patched", []):
            self._patch(change)
        for seed in said.get("seed", []):
            random.seed(seed)
            if "numpy.random" in sys.modules and isinstance(seed, int):
                sys.modules["numpy.random"].seed(seed % 2**32)
        for name, level in said.get("levels", []):
            logging.getLogger(name or None).setLevel(level)

    def _patch(self, change: list[Any]) -> None:
        module, inside, name, frame = change
        target: Any = importlib.import_module(module)
        for part in filter(None, inside.split(".")):
            target = getattr(target, part)
        key = (module, inside, name)
        if frame is not None:
            self._before.setdefault(key, inspect.getattr_static(target, name, _ABSENT))
            value = self._side.values.decode(frame[0], values.Known())
            is_method = bool(inside) and isinstance(self._before[key], types.FunctionType)
            setattr(target, name, _bound(value) if is_method else value)
        elif key in self._before:
            before = self._before.pop(key)
            delattr(target, name) if before is _ABSENT else setattr(target, name, before)

    def _note_warning(
        self, message: Any, category: Any, filename: str, lineno: int, *_: Any, **__: Any
    ) -> None:
        if len(self.warned) < MOST_NOTED:
            kind = self._side.values.encode(category, values.Known())
            self.warned.append([kind, str(message), filename, lineno])


class _Noting(logging.Handler):
    def __init__(self, to: Obliging) -> None:
        super().__init__()
        self._to = to

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._to.logged) >= MOST_NOTED:
            return
        side = self._to._side
        is_plain = isinstance(record.args, tuple) and all(
            isinstance(it, (str, int, float)) for it in record.args
        )
        text, args = (record.msg, record.args) if is_plain else (record.getMessage(), ())
        error = record.exc_info[1] if record.exc_info else None
        self._to.logged.append(
            [
                record.name, record.levelno, str(text), side.values.encode_all(
                    args if isinstance(args, tuple) else (), values.Known()),
                record.pathname, record.lineno, record.funcName,
                side.values.encode(error, values.Known()),
                side.values.encode(_extra(record), values.Known()),
            ]
        )  # fmt: skip


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """What the code added to it, where that is plain."""
    known = vars(logging.makeLogRecord({}))
    plain = (str, int, float, bool, list, tuple, dict, type(None))
    return {
        name: it
        for name, it in vars(record).items()
        if name not in known and name not in ("message", "asctime") and isinstance(it, plain)
    }


def _bound(value: Callable[..., Any]) -> Callable[..., Any]:
    """As a function of a class is: told its object."""

    @functools.wraps(value, assigned=(), updated=())
    def method(*args: Any, **kwargs: Any) -> Any:
        return value(*args, **kwargs)

    return method


def derive(bases: list[type], name: str, members: list[list[Any]]) -> type:
    """A class of the tests, whose methods are theirs."""
    space: dict[str, Any] = {}
    for kind, one, it in members:
        if kind == "plain":
            space[one] = it
        elif kind == "property":
            get, put, drop = (part and _bound(part) for part in it)
            space[one] = property(get, put, drop)
        else:
            wrap: Any = {"staticmethod": staticmethod, "classmethod": classmethod}.get(kind)
            space[one] = wrap(_bound(it)) if wrap else _bound(it)
    return types.new_class(name, tuple(bases), {}, lambda made: made.update(space))


def look(name: str, it: Any, *args: Any, **kwargs: Any) -> Any:
    """What a function that looks into an object says of one of ours."""
    if name not in standard.LOOKING and isinstance(it, (enum.Enum, tuple)):
        return getattr(it, name)
    return getattr(standard.LOOKING[name][0], name)(it, *args, **kwargs)
