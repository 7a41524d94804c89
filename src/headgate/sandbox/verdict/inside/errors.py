"""Carries exceptions between the judge and the code: a test may expect them by class.

Rule 1: a class of the code becomes an exception class made here, with a true builtin beneath;
one of an installed package is that class, where it is in memory here too.
Rule 2: what steers the judge itself (skips, interrupts, ends of loops) is never raised here.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import enum
import importlib
import os
import traceback
import types
from collections.abc import Callable, Collection
from typing import Any

from headgate.sandbox.verdict.inside import installed, values

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
        "pydantic_core._pydantic_core",
        "numpy.exceptions",
        "numpy.linalg",
    ]
)
LONGEST_CHAIN = 6
PYDANTIC = "pydantic_core._pydantic_core"
CARRIED = (str, int, float, bytes, tuple, list, dict, enum.Enum, type(None))
"""of what it was raised with; of anything else the words"""
UNTOLD = (types.FunctionType, types.MethodType, types.ModuleType, types.TracebackType)
"""what an exception may hold and does not take along"""
STEERING = (StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt)


class Errors:
    """Exception classes and instances of both sides."""

    def __init__(self, held: values.Held) -> None:
        self._held = held
        self._made: dict[int, type[BaseException]] = {}
        self._numbers: dict[type[BaseException], int] = {}
        self._reworded: dict[type[Exception], type[Exception]] = {}
        self._depth = 0
        self._is_decoding = False
        self.make: Callable[[int, Any, Any], Any] | None = None
        """asks for one of the other side's class; of the two sides, the tests' does"""
        self.ask: Callable[[int, str], Any] = _nothing
        """asks for what one of the other side's has by its class: data, methods, properties"""
        self._kind = type("type", (type,), {"__getattr__": self._by_class()})
        self.admits: Callable[[type[Exception]], bool] = lambda kind: True
        """whether a class of an installed package is raised here as itself"""

    def encode(self, it: Any, inner: values.Values, known: values.Known) -> list[Any]:
        if isinstance(it, type):
            return self._encode_class(it)
        if "_hg_number" in vars(it):
            return ["your error", vars(it)["_hg_number"]]
        args = inner.encode_all(_plain(_given(it)), known)
        if type(it).__name__ == "ValidationError" and type(it).__module__ == PYDANTIC:
            lines = [
                [one["type"], list(one["loc"]), one["msg"], inner.encode(one["input"], known)]
                for one in it.errors(include_url=False)
            ]
            return ["validation error", it.title, lines, _where(it)]
        own = self._encode_own(it, inner, known)
        found = [self._encode_class(type(it)), args, own, _words(it), _where(it)]
        return ["error", *found, self._encode_chain(it, inner, known), self._held.add(it)]

    def _encode_own(self, it: Any, inner: values.Values, known: values.Known) -> list[Any]:
        """Its attributes, as far as they can be told."""
        found: list[Any] = []
        if self._depth >= LONGEST_CHAIN:
            return found
        self._depth += 1
        is_met = any(_is_met(one) for one in type(it).__mro__)
        try:
            for name, value in (installed.state(it) if is_met else vars(it)).items():
                if isinstance(value, UNTOLD) or (name.startswith("_") and not is_met):
                    continue
                with contextlib.suppress(TypeError, RecursionError):  # what is not handed over
                    told = installed.plain(value) if name.startswith("_") else value
                    found.append([name, inner.encode(told, known)])
        finally:
            self._depth -= 1
        return found

    def _encode_chain(self, it: Any, inner: values.Values, known: values.Known) -> list[Any]:
        """What it came of, and whether that is to be shown; notes; what it is a group of."""
        if self._depth >= LONGEST_CHAIN:
            return []
        self._depth += 1
        try:
            links = [
                None if one is None else inner.encode(one, known)
                for one in (it.__cause__, it.__context__)
            ]
            notes = [str(one) for one in getattr(it, "__notes__", [])]
            parts = inner.encode_all(it.exceptions, known) if _is_group(it) else None
        finally:
            self._depth -= 1
        return [*links, it.__suppress_context__, notes, parts]

    def _encode_class(self, kind: type[BaseException]) -> list[Any]:
        if kind in self._numbers:
            return ["yours", self._numbers[kind]]
        if getattr(builtins, kind.__name__, None) is kind:
            return ["builtin error", kind.__name__]
        if kind.__module__ in LIBRARY:
            return ["library error", kind.__module__, kind.__name__]
        bases = [it for it in kind.__bases__ if issubclass(it, BaseException)]
        number = self._held.add(kind)
        beneath = [self._encode_class(it) for it in bases]
        where = kind.__module__ if _is_met(kind) else ""
        return ["class", number, kind.__name__, beneath, where]

    def decode(self, frame: list[Any], inner: values.Values) -> Any:
        if frame[0] == "error":
            return self._decode_error(frame, inner)
        if frame[0] == "your error":
            it = self._held.things.get(frame[1])
            if not isinstance(it, BaseException):
                raise values.Rubbish("an exception that was never raised")
            return it
        if frame[0] == "validation error":
            return _invalid(frame, inner)
        return self._decode_class(frame)

    def _decode_class(self, frame: list[Any]) -> type[BaseException]:
        if frame[0] == "yours":
            found: object = self._held.things.get(frame[1])
        elif frame[0] == "builtin error":
            found = getattr(builtins, str(frame[1]), None)
        elif frame[0] == "library error" and frame[1] in LIBRARY:
            found = getattr(importlib.import_module(frame[1]), str(frame[2]), None)
        elif frame[0] == "class" and isinstance(frame[1], int):
            found = self._met(frame) or self._make(frame)
        else:
            raise values.Rubbish("a frame with an unknown tag")
        if not isinstance(found, type) or not issubclass(found, BaseException):
            raise values.Rubbish("a class that is no exception")
        return found

    def _met(self, frame: list[Any]) -> type[Exception] | None:
        """One that both sides have."""
        kind = installed.found(str(frame[4]), str(frame[2])) if len(frame) > 4 else None
        return kind if kind is not None and self.admits(kind) else None

    def _make(self, frame: list[Any]) -> type[BaseException]:
        number = frame[1]
        if number not in self._made:
            bases = tuple(self._decode_class(it) for it in frame[3]) or (Exception,)
            try:
                made = self._kind(str(frame[2]), bases, self._space(number))
            except Exception:  # noqa: BLE001 (a class above it lets none be made so)
                plain = tuple(dict.fromkeys(map(installed.beneath, bases)))
                made = type(str(frame[2]), plain, self._space(number))
            self._made[number], self._numbers[made] = made, number
        return self._made[number]

    def _space(self, number: int) -> dict[str, Any]:
        return {
            "__str__": _told_words,
            "__init__": self._init(number),
            "__getattr__": self._by_one(),
        }

    def _by_one(self) -> Callable[[BaseException, str], Any]:
        return lambda it, name: self._look(
            f"'{type(it).__name__}' object", vars(it).get("_hg_number"), name
        )

    def _by_class(self) -> Callable[[type[BaseException], str], Any]:
        def look(kind: type[BaseException], name: str) -> Any:
            number = next(
                (self._numbers[it] for it in kind.__mro__ if it in self._numbers), None
            )
            return self._look(f"type object '{kind.__name__}'", number, name)

        return look

    def _look(self, whose: str, number: int | None, name: str) -> Any:
        if number is None or name.startswith("_"):
            raise AttributeError(f"{whose} has no attribute '{name}'")
        return self.ask(number, name)

    def _init(self, number: int) -> Callable[..., None]:
        """Made by a test, it is as the code would have made it."""

        def init(it: BaseException, *args: Any, **kwargs: Any) -> None:
            if self.make is None or self._is_decoding:
                BaseException.__init__(it, *args)
                return
            other = self.make(number, args, kwargs)
            if not isinstance(other, BaseException):
                raise values.Rubbish("an exception that is none")
            it.args = other.args
            vars(it).update(vars(other))

        return init

    def _decode_error(self, frame: list[Any], inner: values.Values) -> BaseException:
        _, kind, args, own, words, where, chain, number = frame
        made = self._decode_class(kind)
        known = values.Known()
        given = inner.decode_all(args, known)
        parts = inner.decode_all(chain[4], known) if len(chain) == 5 and chain[4] else None
        if parts is not None and _is_group(made):
            given = [str(given[0]) if given else "", parts]
        before, self._is_decoding = self._is_decoding, True
        try:
            it = installed.bare(made, given) if _is_met(made) else made(*given)
        except Exception:  # noqa: BLE001 (its own arguments do not make one)
            it = RuntimeError(str(words))
        finally:
            self._is_decoding = before
        self._fill(it, own, lambda frame: inner.decode(frame, known))
        self._reword(it, str(words))
        if len(chain) == 5:
            cause, context = (
                None if one is None else inner.decode(one, known) for one in chain[:2]
            )
            if isinstance(context, BaseException):
                it.__context__ = context
            if isinstance(cause, BaseException):
                it.__cause__ = cause
            it.__suppress_context__ = bool(chain[2])
            for note in chain[3]:
                it.add_note(str(note))
        vars(it)["_hg_number"] = number
        vars(it)["_words"] = str(words)
        vars(it)["_where"] = str(where)
        return it

    def _fill(self, it: BaseException, own: Any, decode: Callable[[Any], Any]) -> None:
        is_met = any(_is_met(one) for one in type(it).__mro__)
        slots = installed.slots(type(it))
        for name, value in own:
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("__"):
                continue
            kept = decode(value)
            if not name.startswith("_"):
                values.plainly(name, kept)
            elif is_met:
                kept = installed.plain(kept)
            else:
                continue
            if name in slots:
                slots[name].__set__(it, kept)
            else:
                vars(it)[name] = kept

    def _reword(self, it: BaseException, words: str) -> None:
        """What lacks something that its class would tell of tells it in the other's words."""
        kind: Any = type(it)
        if _is_met(kind) and _words(it) != words:
            with contextlib.suppress(Exception):  # a class that lets none be made of it
                if kind not in self._reworded:
                    self._reworded[kind] = installed.telling(kind, _told_words)
                it.__class__ = self._reworded[kind]


