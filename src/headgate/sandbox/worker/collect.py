"""Takes what a run left in its output folder, trusting nothing that it finds there.

Rule 1: every name is opened below the folder's own descriptor, no link is followed.
Rule 2: regular files with one name only; how large one is, is read from the open file.
Rule 3: a name is told in characters that neither steer a terminal nor mislead a reader.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

DEPTH = 16
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class Left(NamedTuple):
    """A file that was left; whoever gets it closes it."""

    path: str
    fd: int
    size: int


def files_left(folder: int, most: int) -> Iterator[Left]:
    """Every regular file below an open folder; after `most` entries no further is looked at."""
    seen = 0
    waiting: list[tuple[int, str, int]] = [(os.dup(folder), "", 0)]
    try:
        while waiting:
            here, prefix, depth = waiting.pop()
            try:
                for name in sorted(os.listdir(here)):
                    seen += 1
                    if seen > most:
                        return
                    found = _open(here, name)
                    if found is None:
                        continue
                    fd, entry = found
                    if stat.S_ISDIR(entry.st_mode):
                        if depth < DEPTH:
                            waiting.append((fd, f"{prefix}{name}/", depth + 1))
                        else:
                            os.close(fd)
                    else:
                        yield Left(tame(prefix + name), fd, entry.st_size)
            finally:
                os.close(here)
    finally:
        for fd, _, _ in waiting:
            os.close(fd)


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


def tame(path: str) -> str:
    """The path as it may be shown and used as a name."""
    parts = (_tame_name(it) for it in path.split("/"))
    return "/".join(parts)


def _tame_name(name: str) -> str:
    raw = os.fsencode(name).decode("utf-8", "replace")
    kept = "".join("_" if unicodedata.category(it)[0] == "C" else it for it in raw)
    kept = kept.replace("\\", "_").strip()
    if kept.startswith("-"):
        kept = "_" + kept[1:]
    return kept if kept.strip(".") else "_"
