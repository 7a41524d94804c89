"""Lays files into a cell, from outside and below a descriptor of its own.

Rule 1: no component of a path is followed if it is a link: a session may have made one.
Rule 2: what does not fit is the disk's or the inodes' limit, told before anything runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Any

from headgate.sandbox.worker import syscalls

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


UNLAID = "unlaid"
"""the reason of an order of which a file cannot be laid: something is in its way"""
_OURS = 5
"""folders of a cell that are not counted as the user's"""


def sizes(wish: dict[str, Any]) -> dict[str, str]:
    """How much a cell's file system may hold, in its own words."""
    inodes = wish["inodes"] + _OURS + 3 * len(wish["overlays"])
    return {"size": str(wish["disk_bytes"]), "nr_inodes": str(inodes)}


def resize(files: int, wish: dict[str, Any]) -> str:
    """Set them anew; the limit that what is there already exceeds, or nothing."""
    try:
        syscalls.reconfigure(files, sizes(wish))
    except OSError:
        at = os.fstatvfs(files)
        used = (at.f_blocks - at.f_bfree) * at.f_frsize
        return "disk" if used > wish["disk_bytes"] else "inodes"
    return ""


@contextlib.contextmanager
def opened(files: int, path: str) -> Iterator[int]:
    """A folder below `files`, no link followed; made where it is not there."""
    here = os.dup(files)
    try:
        for name in filter(None, path.split("/")):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=here)
            inner = os.open(name, _FOLDER, dir_fd=here)
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)


class Laying:
    """One file on its way into a cell."""

    def __init__(self, files: int, path: str, *, executable: bool) -> None:
        self.path, self._fd, self._wrong = path, -1, ""
        folder, _, name = path.rpartition("/")
        try:
            with opened(files, f"box/{folder}") as here:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=here)
                mode = 0o755 if executable else 0o644
                self._fd = os.open(name, _NEW, mode, dir_fd=here)
        except OSError as error:
            self._wrong = _reason(error, "inodes")

    def add(self, data: bytes) -> None:
        if self._fd < 0:
            return
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            self._wrong = _reason(error, "disk")
            self.close()

    def close(self) -> str:
        """The limit that was reached, UNLAID, or nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        return self._wrong


def _reason(error: OSError, full: str) -> str:
    return full if error.errno == errno.ENOSPC else UNLAID
