"""Adds tasks to a dataset of our own shape: TOML with [[task]], or lines of JSON.

Rule 1: what is in the file stays, byte for byte, comments too: tasks are added at its end.
Rule 2: the file is whole at any moment: it is written beside and put in its place at once.
Rule 3: what is added is read back before: a file that would not read as meant is not written.
Rule 4: who reads a file to add to it holds its folder meanwhile, so that of two commands at
once neither loses what the other added.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from headgate.bench.adding import Proposed

LINES = (".jsonl", ".ndjson")
WAIT_S, LOOK_S = 30.0, 0.05
"""how long another command's turn is waited for, and between two looks"""
MARK = "\ufeff"
"""that some editors set before a text"""
_ORDER = ("id", "language", "tags", "prompt", "tests", "reference")


class NoFile(ValueError):
    """A file that tasks cannot be added to; `remedy` says which could."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def tasks_in(path: Path) -> list[dict[str, Any]]:
    """The tasks of a file as they are written there; none, if there is no file yet."""
    return _parsed(path, _text(path))


def drafts_of(path: Path) -> Path:
    """Where tasks without tests wait, beside the dataset."""
    return path.with_name(f"{path.stem}.drafts{path.suffix}")


@contextlib.contextmanager
def alone(path: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Nobody else adds to the file meanwhile; NoFile: somebody does, for too long.

    The folder is locked, not the file: that is another one after each addition, and a lock
    beside it would be left over. Some shared file systems lock no folder: none is kept out.
    """
    folder, until = Path(os.path.realpath(path)).parent, time.monotonic() + wait_s
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        what = error.strerror or str(error)
        raise NoFile(f"{path} cannot be written: {what}", "name another place") from error
    try:
        while not _locked(descriptor):
            if time.monotonic() >= until:
                raise NoFile(
                    f"{path}: another command adds tasks in {folder}, for {wait_s:g} s now",
                    "let it end, and ask for the same again: nothing was changed",
                )
            time.sleep(LOOK_S)
        yield
    finally:
        os.close(descriptor)


def append(path: Path, tasks: Sequence[Proposed]) -> None:
    """Add tasks at the end of a file; NoFile: it cannot be done, and nothing was changed."""
    before = _text(path)
    old, new = _parsed(path, before), [_row(it) for it in tasks]
    text = before if not before or before.endswith("\n") else f"{before}\n"
    if path.suffix in LINES:
        text += "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in new)
    else:
        tables = [_table(it.origin, row) for it, row in zip(tasks, new, strict=True)]
        text += ("\n" if text else "") + "\n".join(tables)
    if _parsed(path, text) != [*old, *new]:
        raise NoFile(f"{path} would not read as it should with these tasks", "name a new file")
    _replace(path, text)


def _locked(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # no such lock is there to be had
    return True


def _text(path: Path) -> str:
    if path.suffix != ".toml" and path.suffix not in LINES:
        raise NoFile(
            f"{path}: tasks are added to TOML and to lines of JSON",
            "name a file that ends in .toml or .jsonl; it need not be there yet",
        )
    try:
        if path.exists() and not path.is_file():
            raise NoFile(f"{path} is no file", "name another; it need not be there yet")
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise NoFile(f"{path} cannot be read: {error}", "name another file") from error


def _parsed(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        if path.suffix in LINES:
            lines = text.removeprefix(MARK).split("\n")
            rows = [msgspec.json.decode(it) for it in lines if it.strip()]
        else:
            table = tomllib.loads(text.removeprefix(MARK))
            rows = table.pop("task", [])
            if table:
                raise NoFile(
                    f"{path} is one task by itself, or holds other things than tasks",
                    "name another file: of its own, or one of [[task]] tables",
                )
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise NoFile(f"{path} cannot be read: {error}", "mend it first") from error
    if not isinstance(rows, list) or not all(isinstance(it, dict) for it in rows):
        raise NoFile(f"{path} holds no tasks of our own shape", "name another file")
    return rows


def _row(it: Proposed) -> dict[str, Any]:
    values = {
        "id": it.name,
        "language": it.language,
        "tags": list(it.tags),
        "prompt": it.prompt,
        "tests": it.tests,
        "reference": it.reference,
    }
    return {name: values[name] for name in _ORDER if values[name] or name == "tests"}


def _table(origin: str, row: dict[str, Any]) -> str:
    lines = [f"# {_plain(origin)}", "[[task]]"] if origin else ["[[task]]"]
    for name, value in row.items():
        said = (
            f"[{', '.join(map(_quoted, value))}]" if isinstance(value, list) else _block(value)
        )
        lines.append(f"{name} = {said}")
    return "\n".join(lines) + "\n"


def _block(text: str) -> str:
    """A text over several lines as it is, where TOML can say it so."""
    plain = all(it.isprintable() or it in "\n\t" for it in text)
    if "\n" in text and plain and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    return _quoted(text)


def _quoted(text: str) -> str:
    said = json.dumps(text, ensure_ascii=False)
    return "".join(it if it.isprintable() or it == " " else _escaped(it) for it in said)


def _escaped(sign: str) -> str:
    code = ord(sign)
    return f"\\u{code:04X}" if code < 1 << 16 else f"\\U{code:08X}"


def _plain(text: str) -> str:
    return "".join(it if it.isprintable() else "?" for it in text)


def _replace(path: Path, text: str) -> None:
    """Put the text in the file's place, at once; a link stays one."""
    place = Path(os.path.realpath(path))
    with contextlib.ExitStack() as undo:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
            undo.callback(Path(name).unlink, missing_ok=True)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            mode = place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask()
            if not mode & 0o222:
                raise NoFile(f"{path} is read-only", "make it writable, or name another file")
            Path(name).chmod(mode)
            Path(name).replace(place)
        except OSError as error:
            what = error.strerror or str(error)
            raise NoFile(f"{path} cannot be written: {what}", "name another place") from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
