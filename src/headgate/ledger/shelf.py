"""Where sealed segments lie: a folder, or a bucket of object storage behind a bounded cache.

Rule 1: put() returns when the file survives a power cut, or a bucket has acknowledged it.
Rule 2: a file is never changed once it is there: its name is used once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

PART = ".part"
"""how the names of files end that are still written"""
DIGEST_BYTES = 32


class ShelfError(OSError):
    """The shelf cannot be used: what and where, and what to do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Stored(NamedTuple):
    """A file on the shelf."""

    path: str
    size: int
    put_us: int


class Shelf(Protocol):
    """Everything blocks, and may raise OSError; paths are relative, with slashes."""

    def staging(self) -> Path:
        """A folder that is there, for files that are to be put."""

    def put(self, path: str, local: Path) -> None:
        """Move a finished file from staging() to where it stays."""

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        """Files that can be read, in the same order, for as long as this process lives."""

    def digest(self, path: str) -> bytes | None:
        """Of what lies there, not of a copy; None: nothing does."""

    def remove(self, path: str) -> None:
        """Gone, also if it was not there."""

    def listed(self) -> Iterator[Stored]: ...


class Folder:
    """Segments in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def staging(self) -> Path:
        return made(self.root / "staging")

    def put(self, path: str, local: Path) -> None:
        target = self.root / path
        new = [it for it in target.parents if it.is_relative_to(self.root) and not it.exists()]
        made(target.parent)
        with open(local, "rb") as written:
            os.fsync(written.fileno())
        os.replace(local, target)
        for folder in {target.parent, *(it.parent for it in new)}:
            sync_folder(folder)

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        files = [self.root / path for path in paths]
        for path, file in zip(paths, files, strict=True):
            if not file.exists():
                raise ShelfError(
                    f"the segment {path} is not in {self.root}",
                    "`headgate archive verify` names all that are missing, and the remedy",
                )
        return files

    def digest(self, path: str) -> bytes | None:
        try:
            return digest_of(self.root / path)
        except FileNotFoundError:
            return None

    def remove(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def listed(self) -> Iterator[Stored]:
        for file in self.root.rglob("*.parquet"):
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                told = file.stat()
                path = file.relative_to(self.root).as_posix()
                yield Stored(path, told.st_size, told.st_mtime_ns // 1_000)


class Nowhere:
    """The shelf of a store that has none: nothing was ever put on it."""

    def __init__(self, what: str, hint: str) -> None:
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return "nowhere"

    def staging(self) -> Path:
        raise ShelfError(self.what, self.hint)

    def put(self, path: str, local: Path) -> None:
        raise ShelfError(self.what, self.hint)

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        if paths:
            raise ShelfError(self.what, self.hint)
        return []

    def digest(self, path: str) -> bytes | None:
        raise ShelfError(self.what, self.hint)

    def remove(self, path: str) -> None:
        raise ShelfError(self.what, self.hint)

    def listed(self) -> Iterator[Stored]:
        return iter(())


def made(folder: Path) -> Path:
    """The folder, which nobody else may read; ShelfError: it cannot be."""
    new = [it for it in (*reversed(folder.parents), folder) if not it.exists()]
    try:
        for it in new:  # each of them, which mkdir(parents=True) would not
            it.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ShelfError(
            f"the archive's folder {folder} cannot be made: {error.strerror or error}",
            "name a place that can be written: [archive] path in headgate.toml",
        ) from None
    return folder


def digest_of(file: Path) -> bytes:
    """BLAKE2b of a file."""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, new_digest).digest()


def new_digest() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=DIGEST_BYTES)


def sync_folder(folder: Path) -> None:
    """Make the names in it survive a power cut."""
    with contextlib.suppress(OSError):  # some file systems cannot, and need not
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
