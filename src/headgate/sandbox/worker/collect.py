"""Takes what a run left in its output folder, trusting nothing that it finds there.

Rule 1: every name is opened below the folder's own descriptor, no link is followed.
Rule 2: regular files with one name only; how large one is, is read from the open file.
Rule 3: a name is told in characters that neither steer a terminal nor mislead a reader.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from headgate.sandbox.worker import frames
from headgate.sandbox.worker.frames import Word

DEPTH = 16
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class Left(NamedTuple):
    """A file that was left; whoever gets it closes it."""

    path: str
    fd: int
    size: int
    is_executable: bool


class Taking:
    """One collection: up to so many files and bytes, none that was taken unchanged before."""

    def __init__(self, files: int, size: int, before: dict[str, tuple[int, int, int]]) -> None:
        self._files, self._size, self._before = files, size, before
        self._looks = 16 * files + 1024
        self.is_over = False
        """there was more than that"""

    def files(self, folder: int) -> Iterator[Left]:
        """Every regular file below an open folder, as far as it may be taken."""
        waiting = [(os.dup(folder), "", 0)]
        try:
            while waiting and self._looks > 0:
                here, prefix, depth = waiting.pop()
                try:
                    yield from self._files_of(here, prefix, depth, waiting)
                finally:
                    os.close(here)
        finally:
            self.is_over = self.is_over or bool(waiting)
            for fd, _, _ in waiting:
                os.close(fd)

    def _files_of(
        self, here: int, prefix: str, depth: int, waiting: list[tuple[int, str, int]]
    ) -> Iterator[Left]:
        with os.scandir(here) as entries:
            names = sorted(it.name for it, _ in zip(entries, range(self._looks), strict=False))
        self._looks -= len(names)
        for name in names:
            found = _open(here, name)
            if found is None:
                continue
            fd, entry = found
            if not stat.S_ISDIR(entry.st_mode):
                left = self._take(prefix + name, fd, entry)
                if left is not None:
                    yield left
            elif depth < DEPTH:
                waiting.append((fd, f"{prefix}{name}/", depth + 1))
            else:
                self.is_over = True
                os.close(fd)

    def _take(self, path: str, fd: int, entry: os.stat_result) -> Left | None:
        state = (entry.st_ino, entry.st_mtime_ns, entry.st_size)
        if self._before.get(path) == state:
            os.close(fd)
            return None
        if self._files < 1 or entry.st_size > self._size:
            self.is_over = True
            os.close(fd)
            return None
        self._files -= 1
        self._size -= entry.st_size
        self._before[path] = state
        return Left(tame(path), fd, entry.st_size, bool(entry.st_mode & 0o100))


def told(left: Left, cell: int) -> Iterator[bytes]:
    """A file as frames; it is read to the size that was let pass, however it grows."""
    said = {"path": left.path, "size": left.size, "executable": left.is_executable}
    yield frames.pack_said(cell, Word.FOUND, said)
    rest = left.size
    with os.fdopen(left.fd, "rb", buffering=0) as file:
        while rest > 0 and (data := file.read(min(rest, frames.PIECE))):
            rest -= len(data)
            yield frames.pack(cell, Word.PIECE, data)


def _open(folder: int, name: str) -> tuple[int, os.stat_result] | None:
    """Opened only if it is a folder, or a regular file that has no other name."""
    try:
        fd = os.open(name, _FLAGS, dir_fd=folder)
    except OSError:
        return None
    entry = os.fstat(fd)
    if stat.S_ISDIR(entry.st_mode) or (stat.S_ISREG(entry.st_mode) and entry.st_nlink == 1):
        return fd, entry
    os.close(fd)
    return None


_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""halves of characters that stand for no byte of a name"""


def tame(path: str) -> str:
    """The path as it may be shown and used as a name."""
    parts = (_tame_name(it) for it in path.split("/"))
    return "/".join(parts)


def _tame_name(name: str) -> str:
    raw = os.fsencode(_NO_BYTE.sub("_", name)).decode("utf-8", "replace")
    kept = "".join("_" if unicodedata.category(it)[0] == "C" else it for it in raw)
    kept = kept.replace("\\", "_").strip()
    if kept.startswith("-"):
        kept = "_" + kept[1:]
    return kept if kept.strip(".") else "_"
