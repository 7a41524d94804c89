"""Writes a file for somebody: all of it, or none.

Rule 1: what stands there stays until the new one is whole.
Rule 2: what is no file, such as /dev/null or a pipe, is written to and never replaced.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from headgate.cli import Trouble


def write_whole(file: Path, text: str, option: str) -> None:
    """`option`: the one that names the file."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="utf-8")
            return
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Trouble(
            f"{file} cannot be written: {reason}", f"name another: {option}"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # where nothing could be written, nothing is left
            part.unlink(missing_ok=True)
