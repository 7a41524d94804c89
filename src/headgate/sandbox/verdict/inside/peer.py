"""Asks the other process to do something with an object of its own, and answers the same.

Rule 1: what is asked on one line is strictly nested; each thread has a line of its own.
Rule 2: what may be asked is a closed list; `allow` decides for each side what of it is served.
"""

from __future__ import annotations

import inspect
import threading
import types
from collections.abc import Callable, Collection
from json import dumps
from typing import Any, NoReturn

from headgate.sandbox.verdict.inside import awaiting, enums, errors, lines, values
from headgate.sandbox.verdict.inside.doing import BINARY, PASSED, UNARY
from headgate.sandbox.verdict.inside.lines import Gone, Wire

__all__ = ["Gone", "Peer", "Thing", "Wire", "is_thing"]

LASTING = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""what goes on after the call that began it"""


class Thing:
    """An object of the other process: what is done to it is done there."""

    __slots__ = ("_hg_kind", "_hg_name", "_hg_number", "_hg_peer", "_hg_told")
    _hg_peer: Peer
    _hg_number: int
    _hg_kind: str
    _hg_name: str
    _hg_told: str
    """by what operator or method it came of a value of the test"""

    def __init__(self, peer: Peer, number: int, kind: str, name: str) -> None:
        for slot, value in zip(
            ("_hg_peer", "_hg_number", "_hg_kind", "_hg_name", "_hg_told"),
            (peer, number, kind, name, ""),
            strict=True,
        ):
            object.__setattr__(self, slot, value)

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
        return self._hg_peer.awaits.ask(self, "await")

    def __exit__(self, kind: Any, it: Any, trace: object) -> Any:
        return self._hg_peer.ask("exit", self, (kind, it, None))

    async def __aenter__(self) -> Any:
        return await _Awaited(self, "aenter")

    async def __aexit__(self, kind: Any, it: Any, trace: object) -> Any:
        return await _Awaited(self, "aexit", kind, it, None)

    def __aiter__(self) -> Any:
        return self._hg_peer.ask("aiter", self, ())

    async def __anext__(self) -> Any:
        return await _Awaited(self, "anext")

    def __hash__(self) -> int:
        answer = self._hg_peer.ask("hash", self, ())
        return answer if isinstance(answer, int) else self._hg_number

    def __copy__(self) -> Any:
        return self._hg_peer.ask("copy", self, ())

    def __deepcopy__(self, memo: object) -> Any:
        return self._hg_peer.ask("deepcopy", self, ())

    def __reduce_ex__(self, version: object) -> NoReturn:
        self._hg_peer.unable = (
            f"a test pickles an object of the code's class {self._hg_name}, which cannot "
            "cross: let a function of the code do it, and look at what comes back"
        )
        raise TypeError("an object of the code under test cannot be pickled")


OF_OBJECT = {
    name: property(lambda it, name=name: it._hg_peer.ask("get", it, (name,)))  # type: ignore[misc]
    for name in ("__doc__", "__annotations__")
}
"""asked of the object: a class has them too"""
Thing.__doc__ = OF_OBJECT["__doc__"]  # type: ignore[assignment]


class Called(Thing):
    # of any other `callable` says that it cannot be called
    __slots__ = ()
    __doc__ = Thing.__doc__

    def __get__(self, it: Any, kind: Any = None) -> Any:
        """A function among the names of a class of ours is a method."""
        is_method = it is not None and "function" in self._hg_kind
        return types.MethodType(self, it) if is_method else self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._hg_peer.ask("call", self, args, kwargs)


async def awaited(it: Thing) -> Any:
    """A true coroutine, which a task can be made of."""
    return await it


def made(side: Peer, number: int, kind: str, name: str) -> Any:
    """What stands for an object of the other side."""
    it = (Thing if kind in ("mute", "coroutine") else Called)(side, number, kind, name)
    return awaited(it) if kind == "coroutine" else it


class _Awaited:
    """What an object of the other side does in steps."""

    def __init__(self, it: Thing, op: str, *args: Any) -> None:
        self._steps = it._hg_peer.awaits.ask(it, op, *args)

    def __await__(self) -> Any:
        return self._steps


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
_lend({"instancecheck": "isinstance", "subclasscheck": "issubclass"})
_lend({name.strip("_"): name for name in BINARY})
_lend({"r" + name.strip("_"): "r" + name for name in BINARY})
_lend({"i" + name.strip("_"): "i" + name.strip("_") for name in BINARY})


class Peer:
    """One side of the exchange."""

    def __init__(self, wire: Wire, make: Callable[..., Any] = made) -> None:
        self.wire = wire
        self.held = values.Held()
        self.errors = errors.Errors(self.held)
        self.values = values.Values(self._keep, self._meet)
        self.enums = enums.Enums(self.held, self.look_at)
        self.values.member = self.enums.encode
        self.values.classes = self.held
        self.values.ask = self._ask_of
        self._make = make
        self._met: dict[int, Any] = {}
        self._state = threading.RLock()
        """of all that encodes and decodes"""
        self.lines = lines.Lines(wire, self._attend)
        self.awaits = awaiting.Awaits(self)
        self._steps = self.awaits.served()
        self.allow: Callable[[str, Any, list[Any]], None] = lambda op, it, args: None
        self.perform: dict[str, Callable[..., Any]] = {}
        self.heard: Callable[[Any], None] = lambda said: None
        self.said: Callable[[], Any] = lambda: None
        self.raised: Callable[[BaseException], None] = lambda e: None
        self.lets_read: Callable[[Any, Any], bool] = lambda it, name: False
        """whether what is read of an object here stays the same container for both sides"""
        self.named: Callable[[], Collection[str]] | None = None
        """what the test names that runs"""
        self.vet: Callable[[BaseException], BaseException] = lambda e: e
        """what is raised instead of what the other side raised"""
        self.entry: type = object
        """what stands for a class of the other side among the bases of one of ours"""
        self.unable = ""
        """what of the tests cannot be done from apart"""
        self.watch: Any = None
        """what decides on the objects of the other side"""

    def ask(self, op: str, target: Any, args: Any = (), kwargs: Any = None) -> Any:
        try:
            return self._ask(op, target, args, kwargs)
        except Gone as e:  # a test may swallow it
            self.lines.fail(e)
            raise

    def _ask(self, op: str, target: Any, args: Any, kwargs: Any) -> Any:
        known = values.Known()
        number = target._hg_number if is_thing(target) else target
        line = self.lines.here()
        self.lines.let_go()
        with self._state:
            # what makes an object, or goes on later, may keep it
            kind = getattr(target, "_hg_kind", "")
            is_kept = op == "call" and (kind == "class" or kind.startswith("lasting"))
            with self.values.live.all_or_none():
                named = [
                    [name, self._shared(it, known, op, is_kept=is_kept)]
                    for name, it in (kwargs or {}).items()
                ]
                frames = [self._shared(it, known, op, is_kept=is_kept) for it in args]
            self.wire.send(["ask", line, op, number, frames, named, self._beside()])
        while True:
            reply = self.lines.next(line)
            if not isinstance(reply, list) or len(reply) < 5:
                raise Gone("the code sent what is no frame")
            if reply[0] == "ask" and len(reply) == 7:
                self.serve(reply)
                continue
            return self._take_reply(reply, known, op)

    def _shared(self, it: Any, known: values.Known, op: str, *, is_kept: bool) -> Any:
        """Encoded so that containers stay the same for both sides, where they are to."""
        live = self.values.live
        if is_kept:
            live.tag = values.LIVING_ON
        elif op in PASSED and values.passes(it) and self.lines.is_one_after_another():
            live.tag = values.PASSING
        try:
            return self.values.encode(it, known)
        finally:
            live.tag = ""

    def _beside(self) -> list[Any]:
        """What travels with each frame."""
        ended = self.lines.ended
        over = [ended.pop() for _ in range(len(ended))]
        live = self.values.live.changed(self.values)
        return [self.said(), live, self.awaits.here(), over, self.lines.has_threads()]

    def _take_reply(self, reply: list[Any], known: values.Known, op: str) -> Any:
        sent = len(known.things)
        try:
            with self._state:
                self._hear(reply[4])
                value = self.values.decode(reply[2], known)
                amended = []
                for at, inside in reply[3]:
                    if not isinstance(at, int) or not 0 <= at < sent:
                        raise values.Rubbish("a container that was never sent")
                    self.values.amend(known.things[at], inside, known)
                    amended.append(known.things[at])
                self.values.live.settle(self.values, amended)
        except (values.Rubbish, ValueError, TypeError) as e:
            raise Gone(f"the code sent {e}") from e
        finally:
            self.lines.let_go()
        if reply[0] == "value":
            return value
        if not isinstance(value, BaseException):
            raise Gone("the code raised what is no exception")
        raise self.vet(errors.tame(value, op, self.named))

    def attend(self) -> None:
        """Serves the other side's first thread until it hangs up."""
        self.lines.answer()
        self.values.live.give_odd_numbers()
        self._attend(0)

    def _attend(self, line: int) -> None:
        """Serves one thread of the other side."""
        self.lines.enter(line)
        try:
            while (frame := self.lines.next(line)) is not lines.OVER:
                self.serve(frame)
        except BaseException as e:
            self.lines.fail(e)
            if not line:
                raise
        finally:
            self.lines.forget(line)

    def serve(self, frame: list[Any]) -> None:
        _, line, op, number, frames, named, beside = frame
        try:
            with self._state:
                loop = self._hear(beside)
                known = values.Known()
                kwargs = {str(name): self.values.decode(it, known) for name, it in named}
                args = self.values.decode_all(frames, known)
                before = [self.values.inside(it, known) for it in known.things]
        finally:
            self.lines.let_go()
        try:
            with self.awaits.within(loop):
                kind, result = "value", self._perform(op, number, args, kwargs)
        except Gone:
            raise
        except BaseException as e:  # noqa: BLE001 (whatever it is, the other side is to have it)
            self.raised(e)
            kind, result = "raise", e
        given = known.things[: len(before)]
        is_kept = (
            op == "get"
            and kind == "value"
            and self.lets_read(self.held.things.get(number), args[0])
        )
        with self._state:
            try:
                with self.values.live.all_or_none():
                    answer = self._shared(result, known, op, is_kept=is_kept)
                    after = self._changed(given, before, known)
            except BaseException as e:  # noqa: BLE001 (such as a value that contains itself)
                kind, after = "raise", []
                answer = self.errors.encode(e, self.values, values.Known())
            self.wire.send([kind, line, answer, after, self._beside()])

    def _ask_of(self, it: Any, name: str) -> Any:
        return self.enums.ask(it, name)

    def look_at(self, it: Any, name: str) -> Any:
        """An attribute of a member of an enumeration that was rebuilt here."""
        return self.ask("look", 0, (name, it))

    def _hear(self, beside: Any) -> Any:
        if not isinstance(beside, list) or len(beside) != 5:
            raise Gone("the code sent what is no frame")
        if beside[4] is True:
            self.lines.watch()
        self.values.live.amend(beside[1], self.values)
        self.lines.end(beside[3])
        self.heard(beside[0])
        return beside[2]

    def _changed(self, given: list[Any], before: list[Any], known: values.Known) -> list[Any]:
        now = [self.values.inside(it, known) for it in given]
        return [[at, it] for at, it in enumerate(now) if not _same(it, before[at])]

    def _perform(self, op: str, number: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        verb = op.partition(" ")[0]
        if verb in self._steps or op in self.perform:
            self.allow(op, None, args)
            return (self._steps.get(verb) or self.perform[op])(*args, **kwargs)
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


def _kind(it: Any) -> str:
    if isinstance(it, type):
        return "class"
    if not callable(it):
        return "coroutine" if type(it).__name__ == "coroutine" else _mute(it)
    kind = type(it).__name__
    if kind in ("coroutine", "module"):
        return kind
    try:
        code = getattr(inspect.unwrap(it), "__code__", None)
    except ValueError:  # that wraps itself
        code = None
    lasts = "lasting " if isinstance(code, types.CodeType) and code.co_flags & LASTING else ""
    return lasts + ("function" if type(it) is types.FunctionType else "object")


def _mute(it: Any) -> str:
    return "module" if type(it).__name__ == "module" else "mute"


def _name(it: Any) -> str:
    kind = it if isinstance(it, type) else type(it)
    return str(kind.__name__)
