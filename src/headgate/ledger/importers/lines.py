"""Owns how a file of lines is read: in blocks, from any byte on, packed or not.

Rule 1: memory is bounded: a line longer than MOST is malformed, and its rest is passed over.
Rule 2: a last line without its end is given if it may be whole; else it is told, and read
again when the file has grown.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import msgspec

from headgate.ledger.importers.importer import HEAD_BYTES, Reading

BLOCK = 4 * 1024 * 1024
MOST = 64 * 1024 * 1024

CUT = "the last line is cut off: the file may still be written, and the line is read again then"
LONG = f"a line is longer than {MOST // 1024**2} MB"
PACKED = "the packed file is damaged from here on"

_GZIP = b"\x1f\x8b\x08"
_STRANGE = {
    b"\x28\xb5\x2f\xfd": "it is packed with zstd: unpack it first, with `unzstd FILE`",
    b"BZh": "it is packed with bzip2: unpack it first, with `bunzip2 FILE`",
    b"\xfd7zXZ": "it is packed with xz: unpack it first, with `unxz FILE`",
    b"PK\x03\x04": "it is a zip archive: unpack it first, with `unzip FILE`",
    b"SQLite format 3": "it is an SQLite database",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
WIDE = "it is UTF-16 and no table or export: `iconv -f UTF-16 -t UTF-8 FILE` makes it readable"
"""tables and exports are read as they are encoded; lines of transcripts are UTF-8"""


class Line(NamedTuple):
    """One line, without its end."""

    number: int
    text: bytes


def open_packed(path: Path) -> BinaryIO:
    """The file, unpacked on the way where it is packed with gzip."""
    return cast(BinaryIO, gzip.open(path, "rb")) if packed(path) else open(path, "rb")


def packed(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(3) == _GZIP


def head(path: Path) -> bytes:
    """The first 64 KB; OSError: it cannot be read."""
    try:
        with open_packed(path) as file:
            return file.read(HEAD_BYTES)
    except (EOFError, zlib.error) as error:
        raise OSError(f"{PACKED}: {error}") from error


def strange(start: bytes) -> str:
    """What a file is that nobody can read as it stands; empty: nothing is known against it."""
    for magic, what in _STRANGE.items():
        if start.startswith(magic):
            return what
    return ""


def wide(start: bytes) -> bool:
    """Is it text of letters that are two bytes each?"""
    return start.startswith(_UTF16)


def blocks(reading: Reading) -> Iterator[list[Line]]:
    """The whole lines from the reading's offset on, some megabytes at a time.

    A block is handed out with the reading already behind it.
    """
    with open_packed(reading.path) as file:
        file.seek(reading.offset)
        rest = b""
        while True:
            try:
                more = file.read(BLOCK)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                reading.tally.wrong(reading.path, reading.line + 1, PACKED)
                return
            if not more:
                break
            rest = yield from _split(reading, rest + more)
            if len(rest) > MOST:
                rest = _pass_over(reading, file, rest)
        if rest.strip():
            yield from _last(reading, rest)


def _split(reading: Reading, data: bytes) -> Generator[list[Line], None, bytes]:
    """The whole lines of the data; what follows the last of them is returned."""
    end = data.rfind(b"\n") + 1
    if end:
        texts = data[: end - 1].split(b"\n")
        if not reading.offset:
            texts[0] = texts[0].removeprefix(b"\xef\xbb\xbf")
        first = reading.line + 1
        reading.line += len(texts)
        reading.offset += end
        yield [Line(number, text) for number, text in enumerate(texts, first)]
    return data[end:]


def _pass_over(reading: Reading, file: BinaryIO, rest: bytes) -> bytes:
    """Leave out a line without measure; what follows it is returned."""
    reading.line += 1
    reading.tally.lines += 1
    reading.tally.wrong(reading.path, reading.line, LONG)
    reading.offset += len(rest)
    while more := file.read(BLOCK):
        end = more.find(b"\n") + 1
        reading.offset += end or len(more)
        if end:
            return more[end:]
    return b""


def _last(reading: Reading, rest: bytes) -> Iterator[list[Line]]:
    text = rest.strip()
    if not text.startswith(b"{") or _whole(text):
        reading.line += 1
        reading.offset += len(rest)
        yield [Line(reading.line, text)]
        return
    reading.tally.wrong(reading.path, reading.line + 1, CUT)


def _whole(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return False
    return True
