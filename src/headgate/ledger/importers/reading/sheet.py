"""Owns how rows of cells with separators between them are read: CSV, TSV, spreadsheets' own.

Rule 1: how it is encoded and separated is told from the file: marks at its start, then what
reads as UTF-8, then what separates its header.
Rule 2: files may have been joined: a header in the middle is taken as one.
Rule 3: a row with fewer or more cells than the header is malformed; the last one is cut off.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from headgate.ledger.importers.importer import HEAD_BYTES, Refused
from headgate.ledger.importers.lines import open_packed
from headgate.ledger.importers.reading.items import Item, Row, Skipped, folded

if TYPE_CHECKING:
    import _csv

LONGEST_CELL = 256 * 1024 * 1024
"""exports that hold prompts have long cells"""

AGAIN = "the header again, as in files that were joined"
CUT = "the last row is cut off: export it again"
RAGGED = "it has another number of cells than the header"
QUOTES = "a quotation mark within a cell is not doubled"
OPEN = "a quotation mark opened here is never closed: what follows it is lost"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DELIMITERS = ",;\t|"


class Layout(NamedTuple):
    """How a text is written."""

    codec: str
    delimiter: str
    header: list[str]
    """as it is written"""
    ahead: int = 1
    """rows before the first of a call: the header, and what stands above it"""

    @property
    def names(self) -> list[str]:
        return [folded(name) for name in self.header]


def codec_of(head: bytes) -> str:
    """How the text is encoded."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec
    start = head[:1000]
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if start[::2].count(0) > len(start) // 4:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def layout(head: bytes) -> Layout:
    """The same, from how the file begins."""
    codec = codec_of(head)
    text = head.decode(codec, "replace").removeprefix("\ufeff")
    first = text.lstrip("\r\n").partition("\n")[0].strip()
    named = first.startswith("sep=") and len(first) <= 5  # a spreadsheet's own line
    delimiter = first[4:] or "\t" if named else max(_DELIMITERS, key=first.count)
    ahead, header = 0, [""]
    with contextlib.suppress(csv.Error):
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            ahead += 1
            if any(cells) and not (named and "".join(cells) in ("sep=", first)):
                header = cells
                break
    return Layout(codec, delimiter, [name.strip() for name in header], ahead)


def head_of(path: Path) -> bytes:
    with open_packed(path) as file:
        return file.read(HEAD_BYTES)


def read(path: Path) -> tuple[Layout, Iterator[Item]]:
    """How the file is written, and its rows."""
    head = head_of(path)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \r\n\t\0"):
        raise Refused("it is empty", "export it again, for a time with calls in it")
    found = layout(head)
    if not any(found.names):
        raise Refused("its first row names no columns", "export it with a header")
    return found, _rows(path, found)


def _rows(path: Path, found: Layout) -> Iterator[Item]:
    csv.field_size_limit(LONGEST_CELL)
    with open_packed(path) as raw:
        text = io.TextIOWrapper(raw, encoding=found.codec, errors="replace", newline="")
        reader = csv.reader(_unmarked(text), delimiter=found.delimiter, strict=True)
        yield from _items(reader, found)


def _unmarked(text: Iterable[str]) -> Iterator[str]:
    """The lines, without the mark that may stand ahead of the first."""
    ahead = iter(text)
    for first in ahead:
        yield first.removeprefix("\ufeff")
        break
    yield from ahead


def _items(reader: _csv.Reader, found: Layout) -> Iterator[Item]:
    names, first = found.names, found.header[0]
    width, line = len(names), 0
    held: Skipped | None = None
    for number, cells in enumerate(_cells(reader)):
        if held is not None:
            yield held
            held = None
        before, line = line, reader.line_num
        if number < found.ahead:
            continue
        if cells is None:
            held = Skipped(before + 1, OPEN if line - before > 1 else QUOTES)
        elif len(cells) == width and cells[0] != first:
            yield Row(line, dict(zip(names, cells, strict=True)))
        elif len(cells) > 1 and cells[0] == first:
            names = [folded(cell) for cell in cells]
            width = len(names)
            yield Skipped(line, AGAIN, malformed=False)
        elif any(cells):
            held = Skipped(line, RAGGED)
    if held is not None:  # what cannot be read at the very end was not written to its end
        yield held if held.why == OPEN else held._replace(why=CUT)


def _cells(reader: _csv.Reader) -> Iterator[list[str] | None]:
    """The rows as they stand; None: one whose quotation marks are wrong."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None
