"""Knows which pages a piece of work writes to, and copies them for a fork in one row of calls.

Rule 1: it is learnt in a fork that does the work and ends: nothing of it is left.
Rule 2: a fork that has its pages copied has not done the work; where the kernel does not do
it for us, whoever asked is told and does the work itself.
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Callable, Iterator

from headgate.sandbox.worker import machine, syscalls
from headgate.sandbox.worker.calls import Row

PAGE = os.sysconf("SC_PAGE_SIZE")
_PRESENT, _OURS_ALONE = 1 << 63, 1 << 56
_COPY = 23
"""MADV_POPULATE_WRITE, since Linux 5.14"""
_SPAN = struct.Struct("QQ")
"""address and length"""


class Pages:
    """What a piece of work writes to."""

    def __init__(self, spans: bytes, code: machine.Code) -> None:
        self.count = sum(length for _, length in _SPAN.iter_unpack(spans)) // PAGE
        self._code, self._row = code, Row()
        for address, length in _SPAN.iter_unpack(spans):
            self._row.call("madvise", address, length, _COPY)
        self._row.write()

    def copy(self) -> bool:
        """Have our own copy of each; False: this kernel does it for nobody."""
        try:
            self._row.make(self._code)
        except OSError:
            return False
        return True


def learn(work: Callable[[], None], code: machine.Code) -> Pages:
    """The pages of our memory that `work` writes to, if it is done in a fork."""
    spans = list(_writable())
    done, tells_done = os.pipe2(os.O_CLOEXEC)
    worker = syscalls.fork()
    if worker == 0:
        try:
            work()
            os.write(tells_done, b"!")
            signal.pause()
        finally:
            os._exit(1)
    os.close(tells_done)
    os.read(done, 1)
    os.close(done)
    pages = _looked_at(worker, spans)
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    return Pages(pages, code)


def _looked_at(worker: int, spans: list[tuple[int, int]]) -> bytes:
    """By another fork: who looks at so much writes to pages, and they are not the work's."""
    told, tells = os.pipe2(os.O_CLOEXEC)
    looker = os.fork()
    if looker == 0:
        try:
            with open(tells, "wb") as file:
                file.write(b"".join(_SPAN.pack(*it) for it in _written(worker, spans)))
        finally:
            os._exit(0)
    os.close(tells)
    with open(told, "rb") as heard:
        pages = heard.read()
    os.waitpid(looker, 0)
    return pages


def _writable() -> Iterator[tuple[int, int]]:
    """Our anonymous memory but for the stack, as (from, to)."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        span, mode, _, _, _, *name = line.split()
        if mode == "rw-p" and name != ["[stack]"]:
            low, high = span.split("-")
            yield int(low, 16), int(high, 16)


def _written(worker: int, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of these it shares with nobody, as (address, length)."""
    with open(f"/proc/{worker}/pagemap", "rb", buffering=0) as file:
        for low, high in spans:
            file.seek(low // PAGE * 8)
            begun = 0
            entries = struct.unpack(
                f"{(high - low) // PAGE}Q", file.read((high - low) // PAGE * 8)
            )
            for number, entry in enumerate((*entries, 0)):
                is_alone = entry & _PRESENT and entry & _OURS_ALONE
                here = low + number * PAGE
                if is_alone and not begun:
                    begun = here
                elif begun and not is_alone:
                    yield begun, here - begun
                    begun = 0
