"""Lets one event loop drive the coroutines of both processes, step by step, in one order.

Rule 1: the loop is the tests': the code's process has a loop that passes on what is scheduled.
Rule 2: a step crosses as a call does; a future crosses as a wish to be woken, with no value.
Rule 3: the code cancels what is its own; a task of the tests is cancelled by the tests alone.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from headgate.sandbox.verdict.inside import values
from headgate.sandbox.verdict.inside.lines import Gone

STEPS: dict[str, Callable[..., Any]] = {
    "await": lambda it: it,
    "anext": lambda it: type(it).__anext__(it),
    "aenter": lambda it: type(it).__aenter__(it),
    "aexit": lambda it, *args: type(it).__aexit__(it, *args),
}
_monotonic = time.monotonic  # a test may put another in its place


class Wake:
    """What is to be told when a future here is done: somebody there waits for it."""

    def __init__(self, side: Any, number: int) -> None:
        self._side, self._number = side, number

    def __call__(self, *_: object) -> None:
        self._side.ask("wake", 0, (self._number,))


class Mirror(asyncio.Future[None]):
    """Stands for a future of the other side: it is done when that is, and holds nothing."""

    def bind(self, side: Any, number: int, asked: Asked) -> None:
        self._hg = (side, number, asked)

    def cancel(self, msg: Any = None) -> bool:
        side, number, asked = self._hg
        if self.done():
            return False
        asked.is_cancelled = True
        return bool(side.ask("cancel", 0, (number,))) or super().cancel(msg)


class Asked:
    """Something of the other side that is awaited here."""

    def __init__(self, side: Any, it: Any, op: str, args: tuple[Any, ...]) -> None:
        self._side, self._it, self._op, self._args = side, it, op, args
        self.is_cancelled = False

    def steps(self) -> Generator[Any, Any, Any]:
        side = self._side
        number = side.ask("begin", 0, (self._op, self._it, *self._args))
        thrown: BaseException | None = None
        while True:
            op = f"step {self._op}" + (" cancelled" if self.is_cancelled else "")
            kind, it = side.ask(op, 0, (number, thrown))
            thrown = None
            if kind == "done":
                return it
            try:
                if kind == "future":
                    yield from side.awaits.mirror(it, self)
                else:
                    yield
            except GeneratorExit:
                raise
            except BaseException as e:  # noqa: BLE001 (whatever it is, it belongs there)
                self.is_cancelled = self.is_cancelled or isinstance(e, asyncio.CancelledError)
                thrown = e


class Errand:
    """The task that code here runs in for a task of the other side."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.waits_for: Any = None
        self.must_cancel = False
        self._cancels = 0

    def cancel(self, msg: Any = None) -> bool:
        self._cancels += 1
        if self.waits_for is None or not self.waits_for.cancel():
            self.must_cancel = True
        return True

    def cancelling(self) -> int:
        return self._cancels

    def uncancel(self) -> int:
        self._cancels = max(0, self._cancels - 1)
        return self._cancels

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def get_name(self) -> str:
        return "Task-1"

    def done(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False


class Borrowed(asyncio.SelectorEventLoop):
    """The tests' loop, as it is here: what is scheduled is run when that loop says so."""

    def __init__(self, side: Any, number: int) -> None:
        self._side, self._number = side, number
        self.handles: dict[int, asyncio.Handle] = {}
        self.is_now, self._is_watched = False, True
        self._last = 0
        super().__init__()
        self._is_watched = False

    def _make_self_pipe(self) -> None:
        """Nobody sleeps in this loop who would have to be woken."""
        self._ssock = self._csock = None

    def __del__(self) -> None:
        self._selector.close()  # type: ignore[attr-defined] # typeshed does not tell of it

    def _post(self, handle: asyncio.Handle, delay: float | None, *, is_other: bool) -> Any:
        self._last += 1
        number = self._last
        self.handles[number] = handle
        self._side.ask("soon", 0, (self._number, number, delay, is_other))
        return handle

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override] # whatever is scheduled
        handle = asyncio.Handle(callback, args, self, context)
        if isinstance(callback, Wake):
            callback()
        elif self.is_now:
            self.is_now = False
            handle._run()
        else:
            self._post(handle, None, is_other=False)
        return handle

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Any, *args: Any, context: Any = None
    ) -> Any:
        return self._post(asyncio.Handle(callback, args, self, context), None, is_other=True)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> Any:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        return self._post(timer, max(0.0, when - self.time()), is_other=False)

    def time(self) -> float:
        return _monotonic()

    def is_running(self) -> bool:
        return True

    def run(self, number: int) -> None:
        handle = self.handles.pop(number, None)
        if handle is not None and not handle.cancelled():
            handle._run()

    def _add_reader(self, fd: Any, callback: Any, *args: Any) -> Any:
        made = super()._add_reader(fd, callback, *args)  # type: ignore[misc]
        return self._watched(made)

    def _add_writer(self, fd: Any, callback: Any, *args: Any) -> Any:
        made = super()._add_writer(fd, callback, *args)  # type: ignore[misc]
        return self._watched(made)

    def _watched(self, made: Any) -> Any:
        if not self._is_watched:
            self._is_watched = True
            threading.Thread(target=self._look, daemon=True).start()
        return made

    def _look(self) -> None:
        with contextlib.suppress(Exception):  # the loop of the tests may be closed
            while True:
                self._process_events(self._selector.select(0.2))  # type: ignore[attr-defined]

    def _add_callback(self, handle: asyncio.Handle) -> None:
        """Something can be read or written: it is, before it is looked again."""
        if not handle.cancelled():
            done = threading.Event()

            def run() -> None:
                try:
                    if not handle.cancelled():
                        handle._run()
                finally:
                    done.set()

            self.call_soon_threadsafe(run)
            done.wait()


