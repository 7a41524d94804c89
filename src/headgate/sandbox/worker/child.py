"""Is a process that was forked with its interpreter and imports loaded, and runs Python code.

Rule 1: it is confined before it knows what it will run; until then it waits in its cell.
Rule 2: what ended the code is left in the process's name, which is read from outside: a limit
that the code ran into is an exception here and nothing else elsewhere.
Rule 3: each page that it writes to before the code begins is copied for nothing: what it does
was written down in the zygote, as rows of calls.
"""

from __future__ import annotations

import ctypes
import io
import marshal
import os
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from headgate.sandbox.worker import (
    confine,
    first,
    frames,
    machine,
    pages,
    rehearsal,
    runner,
    syscalls,
)
from headgate.sandbox.worker.calls import Row
from headgate.sandbox.worker.confine import LINE
from headgate.sandbox.worker.inbox import Inbox

MARK = "hg!"
"""before exit code and reason, in the name of a process that has nothing more to do"""
HERE = struct.Struct("=8sqq")
"""that it waits, and the CPU time it has used: seconds and nanoseconds"""
_HERE = b"here".ljust(8)
_LIMITS = (
    resource.RLIMIT_CORE,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_MEMLOCK,
    resource.RLIMIT_MSGQUEUE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_RTPRIO,
    resource.RLIMIT_CPU,
    resource.RLIMIT_AS,
)
_LIMIT = struct.Struct("=QQ")
_BEGUN = _LIMIT.size * len(_LIMITS)
_CPU_CLOCK = 2
_NAME = 16


_Words = tuple[str, list[str], dict[str, str], bool]
"""the file, its arguments, its environment, whether it is of a session"""


def order(said: dict[str, Any]) -> bytes:
    """An order as a waiting child reads it: its limits as the kernel takes them, then words."""
    caps = confine.limits(said["limits"])
    words = b"".join(_LIMIT.pack(*caps.get(it, (0, 0))) for it in _LIMITS)
    begins = said["python"], said["argv"], said["env"], bool(said["session"])
    return words + marshal.dumps(begins)


def hand_over(line: socket.socket, said: dict[str, Any], fds: tuple[int, ...]) -> None:
    """Give an order to who waits for it, whether for Python or for a program."""
    if said["python"]:
        socket.send_fds(line, [order(said)], fds)
    else:
        frames.tell(line, said, fds)


def read(data: bytes) -> dict[str, Any]:
    """What a child says: that it is here, or what failed."""
    if not data.startswith(_HERE):
        said: dict[str, Any] = frames.read(data)
        return said
    _, seconds, nanoseconds = HERE.unpack(data)
    return {"word": "here", "cpu_ms": seconds * 1000 + nanoseconds / 1e6}


