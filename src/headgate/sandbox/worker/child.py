"""Runs Python code in a process that was forked with its interpreter and imports loaded.

Rule 1: until it is told what to run it does nothing but wait in its cell.
Rule 2: a traceback shows the user's files and lines, none of ours.
Rule 3: what ended the code is left in the process's name, which the keeper reads: a limit
    that the code ran into is an exception here and nothing else elsewhere.
"""

from __future__ import annotations

import atexit
import builtins
import errno
import io
import os
import signal
import socket
import sys
import threading
import types
from typing import Any, NoReturn

from headgate.sandbox.worker import confine, first, frames, syscalls

MARK = "hg!"
"""before the reason, in the name of a process that has ended"""
_REASONS = {
    errno.EMFILE: "files",
    errno.ENFILE: "files",
    errno.ENOSPC: "disk",
    errno.EFBIG: "file",
}


def wait_for_code(cell: int, sock: socket.socket, program: bytes) -> NoReturn:
    """In a child of the zygote: enter the cell (a pidfd of its first process), then run."""
    try:
        inside = syscalls.EVERY_NAMESPACE & ~syscalls.NEWPID
        syscalls.setns(cell, inside)
        syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
        _reseed()
        frames.tell(sock, {"word": "here"})
        said, fds = frames.hear(sock)
    except BaseException as error:  # noqa: BLE001 - nobody above us: it is told, then we end
        frames.tell(sock, {"word": "failed", "what": str(error)})
        os._exit(1)
    if said is None:
        os._exit(0)
    try:
        _enter(said, fds, program)
    except BaseException as error:  # noqa: BLE001 - the same
        frames.tell(sock, {"word": "failed", "what": str(error)})
        os._exit(1)
    _run(said["python"])


def _reseed() -> None:
    """`random` does it by itself; numpy does not."""
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()


def _enter(said: dict[str, Any], fds: list[int], program: bytes) -> None:
    os.setsid()
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
    os.chdir(first.BOX)
    os.environ.clear()
    os.environ.update(first.ENV | said["env"])
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=True)  # output is heard as it is made
    sys.argv[:] = [said["python"], *said["argv"]]
    sys.path.insert(0, first.BOX)
    for name in [it for it in sys.modules if it.partition(".")[0] == "headgate"]:
        del sys.modules[name]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with open("/proc/self/statm", "rb") as file:
        space = int(file.read().split()[0]) * 4096
    confine.limit(said["limits"], space)
    syscalls.prctl(syscalls.DUMPABLE, 1)
    confine.seal(program)


def _run(path: str) -> NoReturn:
    me = os.getpid()
    code = _run_file(os.path.join(first.BOX, path))
    code = _tidy_up(code)
    if os.getpid() != me:
        os._exit(code)  # a fork of the user's that came all the way back
    os._exit(code)


def _run_file(path: str) -> int:
    try:
        with open(path, "rb") as file:
            compiled = compile(file.read(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OSError) as error:
        _mark("build")
        sys.excepthook(type(error), error, None)
        return 1
    module = types.ModuleType("__main__")
    vars(module).update(__file__=path, __builtins__=builtins)
    sys.modules["__main__"] = module
    try:
        exec(compiled, vars(module))  # noqa: S102 - what the sandbox is for
    except SystemExit as ended:
        return _code_of(ended)
    except BaseException as error:  # noqa: BLE001 - whatever the code raises is its result
        _mark(_reason(error))
        trace = error.__traceback__ and error.__traceback__.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    return 0


def _code_of(ended: SystemExit) -> int:
    if ended.code is None:
        return 0
    if isinstance(ended.code, int):
        return ended.code & 0xFF
    print(ended.code, file=sys.stderr)  # noqa: T201 - as the interpreter does
    return 1


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "processes"
    if isinstance(error, OSError):
        if error.errno == errno.EAGAIN and error.filename is None:
            return "processes"
        return _REASONS.get(error.errno or 0, "")
    return ""


def _mark(reason: str) -> None:
    if reason:
        syscalls.name_process(MARK + reason)


def _tidy_up(code: int) -> int:
    """What the interpreter does at its end, but for taking itself to pieces."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    except SystemExit as ended:
        code = _code_of(ended)
    except BaseException as error:  # noqa: BLE001 - the user's
        sys.excepthook(type(error), error, error.__traceback__)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            code = code or 120
    return code
