"""Opens files of records, packed or not: JSON lines, or one JSON list.

Rule 1: a record that cannot be read is an error with its number, never left out.
Rule 2: a file that is no such thing is told for what it looks like.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from headgate.bench.reading.opened import MOST_BYTES

FOREIGN = {
    b"PAR1": ("a table of Parquet", "write it as JSON lines: pandas' to_json(lines=True) does"),
    b"PK\x03\x04": ("a ZIP archive", "unpack it, and name the file within"),
    b"\x1f\x8b": ("packed, though its name does not say so", "let its name end in .gz"),
    b"SQLite": ("a database", "write its rows as JSON lines"),
    b"version https://git-lfs": ("a pointer of Git LFS, not the file", "git lfs pull"),
    b"<": ("a page of HTML or XML", "fetch the file itself, not the page that shows it"),
}
TABLE = re.compile(rb"^[\w \"'-]+(?:[,;\t][\w \"'-]*)+\r?$")


class BadRows(ValueError):
    """A file whose records cannot be read; `remedy` says what would help."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Its records, one after the other."""
    data = _bytes(path).removeprefix(b"\xef\xbb\xbf")
    _refuse_foreign(path, data)
    if data[:1] == b"[":
        yield from _list(path, data)
        return
    if _is_one_object(data):
        raise BadRows(
            f"{path} is one object over several lines, not a record to a line",
            "write each record on one line, or all of them in a list: [{…}, {…}]",
        )
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield _record(line, f"{path}:{number}")


def text(row: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """What a record has under a key; BadRows where it is no text, or not there at all."""
    found = row.get(key)
    if found is None:
        if default is not None:
            return default
        raise BadRows(f"it has no {key!r}", f"it has {', '.join(map(repr, row))}")
    if isinstance(found, int) and not isinstance(found, bool) and key.endswith("id"):
        return str(found)
    if not isinstance(found, str):
        raise BadRows(f"{key!r} is {type(found).__name__}, not text", "write it in quotes")
    return found


def texts(row: Mapping[str, Any], key: str) -> list[str]:
    """A list of them; none where it is not there."""
    found = row.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(it, str) for it in found):
        raise BadRows(f"{key!r} is no list of texts", 'write it as a list: ["…", "…"]')
    return found


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BadRows(f"{path} is no file", "name a file, or a folder of tasks")
        if path.suffix != ".gz":
            if path.stat().st_size > MOST_BYTES:
                raise BadRows(*_too_large(path))
            return path.read_bytes()
        with gzip.open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except EOFError as error:
        raise BadRows(f"{path} is cut short: its end is missing", "fetch it again") from error
    except (OSError, zlib.error) as error:
        raise BadRows(f"{path} cannot be read: {error}", "fetch it again") from error
    if len(data) > MOST_BYTES:
        raise BadRows(*_too_large(path))
    return data


def _too_large(path: Path) -> tuple[str, str]:
    return f"{path} holds more than {MOST_BYTES >> 20} MB", "name a part of it"


def _refuse_foreign(path: Path, data: bytes) -> None:
    if not data.strip():
        raise BadRows(f"{path} is empty", "fetch it again, or name another")
    start = data[:200].lstrip()
    for mark, (looks, remedy) in FOREIGN.items():
        if start.startswith(mark):
            raise BadRows(f"{path} is {looks}", remedy)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadRows(f"{path} is UTF-16, not UTF-8", "save it as UTF-8")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadRows(
            f"{path}:{line} is not UTF-8: byte {error.start} is {data[error.start]:#04x}",
            "save it as UTF-8",
        ) from error
    if TABLE.match(start.partition(b"\n")[0]):
        remedy = "write each row as an object of JSON"
        raise BadRows(f"{path} looks like a table of CSV", remedy)


def _is_one_object(data: bytes) -> bool:
    first = data.lstrip().partition(b"\n")[0].strip()
    return first == b"{" or (first.startswith(b"{") and first.endswith((b",", b"[", b"{")))


def _list(path: Path, data: bytes) -> Iterator[dict[str, Any]]:
    try:
        found: list[Any] = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRows(f"{path}: {error}", "it is to be a list of objects, whole") from error
    for number, it in enumerate(found, 1):
        yield _checked(it, f"{path}: record {number}")


def _record(line: bytes, where: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        remedy = "each line is to be one object of JSON"
        if "truncated" in str(error):
            remedy = "the line is cut short: fetch the file again"
        raise BadRows(f"{where}: {error}", remedy) from error
    return _checked(found, where)


def _checked(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise BadRows(f"{where}: a record is no object: {str(found)[:40]}", "write {…}")
    return found
