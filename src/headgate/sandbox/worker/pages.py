"""Knows which pages a piece of work writes to, and copies them for a fork in few calls.

Rule 1: it is learnt in a fork that does the work and ends: nothing of it is left.
Rule 2: a fork that has its pages copied has not done the work; where the kernel does not do
it for us, whoever asked is told and does the work itself.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Iterator

from headgate.sandbox.worker import syscalls

PAGE = os.sysconf("SC_PAGE_SIZE")
_PRESENT, _OURS_ALONE = 1 << 63, 1 << 56
_SPAN = struct.Struct("QQ")
"""address and length, as the kernel takes many of them"""
_AT_ONCE = 1024


def learn(work: Callable[[], None]) -> bytes:
    """The spans of our memory that `work` writes to, if it is done in a fork."""
    told, tells = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            spans = list(_writable())
            work()
            with open(tells, "wb") as file:
                file.write(b"".join(_SPAN.pack(*it) for it in _written(spans)))
        finally:
            os._exit(0)
    os.close(tells)
    with open(told, "rb") as heard:
        pages = heard.read()
    os.waitpid(pid, 0)
    return pages


def copy(pages: bytes) -> bool:
    """Have our own copy of each; False: this kernel does it for nobody (before 6.13)."""
    spans = (ctypes.c_char * len(pages)).from_buffer_copy(pages)
    count = len(pages) // _SPAN.size
    me = os.pidfd_open(os.getpid())
    try:
        for first in range(0, count, _AT_ONCE):
            at = ctypes.addressof(spans) + first * _SPAN.size
            syscalls.populate(me, at, min(_AT_ONCE, count - first))
    except OSError:
        return False
    finally:
        os.close(me)
    return True


def _writable() -> Iterator[tuple[int, int]]:
    """Our anonymous memory but for the stack, as (from, to)."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        span, mode, _, _, _, *name = line.split()
        if mode == "rw-p" and name != ["[stack]"]:
            low, high = span.split("-")
            yield int(low, 16), int(high, 16)


def _written(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of these we share with nobody, as (address, length)."""
    with open("/proc/self/pagemap", "rb", buffering=0) as file:
        for low, high in spans:
            file.seek(low // PAGE * 8)
            begun = 0
            entries = struct.unpack(
                f"{(high - low) // PAGE}Q", file.read((high - low) // PAGE * 8)
            )
            for number, entry in enumerate((*entries, 0)):
                is_ours = entry & _PRESENT and entry & _OURS_ALONE
                here = low + number * PAGE
                if is_ours and not begun:
                    begun = here
                elif begun and not is_ours:
                    yield begun, here - begun
                    begun = 0
