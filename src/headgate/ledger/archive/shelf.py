"""Where sealed segments lie: a folder, or a bucket of object storage behind a bounded cache.

Rule 1: put() returns when the file survives a power cut, or a bucket has acknowledged it.
Rule 2: a file is never changed once it is there: its name is used once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol


class Shelf(Protocol):
    """Everything blocks, and may raise OSError; paths are relative, with slashes."""

    def put(self, path: str, local: Path) -> None: ...

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        """Files that can be read, in the same order, for as long as this process lives."""

    def remove(self, path: str) -> None:
        """Gone, also if it was not there."""

    def listed(self) -> Iterator[str]: ...


class Folder:
    """Segments in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, local: Path) -> None:
        target = self.root / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(local, "rb") as written:
            os.fsync(written.fileno())
        os.replace(local, target)
        for folder in (target.parent, target.parent.parent):
            _sync_folder(folder)

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        return [self.root / path for path in paths]

    def remove(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def listed(self) -> Iterator[str]:
        for file in self.root.rglob("*.parquet"):
            yield file.relative_to(self.root).as_posix()


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot, and need not
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