def _nothing(_: int, name: str) -> Any:
    raise AttributeError(name)


def _is_met(kind: type) -> bool:
    return installed.found(kind.__module__, kind.__name__) is kind


def _told_words(self: BaseException) -> str:
    words = vars(self).get("_words")
    return words if isinstance(words, str) else BaseException.__str__(self)


def _invalid(frame: list[Any], inner: values.Values) -> Any:
    """Pydantic's own, of what its model complained of."""
    core = importlib.import_module("pydantic_core")
    lines = [
        {
            "type": core.PydanticCustomError(str(kind), str(words)),
            "loc": tuple(it for it in loc if isinstance(it, (str, int))),
            "input": inner.decode(given, values.Known()),
        }
        for kind, loc, words, given in frame[2]
    ]
    return core.ValidationError.from_exception_data(str(frame[1]), lines)


def _is_group(it: Any) -> bool:
    kind = it if isinstance(it, type) else type(it)
    return hasattr(builtins, "BaseExceptionGroup") and issubclass(kind, BaseExceptionGroup)


def _given(it: BaseException) -> tuple[Any, ...]:
    """What makes it again: one of the system's keeps its path apart."""
    if type(it).__module__ != "builtins" or not isinstance(it, OSError) or len(it.args) != 2:
        return it.args
    if it.filename is None:
        return it.args
    return (*it.args, str(it.filename) if isinstance(it.filename, os.PathLike) else it.filename)


def _plain(args: tuple[Any, ...]) -> list[Any]:
    return [it if isinstance(it, CARRIED) else repr(it) for it in args]


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


def tame(
    it: BaseException, op: str, named: Callable[[], Collection[str]] | None = None
) -> BaseException:
    """What of it is raised in the judge: the end of a loop only where a loop asked for it.

    `named` says what a test names: one that awaits without a word of cancellation would take a
    cancelled check for one that need not be looked at, unless it has itself cancelled it.
    """
    is_cancelled = isinstance(it, asyncio.CancelledError) and not op.endswith(" cancelled")
    if is_cancelled and named is not None and "CancelledError" not in named():
        return RuntimeError("the code raised CancelledError")
    is_anext = op == "anext" or op.startswith("step anext")
    ends = {"next": StopIteration}.get(op, StopAsyncIteration if is_anext else None)
    if isinstance(it, STEERING) and not (ends and isinstance(it, ends)):
        return RuntimeError(f"the code raised {type(it).__name__}")
    return it
