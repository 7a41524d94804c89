"""Shared memory in which the workers of one host show each other their counters.

Rule 1: it is a file without a name: it goes with the last process that holds it, and what a
worker showed stays while the others live.
Rule 2: each worker has a place and alone writes there; a reader sees what was shown last, and
sees it whole, though the writer be killed amid it.
Rule 3: who writes to what all share, such as the log, takes its turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import tempfile
from collections.abc import Iterator

import xxhash

HALF_BYTES = 512 * 1024
"""how much a worker may show; what is never written takes no memory"""
_HEAD = struct.Struct("<QQQ")  # number, length, checksum


class Board:
    """The places of `workers` workers, counted from 1; used by one thread, but for turn()."""

    def __init__(self, descriptor: int, workers: int) -> None:
        self.descriptor = descriptor
        self.workers = workers
        self._numbers: dict[int, int] = {}

    @classmethod
    def create(cls, workers: int) -> Board:
        """An empty one; processes that inherit its descriptor see the same."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("headgate-workers")
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, 1 + workers * 2 * HALF_BYTES)
        return cls(descriptor, workers)

    def show(self, place: int, content: bytes) -> bool:
        """Put this in a worker's place; False: it is too long, and the last one stays."""
        if len(content) > HALF_BYTES - _HEAD.size:
            return False
        number = self._numbers.get(place) or self._latest(place)[0]
        number += 1
        head = _HEAD.pack(number, len(content), _sum(number, content))
        self._numbers[place] = number
        os.pwrite(self.descriptor, head + content, self._at(place, number))
        return True

    def shown(self, place: int) -> bytes:
        """What was put there last; empty: nothing yet."""
        return self._latest(place)[1]

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Hold off other processes that take their turn; one thread of a process may."""
        # A record lock belongs to the process, so that an inherited descriptor does for it.
        with contextlib.suppress(OSError):
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX, 1)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                fcntl.lockf(self.descriptor, fcntl.LOCK_UN, 1)

    def close(self) -> None:
        os.close(self.descriptor)

    def _latest(self, place: int) -> tuple[int, bytes]:
        return max(self._read(place, half) for half in (0, 1))

    def _read(self, place: int, half: int) -> tuple[int, bytes]:
        raw = os.pread(self.descriptor, _HEAD.size, self._at(place, half))
        number, length, checksum = _HEAD.unpack(raw)
        if not number or length > HALF_BYTES:
            return (0, b"")
        at = self._at(place, half) + _HEAD.size
        content = os.pread(self.descriptor, length, at)
        return (number, content) if _sum(number, content) == checksum else (0, b"")

    def _at(self, place: int, number: int) -> int:
        """Where a number's half begins; the first byte of the file is for turns."""
        assert 1 <= place <= self.workers, "places are counted from 1"
        return 1 + (2 * (place - 1) + number % 2) * HALF_BYTES


def _sum(number: int, content: bytes) -> int:
    return xxhash.xxh3_64_intdigest(content, seed=number)
