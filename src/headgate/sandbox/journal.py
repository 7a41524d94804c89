"""Slices that are done: keeps them, so that a job in slices goes on from where it was ended.

Rule 1: a file of slices belongs to one job, cut in one way; with another one it is refused.
Rule 2: it grows by one slice at a time; an end that was torn off is cut away, not an error.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from headgate.sandbox.chunks import Part
from headgate.sandbox.model import Refused

MAGIC = b"headgate checkpoint 1\n"
_HEAD = 8
"""bytes before each part: its length and its check sum"""


class Journal(Protocol):
    """Where slices that are done are kept; may be slow."""

    def parts(self, key: bytes) -> Sequence[Part]:
        """Those of this job; raises Refused if they are of another one."""

    def keep(self, part: Part) -> None: ...


class InMemory:
    """Lasts as long as whoever holds it."""

    def __init__(self) -> None:
        self._key = b""
        self._parts: list[Part] = []

    def parts(self, key: bytes) -> Sequence[Part]:
        if self._key not in (b"", key):
            raise _of_another_job("this checkpoint")
        self._key = key
        return tuple(self._parts)

    def keep(self, part: Part) -> None:
        self._parts.append(part)


class OnDisk:
    """A file, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def parts(self, key: bytes) -> Sequence[Part]:
        start = MAGIC + key
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            content = b""
        if content[: len(start)] != start[: len(content)]:
            raise _of_another_job(str(self._path))
        parts, good = _read(content, len(start))
        with self._open(os.O_CREAT) as file:
            file.write(start)
            file.truncate(max(good, len(start)))
        return parts

    def keep(self, part: Part) -> None:
        told = msgspec.msgpack.encode(part)
        with self._open(os.O_APPEND) as file:
            file.write(_head(told) + told)
            file.flush()
            os.fsync(file.fileno())

    def _open(self, flags: int) -> BinaryIO:
        flags |= os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.fdopen(os.open(self._path, flags, 0o600), "wb")


def _head(told: bytes) -> bytes:
    return len(told).to_bytes(4, "big") + zlib.crc32(told).to_bytes(4, "big")


def _read(content: bytes, at: int) -> tuple[list[Part], int]:
    """The parts from there on, and where the last whole one ends."""
    found: list[Part] = []
    with suppress(msgspec.DecodeError):
        while len(head := content[at : at + _HEAD]) == _HEAD:
            told = content[at + _HEAD : at + _HEAD + int.from_bytes(head[:4], "big")]
            if _head(told) != head:
                break
            found.append(msgspec.msgpack.decode(told, type=Part))
            at += _HEAD + len(told)
    return found, at


def _of_another_job(what: str) -> Refused:
    return Refused(
        f"{what} is of another job, or of another way to cut it",
        "name a file that is not there yet, or remove this one",
    )
