"""A body is whole and plain, or it is refused, before it is read where that can be known."""

from __future__ import annotations

import asyncio

import pytest

from headgate.gateway.body import ClientGone, read_body
from headgate.gateway.line import Line
from headgate.wire.model import Fault, Kind


class Nowhere:
    """As much of a connection as a Line that is never answered needs."""

    stalled = False

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.close()


def line_of(data: bytes, declared: int = 0) -> Line:
    made = Line(Nowhere(), chunked=False, keep_alive=False)  # type: ignore[arg-type]
    made.take(data)
    made.declared = declared or len(data)
    made.all_here = True
    return made


def test_a_body_is_read_as_it_came() -> None:
    assert read_body(line_of(b"abc"), {}, 3) == b"abc"


@pytest.mark.parametrize("declared", [0, 10 * 1024**3])
def test_a_body_beyond_the_limit_is_refused_whatever_of_it_is_here(declared: int) -> None:
    with pytest.raises(Fault, match="larger than") as fault:
        read_body(line_of(b"abcd", declared), {}, 3)
    assert fault.value.kind is Kind.TOO_LARGE


def test_an_encoded_body_is_refused_with_the_remedy() -> None:
    with pytest.raises(Fault, match="'gzip': send the body uncompressed"):
        read_body(line_of(b"abc"), {b"content-encoding": b"gzip"}, 3)


def test_nobody_is_answered_who_has_left() -> None:
    line = line_of(b"abc")
    line.lost = True
    with pytest.raises(ClientGone):
        read_body(line, {}, 3)
