"""Owns how JSON is read: an object a line, an array, or pages with rows in `data`.

Rule 1: a whole document is read in pieces: memory holds one row and a block.
Rule 2: what is cut off loses its last row, and says so.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.lines import open_packed
from headgate.ledger.importers.reading.items import Cells, Item, Row, Skipped, folded
from headgate.ledger.importers.reading.sheet import codec_of, head_of

BLOCK = 1024 * 1024

NO_JSON = "it is no JSON"
NO_OBJECT = "it is no JSON object"
CUT = "the last row is cut off: export it again"

_KEY = re.compile(rb'"([A-Za-z_][\w .-]{0,60})"\s*:')
_PAGE = re.compile(r'^\{[^\[]{0,2000}?"data"\s*:\s*(?=\[)')
_DATA = re.compile(r'"data"\s*:\s*(?=\[)')
_BLANK = re.compile(r"[\s,]*")
_SCAN = json.JSONDecoder().raw_decode
_LINE = msgspec.json.Decoder()


def is_json(head: bytes) -> bool:
    text = head.decode(codec_of(head), "replace").lstrip("\ufeff \r\n\t")
    return text.startswith(("{", "["))


def keys(head: bytes) -> frozenset[str]:
    """The names of members, at any depth, folded."""
    if codec_of(head).startswith("utf-16"):
        head = head.decode(codec_of(head), "replace").encode()
    return frozenset(folded(name.decode()) for name in _KEY.findall(head))


def row_keys(head: bytes) -> frozenset[str]:
    """Those of the first row alone; none where the row is longer than what is told."""
    text = head.decode(codec_of(head), "replace").lstrip("\ufeff \r\n\t")
    if page := _PAGE.match(text):
        text = text[page.end() :]
    try:
        found, _ = _SCAN(text.removeprefix("[").lstrip())
    except (json.JSONDecodeError, RecursionError):
        return frozenset()
    return frozenset(map(folded, found)) if isinstance(found, dict) else frozenset()


def read(path: Path) -> Iterator[Item]:
    """The rows of the file: members by their folded names."""
    head = head_of(path)
    text = head.decode(codec_of(head), "replace").lstrip("\ufeff \r\n\t")
    if not text:
        raise Refused("it is empty", "export it again, for a time with calls in it")
    if text.startswith("{") and not _PAGE.match(text) and _whole(text.partition("\n")[0]):
        return _lines(path, codec_of(head))
    return _pieces(path, codec_of(head))


def _whole(text: str) -> bool:
    """Is it an object by itself, or the beginning of one too long to see its end?"""
    try:
        _LINE.decode(text)
    except msgspec.DecodeError:
        return len(text) > 60_000 and not text.endswith("}")
    return True


def _lines(path: Path, codec: str) -> Iterator[Item]:
    with open_packed(path) as packed:
        file: Iterable[bytes] = packed
        if codec != "utf-8":
            text = io.TextIOWrapper(packed, encoding=codec, errors="replace", newline="\n")
            file = (line.encode("utf-8", "replace") for line in text)
        raw = b"\n"
        held: Skipped | None = None
        for number, raw in enumerate(file, 1):
            if held is not None:
                yield held
                held = None
            line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
            if not line.strip():
                continue
            try:
                found = _LINE.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                held = Skipped(number, NO_JSON)
                continue
            yield _item(number, found)
        if held is not None:
            yield held if raw.endswith(b"\n") else held._replace(why=CUT)


def _item(number: int, found: object) -> Item:
    if not isinstance(found, dict):
        return Skipped(number, NO_OBJECT)
    return Row(number, {folded(name): value for name, value in found.items()})


def _pieces(path: Path, codec: str) -> Iterator[Item]:
    """Rows of arrays; they are numbered, since lines say nothing in a document."""
    with open_packed(path) as raw:
        text = io.TextIOWrapper(raw, encoding=codec, errors="replace")
        window = _Window(text)
        number, opened = 0, False
        while window.open_array():
            opened = True
            for found in window.elements():
                number += 1
                yield _item(number, found)
            if window.cut:
                yield Skipped(number + 1, CUT)
                return
        if not opened:
            yield Skipped(1, NO_JSON)


class _Window:
    """What is held of a long text."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._held = text.read(BLOCK).removeprefix("\ufeff")
        self._at = 0
        self.cut = False

    def open_array(self) -> bool:
        """Go behind the next `[` of rows; False: there is none."""
        while True:
            blank = _BLANK.match(self._held, self._at)
            at = blank.end() if blank else self._at
            if self._held.startswith("[", at):
                self._at = at + 1
                return True
            if found := _DATA.search(self._held, at):
                self._at = found.end() + 1
                return True
            if not self._more():
                return False

    def elements(self) -> Iterator[Any]:
        """Those of the array, one by one."""
        while True:
            blank = _BLANK.match(self._held, self._at)
            self._at = blank.end() if blank else self._at
            if self._held.startswith("]", self._at):
                self._at += 1
                return
            try:
                found, end = _SCAN(self._held, self._at)
            except (json.JSONDecodeError, RecursionError):
                if self._more():
                    continue
                self.cut = True
                return
            if end == len(self._held) and self._more():  # a number may go on
                continue
            self._at = end
            yield found

    def _more(self) -> bool:
        """Read on; False: the text is at its end. A row that does not end makes it grow."""
        rest = self._held[self._at :]
        more = self._text.read(max(BLOCK, len(rest)))
        self._held, self._at = rest + more, 0
        return bool(more)


def decoded(value: object) -> Cells:
    """A cell that holds an object, as text or as it is; none where it holds none."""
    if isinstance(value, str):
        if len(value) < 3:
            return {}
        try:
            value = _LINE.decode(value)
        except msgspec.DecodeError:
            return {}
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """The same of a list."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = _LINE.decode(value)
        except msgspec.DecodeError:
            return []
    return value if isinstance(value, list) else []
