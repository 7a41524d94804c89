"""Carries exceptions between the judge and the code: a test may expect them by class.

Rule 1: a class of the code becomes an exception class made here, with a true builtin beneath.
Rule 2: what steers the judge itself (skips, interrupts, ends of loops) is never raised here.
"""

from __future__ import annotations

import asyncio
import builtins
import importlib
import traceback
from collections.abc import Collection
from typing import Any

from headgate.sandbox.verdict.inside import values

LIBRARY = frozenset(
    [
        "json.decoder",
        "decimal",
        "struct",
        "zlib",
        "binascii",
        "csv",
        "_csv",
        "sqlite3",
        "socket",
        "subprocess",
        "configparser",
        "queue",
        "_queue",
        "asyncio.exceptions",
        "concurrent.futures._base",
        "zipfile",
        "urllib.error",
        "statistics",
        "re",
        "xml.etree.ElementTree",
        "uuid",
        "ipaddress",
        "dataclasses",
        "tomllib",
        "lzma",
        "_lzma",
        "shutil",
        "tarfile",
        "numpy.exceptions",
        "numpy.linalg",
    ]
)
STEERING = (StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt)


class Errors:
    """Exception classes and instances of both sides."""

    def __init__(self, held: values.Held) -> None:
        self._held = held
        self._made: dict[int, type[BaseException]] = {}
        self._numbers: dict[type[BaseException], int] = {}

    def encode(self, it: Any, inner: values.Values, known: values.Known) -> list[Any]:
        if isinstance(it, type):
            return self._encode_class(it)
        args = inner.encode_all(_plain(it.args), known)
        own = [
            [name, inner.encode(value, known)]
            for name, value in vars(it).items()
            if not name.startswith("_") and isinstance(value, (str, int, float, list, dict))
        ]
        return ["error", self._encode_class(type(it)), args, own, _words(it), _where(it)]

    def _encode_class(self, kind: type[BaseException]) -> list[Any]:
        if kind in self._numbers:
            return ["yours", self._numbers[kind]]
        if getattr(builtins, kind.__name__, None) is kind:
            return ["builtin error", kind.__name__]
        if kind.__module__ in LIBRARY:
            return ["library error", kind.__module__, kind.__name__]
        bases = [it for it in kind.__bases__ if issubclass(it, BaseException)]
        number = self._held.add(kind)
        return ["class", number, kind.__name__, [self._encode_class(it) for it in bases]]

    def decode(self, frame: list[Any], inner: values.Values) -> Any:
        if frame[0] == "error":
            return self._decode_error(frame, inner)
        return self._decode_class(frame)

    def _decode_class(self, frame: list[Any]) -> type[BaseException]:
        if frame[0] == "yours":
            found: object = self._held.things.get(frame[1])
        elif frame[0] == "builtin error":
            found = getattr(builtins, str(frame[1]), None)
        elif frame[0] == "library error" and frame[1] in LIBRARY:
            found = getattr(importlib.import_module(frame[1]), str(frame[2]), None)
        elif frame[0] == "class" and isinstance(frame[1], int):
            found = self._make(frame)
        else:
            raise values.Rubbish("a frame with an unknown tag")
        if not isinstance(found, type) or not issubclass(found, BaseException):
            raise values.Rubbish("a class that is no exception")
        return found

    def _make(self, frame: list[Any]) -> type[BaseException]:
        number = frame[1]
        if number not in self._made:
            bases = tuple(self._decode_class(it) for it in frame[3]) or (Exception,)
            made = type(str(frame[2]), bases, {"__str__": _told_words})
            self._made[number], self._numbers[made] = made, number
        return self._made[number]

    def _decode_error(self, frame: list[Any], inner: values.Values) -> BaseException:
        _, kind, args, own, words, where = frame
        made = self._decode_class(kind)
        known = values.Known()
        given = inner.decode_all(args, known)
        try:
            it = made(*given)
        except Exception:  # noqa: BLE001 (its own arguments do not make one)
            it = RuntimeError(str(words))
        for name, value in own:
            if isinstance(name, str) and name.isidentifier() and not name.startswith("_"):
                kept = inner.decode(value, known)
                values.plainly(name, kept)
                vars(it)[name] = kept
        vars(it)["_words"] = str(words)
        vars(it)["_where"] = str(where)
        return it


def _told_words(self: BaseException) -> str:
    words = vars(self).get("_words")
    return words if isinstance(words, str) else BaseException.__str__(self)


def _plain(args: tuple[Any, ...]) -> list[Any]:
    return [it if isinstance(it, (str, int, float, bytes, tuple)) else repr(it) for it in args]


def _words(it: BaseException) -> str:
    try:
        return str(it)
    except Exception:  # noqa: BLE001 (an exception that cannot tell of itself)
        return ""


def _where(it: BaseException) -> str:
    frames = [
        one for one in traceback.extract_tb(it.__traceback__) if "headgate" not in one.filename
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def tame(it: BaseException, op: str, named: Collection[str] | None = None) -> BaseException:
    """What of it is raised in the judge: the end of a loop only where a loop asked for it.

    `named` is what a test names: one that awaits without a word of cancellation would take a
    cancelled check for one that need not be looked at.
    """
    is_cancelled = isinstance(it, asyncio.CancelledError)
    if is_cancelled and named is not None and "CancelledError" not in named:
        return RuntimeError("the code raised CancelledError")
    ends = {"next": StopIteration, "anext": StopAsyncIteration}.get(op)
    if isinstance(it, STEERING) and not (ends and isinstance(it, ends)):
        return RuntimeError(f"the code raised {type(it).__name__}")
    return it