class Plan:
    """All that a child does but the code itself, written down in the zygote."""

    def __init__(
        self, program: bytes, code: machine.Code, hooks: Sequence[Callable[[], object]]
    ) -> None:
        self._code, self._hooks = code, hooks
        self._seal = confine.Seal(program, code, first.BOX)
        row = self._seal.row
        here = ctypes.create_string_buffer(_HERE, HERE.size)
        row.call("clock_gettime", _CPU_CLOCK, ctypes.addressof(here) + len(_HERE))
        row.call("write", LINE, here, HERE.size)
        row.keep(here)
        self._inbox = Inbox(row, LINE, frames.NOTE)
        row.write()
        self._adopt = Row()
        for target in range(3):
            self._adopt.call("dup3", LINE + 1 + target, target, 0)
        self._fourth = self._adopt.call("dup3", LINE + 3, 2, 0)
        self._rest = self._adopt.call("close_range", LINE, 0xFFFFFFFF, 0)
        for number, which in enumerate(_LIMITS):
            where = self._inbox.address + number * _LIMIT.size
            self._last = self._adopt.call("prlimit64", 0, which, where, 0, what=str(which))
        self._adopt.write()
        self._name = ctypes.create_string_buffer(_NAME)
        self._end = Row()
        self._end.call("prctl", syscalls.SET_NAME, self._name, 0, 0, 0)
        self._end.call("close_range", 0, 2, 0)  # whoever reads need not wait for our end
        self._exit = self._end.call("exit_group", 0)
        self._end.write()
        self._space = _address_space()

    def settle(self, cell: int, line: int) -> _Words:
        """Enter the cell, wait there for an order, take on what it says of the process."""
        self._reseed()
        self._seal.close(cell, line)
        data, _ = self._inbox.taken()
        if not data:
            os._exit(0)  # the cell was not needed
        said: _Words = marshal.loads(data[_BEGUN:])  # noqa: S302 - of the keeper's, by `order`
        if said[3]:
            self._adopt.set(self._fourth, 0, LINE + 4)
            self._adopt.set(self._fourth, 1, LINE)
            self._adopt.set(self._rest, 0, LINE + 1)
        memory, _ = _LIMIT.unpack_from(data, _BEGUN - _LIMIT.size)
        if memory:
            most = _LIMIT.pack(memory + self._space, memory + self._space)
            ctypes.memmove(self._inbox.address + _BEGUN - _LIMIT.size, most, _LIMIT.size)
        else:
            self._adopt.set(self._last, 1, resource.RLIMIT_CORE)
        self._adopt.make(self._code)
        return said

    def end(self, code: int, mark: str) -> NoReturn:
        """Leave the last words, and be gone."""
        self._name.value = f"{MARK}{code}:{mark}".encode()[: _NAME - 1]
        self._end.set(self._exit, 0, code)
        self._end.make(self._code)
        os._exit(code)

    def _reseed(self) -> None:
        """What the interpreter does after a fork of its own, as far as it is needed."""
        if random := sys.modules.get("random"):
            random.seed(int.from_bytes(os.urandom(32), "big"))
        if numpy := sys.modules.get("numpy.random"):
            numpy.seed(int.from_bytes(os.urandom(4), "big"))
        vars(threading.main_thread())["_native_id"] = threading.get_native_id()
        for hook in self._hooks:
            hook()


def wait_for_code(cell: int, line: int, plan: Plan, written: pages.Pages) -> NoReturn:
    """In a child of the zygote: enter the cell (a pidfd of its first process), then run.

    `line` leads to the keeper; `written` are the pages that a rehearsal writes to: a run will
    write to most of them too.
    """
    try:
        if not written.copy():
            rehearsal.touch()
        path, argv, env, is_session = plan.settle(cell, line)
        if env:
            os.environ.update(env)
        sys.argv[:] = [path, *argv]
    except BaseException as error:  # noqa: BLE001 - nobody above us: it is told, then we end
        _tell_failed(line, error)
        os._exit(1)
    me = os.getpid()
    if is_session:
        runner.run_cells(socket.socket(fileno=LINE))
    code, mark = runner.run_held(path) or runner.run_file(os.path.join(first.BOX, path))
    if os.getpid() == me:
        plan.end(code, mark)
    os._exit(code)


def last_words(name: str) -> tuple[int, str] | None:
    """The exit code and the reason in a process's name; None: it has not come to its end.

    It is the process's own word, and about itself: it can as well exit with that code.
    """
    code, found, mark = name.removeprefix(MARK).partition(":")
    if not name.startswith(MARK) or not found or not code.isdigit():
        return None
    return int(code) & 0xFF, mark


def make_ready() -> None:
    """In the zygote: what is the same for every child."""
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=True)  # output is heard as it is made
    sys.path.insert(0, first.BOX)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _tell_failed(line: int, error: BaseException) -> None:
    for talk in (LINE, line):
        try:
            frames.tell(socket.socket(fileno=talk), {"word": "failed", "what": repr(error)})
        except OSError:
            continue
        return


def _address_space() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * pages.PAGE
