"""Holds an interpreter with its imports loaded and forks it into cells.

Rule 1: it runs no user code, holds no secret and has no thread.
Rule 2: an import that is missing is passed over: the code's own import tells of it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from headgate.sandbox.worker import (
    child,
    first,
    frames,
    machine,
    made,
    nursery,
    pages,
    rehearsal,
    syscalls,
)

HUGE = 2 << 20
ENV = {f"{it}_NUM_THREADS": "1" for it in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "BLIS")} | {
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": os.path.join(first.ENV["TMPDIR"], "matplotlib"),
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""libraries start no thread while they are imported: a fork would lack it"""


def breed(imports: list[str], program: bytes, code: machine.Code) -> None:
    """Load, then fork a child into each cell that the keeper names, until it is gone."""
    talk = socket.socket(fileno=nursery.TALK)
    os.environ.update(ENV)
    hooks: list[Callable[[], object]] = []
    with _noted(hooks):
        missing = _load(imports)
    rehearsal.rehearse()
    made.adopt_pyplot()
    child.make_ready()
    for name in [it for it in sys.modules if it.partition(".")[0] == "headgate"]:
        del sys.modules[name]  # the user's own import, if any, is of the real one
    gc.collect()
    gc.freeze()
    gc.disable()
    _use_huge_pages()
    is_known = rehearsal.is_worth_it()
    written = pages.learn(rehearsal.touch, code) if is_known else pages.Pages(b"", code)
    plan = child.Plan(program, code, hooks)
    gc.collect()
    gc.freeze()

    def become(cell: int, line: int) -> NoReturn:
        child.wait_for_code(cell, line, plan, written)

    forks = nursery.Nursery(talk, code, become)
    frames.tell(talk, {"word": "loaded", "missing": missing})
    forks.serve()


def _use_huge_pages() -> None:
    """A fork shares a huge page by one entry and not by 512; a write copies 4 kB as ever."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        span, mode, _, _, inode, *name = line.split()
        if mode != "rw-p" or inode != "0" or name not in ([], ["[heap]"]):
            continue
        low, high = (int(it, 16) for it in span.split("-"))
        low, high = -(-low // HUGE) * HUGE, high // HUGE * HUGE
        if low < high:
            with contextlib.suppress(OSError):  # before Linux 6.1: it stays as it is
                syscalls.collapse(low, high - low)


@contextlib.contextmanager
def _noted(hooks: list[Callable[[], object]]) -> Iterator[None]:
    """What packages want done in a child after a fork is done in ours; Python's own is not."""
    register = os.register_at_fork

    def note(**wanted: Any) -> None:
        hook = wanted.get("after_in_child")
        module = str(getattr(hook, "__module__", None)).partition(".")[0]
        if hook is not None and module not in sys.stdlib_module_names:
            hooks.append(hook)
        register(**wanted)

    os.register_at_fork = note
    try:
        yield
    finally:
        os.register_at_fork = register


def _load(imports: list[str]) -> dict[str, str]:
    missing = {}
    for name in imports:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a package may fail in any way
            missing[name] = f"{type(error).__name__}: {error}"
    return missing
