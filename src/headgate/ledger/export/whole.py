"""Puts a file where it was asked for: all of it, or none.

Rule 1: it is written beside its place and moved there when it is whole and on the disk; what is
interrupted leaves nothing.
Rule 2: a file that is there is not replaced unless that is asked for, whoever was quicker.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path


class Exists(FileExistsError):
    """There is a file already."""


@contextlib.contextmanager
def whole(file: Path, *, force: bool) -> Iterator[Path]:
    """Where to write; it becomes `file` when this ends well. OSError: it cannot."""
    if file.exists() and not force:
        raise Exists(str(file))
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "it is no file, and would be replaced by one")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield part
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        if force:
            os.replace(part, file)
        else:
            _place(part, file)
    finally:
        part.unlink(missing_ok=True)


def _place(part: Path, file: Path) -> None:
    """Take the name only if nobody has it."""
    try:
        os.link(part, file)
    except FileExistsError:
        raise Exists(str(file)) from None
    except OSError:  # a file system without links
        if file.exists():
            raise Exists(str(file)) from None
        os.replace(part, file)
