"""Asks the other process to do something with an object of its own, and answers the same.

Rule 1: frames are numbered and strictly nested: one that is out of turn ends the judging.
Rule 2: what may be asked is a closed list; `allow` decides for each side what of it is served.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import operator
import socket
import struct
import threading
from collections.abc import Callable, Collection
from json import dumps, loads
from typing import Any, NoReturn

from headgate.sandbox.verdict.inside import enums, errors, values

LARGEST = 256 << 20
BINARY = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and_",
    "or_",
    "xor",
    "lshift",
    "rshift",
]


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all that is awaited, because what waits may be bound to it."""
    return asyncio.new_event_loop()


async def _awaited(it: Any) -> Any:
    return await it


def _finished(it: Any) -> Any:
    """Awaited here and now, also where a loop of the one who asks is waiting for it."""
    waiting = asyncio._get_running_loop()
    loop = asyncio.new_event_loop() if _loop().is_running() else _loop()
    asyncio._set_running_loop(None)
    try:
        return loop.run_until_complete(_awaited(it))
    finally:
        asyncio._set_running_loop(waiting)
        if loop is not _loop():
            loop.close()


_BY_NAME: dict[str, Callable[[Any, Any], Any]] = {it: getattr(operator, it) for it in BINARY}
UNARY: dict[str, Callable[..., Any]] = {
    "len": len,
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "str": str,
    "repr": repr,
    "bytes": bytes,
    "hash": hash,
    "iter": iter,
    "next": next,
    "abs": abs,
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    "index": operator.index,
    "round": round,
    "reversed": reversed,
    "format": format,
    "dir": dir,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "contains": operator.contains,
    "await": _finished,
    "anext": lambda it: _finished(anext(it)),
    "aenter": lambda it: _finished(type(it).__aenter__(it)),
    "aexit": lambda it, *args: _finished(type(it).__aexit__(it, *args)),
    "isinstance": lambda kind, it: isinstance(it, kind),
    "issubclass": lambda kind, it: issubclass(it, kind),
    "enter": lambda it: type(it).__enter__(it),
    "exit": lambda it, *args: type(it).__exit__(it, *args),
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    **{name: getattr(operator, name) for name in BINARY},
    **{"r" + name: lambda it, other, name=name: _BY_NAME[name](other, it) for name in BINARY},
}


class Gone(Exception):
    """The other process ended, or sent what cannot be understood."""


