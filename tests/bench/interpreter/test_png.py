"""Pictures are read as they were drawn, however their rows were made smaller."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from headgate.bench.interpreter.png import MOST_PIXELS, BadPicture, read
from tests.bench.interpreters import png

ROWS = some.integers(1, 7).flatmap(
    lambda wide: some.lists(
        some.lists(some.integers(0, 0xFFFFFF), min_size=wide, max_size=wide),
        min_size=1,
        max_size=6,
    )
)


@given(ROWS, some.sampled_from([2, 6]), some.integers(0, 4))
def test_what_was_drawn_is_read_whatever_the_filter(
    rows: list[list[int]], kind: int, how: int
) -> None:
    seen = read(png(rows, kind, how))
    assert (seen.width, seen.height) == (len(rows[0]), len(rows))
    assert [list(it) for it in seen.rows] == rows


def test_what_shows_through_lies_on_white() -> None:
    whole = png([[0x000000]], kind=6)
    clear = whole[: whole.index(b"IDAT") - 4] + _data(b"\0\0\0\0\x80")
    assert read(clear).rows[0][0] == 0x7F7F7F


def _data(line: bytes) -> bytes:
    packed = zlib.compress(line)
    return struct.pack(">I", len(packed)) + b"IDAT" + packed + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"GIF89a", "no PNG"),
        (png([[1]])[:8], "no head"),
        (png([[1, 2], [3, 4]], how=7 % 5)[:-30], "broken|cut off"),
        (
            png([[1]]).replace(struct.pack(">II", 1, 1), struct.pack(">II", 1 << 20, 9)),
            "pixels",
        ),
        (png([[1]]).replace(b"\x08\x02", b"\x10\x02", 1), "8 bits"),
    ],
)
def test_what_is_no_chart_is_refused_with_words(data: bytes, said: str) -> None:
    with pytest.raises(BadPicture, match=said):
        read(data)


def test_a_picture_that_unpacks_to_more_than_it_says_takes_no_more_room() -> None:
    """What is unpacked is bounded by the head, and the head by us."""
    bomb = png([[1]])
    packed = zlib.compress(bytes(50_000_000))
    at = bomb.index(b"IDAT") - 4
    data = bomb[:at] + struct.pack(">I", len(packed)) + b"IDAT" + packed + b"\0\0\0\0"
    assert read(data).rows == [[0]]
    assert MOST_PIXELS * 4 < 1 << 25
