"""Runs Python code as `__main__` and says how it ended.

Rule 1: a traceback shows the user's files and lines, none of ours.
Rule 2: figures and tables the code left are saved when it has ended, however it ended.
Rule 3: a session keeps its names and speaks one line of JSON each way: {"code"} in, {"ok",
"value"} out.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import errno
import importlib
import inspect
import json
import linecache
import os
import socket
import sys
import threading
import traceback
import types
from typing import Any, NoReturn

from headgate.sandbox.worker import made

LONGEST_VALUE = 64 * 1024
HELD = "held program: "
"""before the path of a program that was loaded before the fork: a module with a main()"""
_REASONS = {
    errno.EMFILE: "files",
    errno.ENFILE: "files",
    errno.ENOSPC: "disk",
    errno.EDQUOT: "disk",
    errno.EFBIG: "file",
}


def run_file(path: str) -> tuple[int, str]:
    """Run one file to its end, as the interpreter would: its exit code, and what stopped it."""
    try:
        with open(path, "rb") as file:
            source = file.read()
        parts = _compiled(source, path, wants_value=b"pandas" in source or b"polars" in source)
    except (SyntaxError, ValueError, OSError) as error:
        sys.excepthook(type(error), error.with_traceback(None), None)
        return 1, reason(error) or "build"
    names = _main_module(path)
    me = os.getpid()
    try:
        code, mark = _run(parts, names)
    finally:
        forked = os.getpid() != me
        if not forked:
            made.save_figures()
    return _tidy_up(code), mark


def run_held(path: str) -> tuple[int, str] | None:
    """Run what need not be read; None: it is not there."""
    held = sys.modules.get(HELD + path)
    if held is None:
        return None
    _main_module(path)
    try:
        held.main()
    except BaseException as error:  # noqa: BLE001 - told as of any program
        sys.excepthook(type(error), error, error.__traceback__)
        return 1, reason(error)
    return _flush(), ""


def _run(parts: _Parts, names: dict[str, Any]) -> tuple[int, str]:
    try:
        exec(parts[0], names)  # noqa: S102 - what the sandbox is for
        if parts[1] is not None:
            made.save_table(eval(parts[1], names))  # noqa: S307 - the same
    except SystemExit as ended:
        return _code_of(ended), ""
    except BaseException as error:  # noqa: BLE001 - whatever the code raises is its result
        mark = reason(error)
        trace = error.__traceback__ and error.__traceback__.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1, mark
    return 0, ""


_Parts = tuple[types.CodeType, types.CodeType | None]


def _compiled(source: bytes | str, name: str, *, wants_value: bool, flags: int = 0) -> _Parts:
    """The code and, if asked for and there is one, its last expression."""
    if not wants_value:
        return compile(source, name, "exec", flags, dont_inherit=True), None
    tree = ast.parse(source, name)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return compile(tree, name, "exec", flags, dont_inherit=True), None
    tree.body.pop()
    value = compile(ast.Expression(last.value), name, "eval", flags, dont_inherit=True)
    return compile(tree, name, "exec", flags, dont_inherit=True), value


def _main_module(path: str) -> dict[str, Any]:
    module = types.ModuleType("__main__")
    names = vars(module)
    names.update(__file__=path, __builtins__=builtins)
    sys.modules["__main__"] = module
    return names


def _code_of(ended: SystemExit) -> int:
    if ended.code is None:
        return 0
    if isinstance(ended.code, int):
        return ended.code & 0xFF
    sys.stderr.write(f"{ended.code}\n")
    return 1


def reason(error: BaseException) -> str:
    """The limit that an exception tells of."""
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "processes"
    if isinstance(error, BlockingIOError) and error.filename is None:
        return "processes"  # fork; pipes of ours block
    if isinstance(error, OSError):
        return _REASONS.get(error.errno or 0, "")
    return ""


def _tidy_up(code: int) -> int:
    """What the interpreter does at its end, but for taking itself to pieces."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    except SystemExit as ended:
        code = _code_of(ended)
    except BaseException as error:  # noqa: BLE001 - the user's
        sys.excepthook(type(error), error, error.__traceback__)
    return _flush() or code


def _flush() -> int:
    code = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            code = 120  # as the interpreter does
    return code


# a session


def run_cells(line: socket.socket) -> NoReturn:
    """Run one cell after another until the line is cut."""
    names = _main_module("")
    del names["__file__"]
    waits = _Waits()
    with line.makefile("rb") as heard:
        for number, text in enumerate(heard, 1):
            answer = _run_cell(json.loads(text)["code"], f"<cell {number}>", names, waits)
            line.sendall(json.dumps(answer).encode() + b"\n")
    os._exit(0)


def _run_cell(code: str, name: str, names: dict[str, Any], waits: _Waits) -> dict[str, object]:
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    ok, exit_code, value, mark = True, 0, None, ""
    try:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        statements, last = _compiled(code, name, wants_value=True, flags=flags)
        _evaluate(statements, names, waits)
        shown = _evaluate(last, names, waits) if last is not None else None
        if shown is not None:
            names["_"] = shown
            value = repr(shown)[:LONGEST_VALUE]
            made.save_table(shown)
    except SystemExit as ended:
        exit_code = _code_of(ended)
        ok = exit_code == 0
    except BaseException as error:  # noqa: BLE001 - whatever the code raises is its result
        ok, exit_code, mark = False, 1, reason(error)
        _print_error(error)
    made.save_figures()
    _flush()
    return {"ok": ok, "value": value, "exit_code": exit_code, "mark": mark}


def _evaluate(code: types.CodeType, names: dict[str, Any], waits: _Waits) -> object:
    result: Any = eval(code, names)  # noqa: S307 - what the sandbox is for
    return waits.until_done(result) if code.co_flags & inspect.CO_COROUTINE else result


class _Waits:
    """The event loop of a session, made for the first cell that awaits at its top."""

    def __init__(self) -> None:
        self._loop: Any = None

    def until_done(self, coroutine: object) -> object:
        if self._loop is None:
            self._loop = importlib.import_module("asyncio").new_event_loop()
        return self._loop.run_until_complete(coroutine)


def _print_error(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith("<cell "):
        trace = trace.tb_next
    traceback.print_exception(type(error), error.with_traceback(trace), trace)