class Wire:
    """Frames of JSON over a socket, each after its length."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, frame: object) -> None:
        data = dumps(frame, separators=(",", ":")).encode()
        try:
            self._sock.sendall(struct.pack("<Q", len(data)) + data)
        except OSError as e:
            raise Gone("the process of the code has ended") from e

    def receive(self) -> Any:
        (size,) = struct.unpack("<Q", self._exactly(8))
        if size > LARGEST:
            raise Gone("the code sent a value larger than is taken")
        try:
            return loads(self._exactly(size))
        except (ValueError, RecursionError) as e:
            raise Gone("the code sent what is no frame") from e

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        view, at = memoryview(data), 0
        while at < size:
            try:
                taken = self._sock.recv_into(view[at:])
            except OSError as e:
                raise Gone("the process of the code has ended") from e
            if not taken:
                raise Gone("the process of the code has ended")
            at += taken
        return data


class Thing:
    """An object of the other process: what is done to it is done there."""

    __slots__ = ("_hg_kind", "_hg_name", "_hg_number", "_hg_peer", "_hg_told")
    _hg_peer: Peer
    _hg_number: int
    _hg_kind: str
    _hg_name: str
    _hg_told: bool

    def __init__(self, peer: Peer, number: int, kind: str, name: str) -> None:
        for slot, value in zip(
            ("_hg_peer", "_hg_number", "_hg_kind", "_hg_name", "_hg_told"),
            (peer, number, kind, name, False),
            strict=True,
        ):
            object.__setattr__(self, slot, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._hg_peer.ask("call", self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in ("__dict__", "__slots__", "__del__", "__wrapped__") or "__array" in name:
            raise AttributeError(name)
        return self._hg_peer.ask("get", self, (name,))

    def __setattr__(self, name: str, value: Any) -> None:
        self._hg_peer.ask("set", self, (name, value))

    def __delattr__(self, name: str) -> None:
        self._hg_peer.ask("del", self, (name,))

    def __mro_entries__(self, bases: object) -> tuple[type, ...]:
        return (self._hg_peer.entry,)

    def __await__(self) -> Any:
        return self._hg_peer.ask("await", self, ())
        yield

    def __exit__(self, kind: Any, it: Any, trace: object) -> Any:
        return self._hg_peer.ask("exit", self, (kind, it, None))

    async def __aenter__(self) -> Any:
        return self._hg_peer.ask("aenter", self, ())

    async def __aexit__(self, kind: Any, it: Any, trace: object) -> Any:
        return self._hg_peer.ask("aexit", self, (kind, it, None))

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        return self._hg_peer.ask("anext", self, ())

    def __hash__(self) -> int:
        answer = self._hg_peer.ask("hash", self, ())
        return answer if isinstance(answer, int) else self._hg_number

    def __copy__(self) -> Any:
        return self._hg_peer.ask("copy", self, ())

    def __deepcopy__(self, memo: object) -> Any:
        return self._hg_peer.ask("deepcopy", self, ())

    def __reduce_ex__(self, version: object) -> NoReturn:
        raise TypeError("an object of the code under test cannot be pickled")


def is_thing(it: object) -> bool:
    """By its true type: a mock may say that it is of any class."""
    return issubclass(type(it), Thing)


def _asks(op: str) -> Callable[..., Any]:
    def method(self: Thing, *args: Any) -> Any:
        return self._hg_peer.ask(op, self, args)

    return method


def _lend(names: dict[str, str]) -> None:
    for name, op in names.items():
        setattr(Thing, f"__{name}__", _asks(op))


_PLAIN = (
    "len bool int float complex str repr bytes iter next abs neg pos invert index round "
    "reversed format dir getitem setitem delitem contains enter eq ne lt le gt ge"
)
_lend({name: name for name in _PLAIN.split()})
Thing.__doc__ = property(lambda it: it._hg_peer.ask("get", it, ("__doc__",)))  # type: ignore[assignment] # of the object, not of the class
_lend({"instancecheck": "isinstance", "subclasscheck": "issubclass"})
_lend({name.strip("_"): name for name in BINARY})
_lend({"r" + name.strip("_"): "r" + name for name in BINARY})


class Peer:
    """One side of the exchange."""

    def __init__(self, wire: Wire, make: Callable[..., Any] = Thing) -> None:
        self.wire = wire
        self.held = values.Held()
        self.errors = errors.Errors(self.held)
        self.values = values.Values(self._keep, self._meet)
        self.enums = enums.Enums(self.held, self.look_at)
        self.values.member = self.enums.encode
        self._make = make
        self._met: dict[int, Any] = {}
        self._lock = threading.RLock()
        self.allow: Callable[[str, Any, list[Any]], None] = lambda op, it, args: None
        self.perform: dict[str, Callable[..., Any]] = {}
        self.heard: Callable[[Any], None] = lambda said: None
        self.said: Callable[[], Any] = lambda: None
        self.raised: Callable[[BaseException], None] = lambda e: None
        self.lets_read = False
        """whether what is read of an object here stays the same container for both sides"""
        self.named: Collection[str] | None = None
        """what the tests name"""
        self.entry: type = object
        """what stands for a class of the other side among the bases of one of ours"""
        self.unable = ""
        """what of the tests cannot be done from apart"""

    def ask(self, op: str, target: Any, args: Any = (), kwargs: Any = None) -> Any:
        with self._lock:
            return self._ask(op, target, args, kwargs)

    def _ask(self, op: str, target: Any, args: Any, kwargs: Any) -> Any:
        known = values.Known()
        number = target._hg_number if is_thing(target) else target
        named = [[name, self.values.encode(it, known)] for name, it in (kwargs or {}).items()]
        # what makes an object may be kept by it
        self.values.live.is_open = op == "call" and getattr(target, "_hg_kind", "") == "class"
        try:
            frames = [self.values.encode(it, known) for it in args]
        finally:
            self.values.live.is_open = False
        live = self.values.live.changed(self.values)
        self.wire.send(["ask", op, number, frames, named, [self.said(), live]])
        while True:
            reply = self.wire.receive()
            if not isinstance(reply, list) or len(reply) < 4:
                raise Gone("the code sent what is no frame")
            if reply[0] == "ask" and len(reply) == 6:
                self.serve(reply)
                continue
            return self._take_reply(reply, known, op)

    def _take_reply(self, reply: list[Any], known: values.Known, op: str) -> Any:
        sent = len(known.things)
        try:
            self._hear(reply[3])
            value = self.values.decode(reply[1], known)
            for at, inside in reply[2]:
                if not isinstance(at, int) or not 0 <= at < sent:
                    raise values.Rubbish("a container that was never sent")
                self.values.amend(known.things[at], inside, known)
            self.values.live.settle(self.values)
        except (values.Rubbish, ValueError, TypeError) as e:
            raise Gone(f"the code sent {e}") from e
        if reply[0] == "value":
            return value
        if not isinstance(value, BaseException):
            raise Gone("the code raised what is no exception")
        raise errors.tame(value, op, self.named)

    def serve(self, frame: list[Any]) -> None:
        _, op, number, frames, named, said = frame
        self._hear(said)
        known = values.Known()
        kwargs = {str(name): self.values.decode(it, known) for name, it in named}
        args = self.values.decode_all(frames, known)
        before = [self.values.inside(it, known) for it in known.things]
        try:
            kind, result = "value", self._perform(op, number, args, kwargs)
        except Gone:
            raise
        except BaseException as e:  # noqa: BLE001 (whatever it is, the other side is to have it)
            self.raised(e)
            kind, result = "raise", e
        given = known.things[: len(before)]
        try:
            self.values.live.is_open = op == "get" and kind == "value" and self.lets_read
            answer = self.values.encode(result, known)
            after = self._changed(given, before, known)
        except BaseException as e:  # noqa: BLE001 (such as a value that contains itself)
            kind, after = "raise", []
            answer = self.errors.encode(e, self.values, values.Known())
        finally:
            self.values.live.is_open = False
        live = self.values.live.changed(self.values)
        self.wire.send([kind, answer, after, [self.said(), live]])

    def look_at(self, it: Any, name: str) -> Any:
        """An attribute of a member of an enumeration that was rebuilt here."""
        return self.ask("look", 0, (name, it))

    def _hear(self, said: Any) -> None:
        if not isinstance(said, list) or len(said) != 2:
            raise Gone("the code sent what is no frame")
        self.values.live.amend(said[1], self.values)
        self.heard(said[0])

    def _changed(self, given: list[Any], before: list[Any], known: values.Known) -> list[Any]:
        now = [self.values.inside(it, known) for it in given]
        return [[at, it] for at, it in enumerate(now) if not _same(it, before[at])]

    def _perform(self, op: str, number: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if op in self.perform:
            self.allow(op, None, args)
            return self.perform[op](*args, **kwargs)
        if number not in self.held.things:
            raise Gone("the code asked for what it was never given")
        it = self.held.things[number]
        self.allow(op, it, args)
        if op == "call":
            return it(*args, **kwargs)
        if op == "get":
            return getattr(it, args[0])
        if op == "set":
            return setattr(it, args[0], args[1])
        if op == "del":
            return delattr(it, args[0])
        if op in UNARY:
            return UNARY[op](it, *args)
        raise Gone("the code asked for what nobody does")

    def _keep(self, it: Any) -> list[Any]:
        if is_thing(it):
            return ["yours", it._hg_number]
        if isinstance(it, BaseException) or (
            isinstance(it, type) and issubclass(it, BaseException)
        ):
            return self.errors.encode(it, self.values, values.Known())
        self.allow("hold", it, [])
        return ["held", self.held.add(it), _kind(it), _name(it)]

    def _meet(self, frame: list[Any]) -> object:
        if frame[0] == "yours":
            if frame[1] not in self.held.things:
                raise values.Rubbish("an object that was never given")
            return self.held.things[frame[1]]
        if frame[0] == "held" and isinstance(frame[1], int):
            if frame[1] not in self._met:
                self._met[frame[1]] = self._make(self, frame[1], str(frame[2]), str(frame[3]))
            return self._met[frame[1]]
        if frame[0] in ("member", "your member"):
            return self.enums.decode(frame)
        return self.errors.decode(frame, self.values)


def _same(one: Any, other: Any) -> bool:
    """As JSON: 1, 1.0 and True are three things, and not-a-number is itself."""
    return dumps(one) == dumps(other)


def _kind(it: object) -> str:
    if isinstance(it, type):
        return "class"
    kind = type(it).__name__
    return kind if kind in ("coroutine", "module") else "object"


def _name(it: Any) -> str:
    kind = it if isinstance(it, type) else type(it)
    return str(kind.__name__)