class Awaits:
    """What one side awaits of the other, and is to do for it."""

    def __init__(self, side: Any) -> None:
        self._side = side
        self._loops: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._steps: dict[int, tuple[Any, Errand]] = {}
        self._futures: dict[int, tuple[Any, Errand]] = {}
        self._mirrors: dict[int, Mirror] = {}
        self._early: set[int] = set()
        self._begun: dict[int, concurrent.futures.Future[Any]] = {}
        self._last = 0
        self.lends = True
        """whether the loop is ours: of the two sides, the tests'"""

    def served(self) -> dict[str, Callable[..., Any]]:
        return {
            "begin": self._begin, "step": self._step, "wake": self._wake,
            "cancel": self._cancel, "soon": self._soon, "run": self._run,
            "start": self._start, "finish": self._finish,
        }  # fmt: skip

    def here(self) -> int:
        """The running loop by number; 0: none that the other side is to know of."""
        loop = asyncio._get_running_loop()
        if loop is None or not self.lends:
            return 0
        number = self._numbers.get(id(loop))
        if number is None:
            number = self._numbers[id(loop)] = len(self._loops) + 1
            self._loops[number] = loop
        return number

    @contextlib.contextmanager
    def within(self, number: Any) -> Iterator[None]:
        """The other side's loop runs here too while something is done for it."""
        if self.lends or not number:
            yield
            return
        if number not in self._loops:
            self._loops[number] = Borrowed(self._side, number)
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loops[number])
        try:
            yield
        finally:
            asyncio._set_running_loop(before)

    def ask(self, it: Any, op: str, *args: Any) -> Generator[Any, Any, Any]:
        """Awaits something of the other side."""
        loop = asyncio._get_running_loop()
        if isinstance(loop, Borrowed) or (self.lends and loop is not None):
            return (yield from Asked(self._side, it, op, args).steps())
        if loop is None or self.lends:
            return self._side.ask(op, it, args)
        # the code runs a loop of its own: it goes on while the tests' thing is awaited there
        number = self._side.ask("start", 0, (op, it, *args))
        waits = loop.run_in_executor(_waiting(), self._side.ask, "finish", 0, (number,))
        return (yield from waits)

    def mirror(self, number: int, asked: Asked) -> Generator[Any, Any, Any]:
        made = Mirror(loop=asyncio.get_running_loop())
        made.bind(self._side, number, asked)
        if number in self._early:
            self._early.discard(number)
            made.set_result(None)
        else:
            self._mirrors[number] = made
        yield from made

    def _begin(self, op: Any, it: Any, *args: Any) -> int:
        made = STEPS[op](it, *args)
        steps = made if hasattr(made, "send") else type(made).__await__(made)
        self._last += 1
        self._steps[self._last] = (steps, Errand(asyncio.get_running_loop()))
        return self._last

    def _step(self, number: Any, thrown: Any) -> tuple[str, Any]:
        if number not in self._steps:
            raise values.Rubbish("a step of what was never begun")
        steps, errand = self._steps[number]
        if errand.waits_for is not None:
            errand.waits_for = None
        if errand.must_cancel:
            errand.must_cancel, thrown = False, asyncio.CancelledError()
        if self.lends and thrown is not None and not isinstance(thrown, asyncio.CancelledError):
            raise values.Rubbish("an exception for what awaits")
        try:
            with _in_task(errand):
                out = _sent(steps, thrown)
        except StopIteration as e:
            del self._steps[number]
            return "done", e.value
        except BaseException:
            self._steps.pop(number, None)
            raise
        if getattr(out, "_asyncio_future_blocking", None) is None:
            return "bare", None
        out._asyncio_future_blocking = False
        errand.waits_for = out
        self._last += 1
        mine = self._last
        self._futures[mine] = (out, errand)
        out.add_done_callback(Wake(self._side, mine))
        if errand.must_cancel and out.cancel():
            errand.must_cancel = False
        return "future", mine

    def _cancel(self, number: Any) -> bool:
        """Somebody there no longer waits for a future of ours."""
        future, errand = self._futures.get(number, (None, None))
        if future is None or (self.lends and isinstance(future, asyncio.Task)):
            return False
        if errand is not None:
            errand._cancels += 1
        return bool(future.cancel())

    def _wake(self, number: Any) -> None:
        mirror = self._mirrors.pop(number, None)
        if mirror is None:
            self._early.add(number)
        elif not mirror.done():
            loop = mirror.get_loop()
            if isinstance(loop, Borrowed):
                loop.is_now = True
            mirror.set_result(None)
            if isinstance(loop, Borrowed):
                loop.is_now = False

    def _soon(self, loop: Any, number: Any, delay: Any, is_other: Any) -> None:
        """The code schedules something: it is run there when our loop comes to it."""
        ours = self._loops[loop]

        def run() -> None:
            try:
                self._side.ask("run", 0, (loop, number))
            except Gone:
                for it in self._mirrors.values():  # who waits is to hear of it
                    if not it.done():
                        it.set_result(None)

        if is_other:
            ours.call_soon_threadsafe(run)
        elif delay is None:
            ours.call_soon(run)
        else:
            ours.call_later(min(max(0.0, float(delay)), 1e6), run)  # of what is no number: 0

    def _run(self, loop: int, number: int) -> None:
        if not self.lends:
            self._loops[loop].run(number)

    def _start(self, op: Any, it: Any, *args: Any) -> int:
        async def awaited() -> Any:
            return await STEPS[op](it, *args)

        self._last += 1
        self._begun[self._last] = asyncio.run_coroutine_threadsafe(awaited(), _aside())
        return self._last

    def _finish(self, number: Any) -> Any:
        return self._begun.pop(number).result()


def _sent(steps: Any, thrown: BaseException | None) -> Any:
    if thrown is not None:
        return steps.throw(thrown)
    return steps.send(None) if hasattr(steps, "send") else next(steps)


@contextlib.contextmanager
def _in_task(errand: Errand) -> Iterator[None]:
    loop = asyncio._get_running_loop()
    if loop is None or asyncio.current_task(loop) is not None:
        yield
        return
    asyncio.tasks._enter_task(loop, errand)  # type: ignore[arg-type] # as good as one
    try:
        yield
    finally:
        asyncio.tasks._leave_task(loop, errand)  # type: ignore[arg-type]


@functools.cache
def _aside() -> asyncio.AbstractEventLoop:
    """A loop for what the code awaits of the tests in a loop of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


@functools.cache
def _waiting() -> concurrent.futures.Executor:
    return concurrent.futures.ThreadPoolExecutor(64)
