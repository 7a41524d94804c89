"""Reads PNG pictures of strangers: bounded, by the standard library alone.

Rule 1: what is larger than a chart has to be, or of a kind that charts are not, is refused.
Rule 2: what shows through is laid on white, as a page would.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MOST_PIXELS = 4_000_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_GREY, _PALETTE = (0, 4), 3


class BadPicture(ValueError):
    """No PNG, or one that is not read here."""


class Picture(NamedTuple):
    """Pixels, row by row: 0xRRGGBB."""

    width: int
    height: int
    rows: Sequence[Sequence[int]]


class _Head(NamedTuple):
    width: int
    height: int
    depth: int
    kind: int
    compression: int
    filters: int
    interlaced: int


def read(data: bytes) -> Picture:
    """The picture; BadPicture says what is wrong with it."""
    if not data.startswith(SIGNATURE):
        raise BadPicture("it is no PNG")
    head: _Head | None = None
    palette, packed = b"", bytearray()
    try:
        for kind, body in _chunks(data):
            if kind == b"IHDR":
                head = _Head(*struct.unpack(">IIBBBBB", body))
            elif kind == b"PLTE":
                palette = body
            elif kind == b"IDAT":
                packed += body
        if head is None:
            raise BadPicture("it has no head")
        return Picture(head.width, head.height, _pixels(head, palette, bytes(packed)))
    except (struct.error, zlib.error, IndexError, KeyError) as error:
        raise BadPicture(f"it is broken: {error}") from error


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += size + 12


def _pixels(head: _Head, palette: bytes, packed: bytes) -> list[list[int]]:
    if head.depth != 8 or head.interlaced or head.kind not in _CHANNELS:
        raise BadPicture("only PNG of 8 bits a channel, not interlaced, is read here")
    if not 0 < head.width * head.height <= MOST_PIXELS:
        raise BadPicture(f"it has {head.width} by {head.height} pixels")
    wide = _CHANNELS[head.kind]
    stride = head.width * wide
    wanted = (stride + 1) * head.height
    flat = zlib.decompressobj().decompress(packed, wanted)
    if len(flat) < wanted:
        raise BadPicture("it is cut off")
    rows, above = [], bytearray(stride)
    for at in range(0, wanted, stride + 1):
        line = bytearray(flat[at + 1 : at + 1 + stride])
        _unfilter(flat[at], line, above, wide)
        rows.append(_colours(head.kind, line, palette))
        above = line
    return rows


def _unfilter(how: int, line: bytearray, above: bytearray, wide: int) -> None:
    """Undo what makes a row smaller, in place."""
    if how > 4:
        raise BadPicture(f"it is broken: row of kind {how}")
    if how == 1:
        for at in range(wide, len(line)):
            line[at] = (line[at] + line[at - wide]) & 255
    elif how == 2:
        line[:] = bytes((one + up) & 255 for one, up in zip(line, above, strict=True))
    elif how:
        guess = _middle if how == 3 else _paeth
        for at in range(len(line)):
            left, corner = (line[at - wide], above[at - wide]) if at >= wide else (0, 0)
            line[at] = (line[at] + guess(left, above[at], corner)) & 255


def _middle(left: int, up: int, corner: int) -> int:
    return (left + up) >> 1


def _paeth(left: int, up: int, corner: int) -> int:
    """The neighbour next to what the three would foresee."""
    to_left, to_up = abs(up - corner), abs(left - corner)
    to_corner = abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner


def _colours(kind: int, line: bytearray, palette: bytes) -> list[int]:
    if kind == _PALETTE:
        return [int.from_bytes(palette[3 * it : 3 * it + 3], "big") for it in line]
    wide = _CHANNELS[kind]
    grey = kind in _GREY
    red = line[::wide]
    green, blue = (red, red) if grey else (line[1::wide], line[2::wide])
    if kind in (0, 2):
        return [r << 16 | g << 8 | b for r, g, b in zip(red, green, blue, strict=True)]
    return [
        r << 16 | g << 8 | b if a == 255 else _on_white((r, g, b), a)
        for r, g, b, a in zip(red, green, blue, line[wide - 1 :: wide], strict=True)
    ]


def _on_white(colour: tuple[int, int, int], opaque: int) -> int:
    red, green, blue = (255 - (255 - it) * opaque // 255 for it in colour)
    return red << 16 | green << 8 | blue
