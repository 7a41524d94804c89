"""Opens the files of a dataset: what may be read of the machine, and how much of it.

Rule 1: a pipe or a device is no file: reading one may never end.
Rule 2: a link within a folder of tasks does not lead out of it: what it leads to would be sent
to a model as a prompt, and whoever wrote the folder would choose it.
Rule 3: what is larger than a dataset can be is not read.
"""

from __future__ import annotations

from pathlib import Path

MOST_BYTES = 1 << 30
"""unpacked: a larger one is no dataset, or a bomb"""


class BadFile(ValueError):
    """A file that is not read as part of a dataset."""


def content(path: Path, folder: Path | None = None) -> bytes:
    """What a file holds; `folder`: what it has to lie in, wherever links lead."""
    if folder is not None and not path.resolve().is_relative_to(folder.resolve()):
        raise BadFile(f"{path} leads out of {folder}, to {path.resolve()}: put the file there")
    if path.exists() and not path.is_file():
        raise BadFile(f"{path} is no file")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadFile(f"{path} holds more than {MOST_BYTES >> 20} MB: name a part of it")
        return path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}") from error


def text(path: Path, folder: Path | None = None) -> str:
    """The same as text, without the mark that some editors set before it."""
    try:
        return content(path, folder).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error
