"""Owns copies of a bucket's files on this machine: bounded, shared by processes, never wrong.

Rule 1: a copy appears under its name when it is whole and has been checked, and not before.
Rule 2: a copy's name ends with a checksum, which is checked once by every process that reads
it: what a disk has damaged is fetched anew.
Rule 3: whoever reads a copy holds a link to it in a folder of its own: what is evicted
meanwhile stays readable, and its space is free when the last reader ends.
Rule 4: the copies that were not asked for the longest go first.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import xxhash

from headgate.ledger.shelf import PART, made

USE, NEW = "use-", "new-"
LOCK = "lock"
ABANDONED_S = 86_400.0
"""a partial copy that is older belongs to nobody any more"""


class Copies:
    """The copies of one bucket's files."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = made(folder)
        self._most = most
        self._ours = self._enter()

    def _enter(self) -> Path:
        """A folder for our links, which is ours until we end, however we end."""
        token = f"{os.getpid()}-{secrets.token_hex(4)}"
        new = self.folder / f"{NEW}{token}"
        new.mkdir(mode=0o700)
        lock = os.open(new / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours = self.folder / f"{USE}{token}"
        os.rename(new, ours)  # locked before anybody could take it for a dead one's
        pid = os.getpid()

        def leave() -> None:
            if os.getpid() == pid:  # a child that was forked leaves nothing of ours
                shutil.rmtree(ours, ignore_errors=True)
                with contextlib.suppress(OSError):
                    os.close(lock)

        self.close = leave
        atexit.register(leave)
        return ours

    def take(self, path: str) -> Path | None:
        """A good copy, which stays as long as we do; None: there is none."""
        key = _key(path)
        mine = self._ours / f"{key}.parquet"
        if mine.exists():
            return mine
        for copy in self.folder.glob(f"{key}.*.parquet"):
            try:
                _link(copy, mine)
                if _checksum(mine) == copy.name.split(".")[1]:
                    os.utime(mine)  # one and the same file: it is fresh again
                    return mine
            except FileNotFoundError:  # evicted meanwhile
                continue
            mine.unlink()
            copy.unlink(missing_ok=True)
        return None

    def keep(self, path: str, fill: Callable[[BinaryIO], None]) -> Path:
        """Make a copy: `fill` writes it, and raises when what it wrote is not the file."""
        key = _key(path)
        part = self.folder / f"{key}-{secrets.token_hex(4)}{PART}"
        mine = self._ours / f"{key}.parquet"
        try:
            with open(part, "xb") as file:
                fill(file)
            checksum = _checksum(part)
            mine.unlink(missing_ok=True)
            _link(part, mine)
            os.replace(part, self.folder / f"{key}.{checksum}.parquet")
        finally:
            part.unlink(missing_ok=True)
        return mine

    def shrink(self) -> None:
        """Remove what is too much, and what the dead have left."""
        for folder in (*self.folder.glob(f"{USE}*"), *self.folder.glob(f"{NEW}*")):
            if folder != self._ours:
                _bury(folder)
        found = []
        for file in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                told = file.stat()
                if file.suffix == ".parquet":
                    found.append((told.st_mtime_ns, told.st_size, file))
                elif file.suffix == PART and told.st_mtime_ns < _ago_ns(ABANDONED_S):
                    file.unlink()
        too_much = sum(size for _, size, _ in found) - self._most
        for _, size, file in sorted(found):
            if too_much <= 0:
                break
            file.unlink(missing_ok=True)
            too_much -= size


def _key(path: str) -> str:
    return hashlib.blake2b(path.encode(), digest_size=12).hexdigest()


def _checksum(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, xxhash.xxh3_64).hexdigest()


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except FileExistsError:
        pass
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(file, name)


def _ago_ns(seconds: float) -> int:
    return time.time_ns() - int(seconds * 1e9)


def _bury(folder: Path) -> None:
    """Remove a reader's folder, if that reader is dead."""
    with contextlib.suppress(OSError):
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
