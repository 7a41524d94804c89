"""HTTP/1.1 as the door reads it: every valid reply however it is cut, and no other."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.upstream import Door
from headgate.upstream.connection import Bounds
from headgate.wire.model import Fault, Kind
from tests.upstream.conftest import Start
from tests.upstream.scripted import (
    OK,
    STREAM_HEAD,
    End,
    Outcome,
    Wire,
    body_of,
    chunk,
    outcome,
    post,
)

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = STREAM_HEAD + chunk(b"hello ") + chunk(b"w" * 40) + b"0\r\n\r\n"
TRAILED = (
    STREAM_HEAD + b"5;name=value\r\nhello\r\n" + b"0\r\nx-checksum: 1\r\nx-more: 2\r\n\r\n"
)
TO_EOF = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello, until the end"
OLD = b"HTTP/1.0 200 OK\r\nserver: old\r\n\r\nhello from 1996"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
UNCHANGED = b'HTTP/1.1 304 Not Modified\r\netag: "a"\r\ncontent-length: 12\r\n\r\n'
INTERIM = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + LENGTH
)
ZERO = b"HTTP/1.1 429 Too Many\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n"
NO_REASON = b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nhi"
ODD_STATUS = b"HTTP/1.1 529 Overloaded\r\nContent-Length:2\r\nX-Empty:\r\n\r\nhi"

JSON = (b"content-type", b"application/json")
VALID: dict[str, tuple[bytes, Outcome]] = {
    "length": (LENGTH, (200, [JSON, (b"content-length", b"5")], b"hello", "")),
    "chunked": (
        CHUNKED,
        (200, [(b"transfer-encoding", b"chunked")], b"hello " + b"w" * 40, ""),
    ),
    "trailers": (TRAILED, (200, [(b"transfer-encoding", b"chunked")], b"hello", "")),
    "to eof": (TO_EOF, (200, [(b"connection", b"close")], b"hello, until the end", "")),
    "1.0": (OLD, (200, [(b"server", b"old")], b"hello from 1996", "")),
    "204": (EMPTY, (204, [], b"", "")),
    "304": (UNCHANGED, (304, [(b"etag", b'"a"'), (b"content-length", b"12")], b"", "")),
    "interim": (INTERIM, (200, [JSON, (b"content-length", b"5")], b"hello", "")),
    "empty body": (ZERO, (429, [(b"retry-after", b"2"), (b"content-length", b"0")], b"", "")),
    "no reason": (NO_REASON, (200, [(b"content-length", b"2")], b"hi", "")),
    "odd status": (
        ODD_STATUS,
        (529, [(b"content-length", b"2"), (b"x-empty", b"")], b"hi", ""),
    ),
}
valid = pytest.mark.parametrize("name", VALID)


@valid
async def test_a_valid_reply_is_read_whole(name: str) -> None:
    reply, expected = VALID[name]
    assert await outcome([reply], eof=True) == expected


@valid
async def test_every_size_of_piece_gives_the_same_reply(name: str) -> None:
    reply, expected = VALID[name]
    for size in range(1, len(reply)):
        pieces = [reply[at : at + size] for at in range(0, len(reply), size)]
        assert await outcome(pieces, eof=True) == expected, size


@pytest.mark.slow
@given(name=st.sampled_from(sorted(VALID)), data=st.data())
async def test_any_chunking_gives_the_same_reply(name: str, data: st.DataObject) -> None:
    reply, expected = VALID[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(reply) - 1))))
    edges = [0, *cuts, len(reply)]
    pieces = [reply[a:b] for a, b in pairwise(edges)]
    assert await outcome(pieces, eof=True) == expected


@valid
async def test_a_reply_cut_at_any_byte_is_never_taken_for_a_whole_one(name: str) -> None:
    """Only a body that is delimited by the end itself may end early, and nobody can tell."""
    reply, expected = VALID[name]
    body_start = reply.rindex(b"\r\n\r\n") + 4
    for end in range(len(reply)):
        status, _, body, fault = await outcome([reply[:end]] if end else [], eof=True)
        assert expected[2].startswith(body)
        if name in ("to eof", "1.0") and end >= body_start:
            assert fault == ""
        elif status:
            assert fault == Kind.TRUNCATED, end
        else:
            assert fault == Kind.CONNECTION, end


@pytest.mark.slow
@given(st.binary(max_size=200), st.booleans())
async def test_no_bytes_whatever_make_the_door_raise_anything_but_a_fault(
    noise: bytes, headed: bool
) -> None:
    reply = STREAM_HEAD + noise if headed else noise
    result = await outcome([reply] if reply else [], eof=True)
    assert result[3] in ("", Kind.UPSTREAM, Kind.CONNECTION, Kind.TRUNCATED)


@pytest.mark.slow
@given(st.data())
async def test_damage_to_one_byte_never_hangs_or_invents_a_body(data: st.DataObject) -> None:
    reply = data.draw(st.sampled_from([LENGTH, CHUNKED, INTERIM, ZERO]))
    at = data.draw(st.integers(0, len(reply) - 1))
    damaged = reply[:at] + bytes([data.draw(st.integers(0, 255))]) + reply[at + 1 :]
    _, _, body, fault = await outcome([damaged], eof=True)
    assert fault in ("", Kind.UPSTREAM, Kind.CONNECTION, Kind.TRUNCATED)
    assert len(body) <= len(reply)


def head(*lines: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", *lines)) + b"\r\n\r\n"


SMUGGLED: dict[str, tuple[bytes, str]] = {
    "two lengths": (
        head(b"content-length: 5", b"content-length: 6") + b"hello",
        "not valid HTTP",
    ),
    "the same length twice": (
        head(b"content-length: 5", b"content-length: 5") + b"hello",
        "not valid HTTP",
    ),
    "a list of lengths": (head(b"content-length: 5, 5") + b"hello", "not valid HTTP"),
    "length, then chunked": (
        head(b"content-length: 5", b"transfer-encoding: chunked") + b"0\r\n\r\n",
        "not valid HTTP",
    ),
    "chunked, then length": (
        head(b"transfer-encoding: chunked", b"content-length: 5") + b"0\r\n\r\n",
        "not valid HTTP",
    ),
    "negative length": (head(b"content-length: -5") + b"hello", "not valid HTTP"),
    "signed length": (head(b"content-length: +5") + b"hello", "not valid HTTP"),
    "length in words": (head(b"content-length: five") + b"hello", "not valid HTTP"),
    "hexadecimal length": (head(b"content-length: 0x5") + b"hello", "not valid HTTP"),
    "empty length": (head(b"content-length:") + b"hello", "not valid HTTP"),
    "length beyond all bounds": (head(b"content-length: " + b"9" * 30), "not valid HTTP"),
    "unknown coding": (head(b"transfer-encoding: gzip") + b"x", "is not chunked"),
    "two codings": (head(b"transfer-encoding: gzip, chunked") + b"0\r\n\r\n", "is not chunked"),
    "chunked twice": (
        head(b"transfer-encoding: chunked", b"transfer-encoding: chunked") + b"0\r\n\r\n",
        "more than once",
    ),
    "chunked, misspelt": (head(b"transfer-encoding: xchunked") + b"x", "is not chunked"),
    "chunked with a tail": (head(b"transfer-encoding: chunked\x0b") + b"x", "not valid HTTP"),
    "chunked in 1.0": (
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "only HTTP/1.1",
    ),
    "space before the colon": (head(b"content-length : 5") + b"hello", "not valid HTTP"),
    "folded line": (head(b"x-a: 1", b" content-length: 5"), "not valid HTTP"),
    "no colon": (head(b"x-a"), "not valid HTTP"),
    "null in a value": (head(b"x-a: \0"), "not valid HTTP"),
    "bare return in a value": (head(b"x-a: 1\rcontent-length: 5"), "not valid HTTP"),
    "bare line feeds": (b"HTTP/1.1 200 OK\ncontent-length: 5\n\nhello", "not valid HTTP"),
    "chunk size not a number": (STREAM_HEAD + b"zz\r\nhello\r\n", "not valid HTTP"),
    "chunk size beyond bounds": (STREAM_HEAD + b"f" * 20 + b"\r\n", "not valid HTTP"),
    "space after a chunk size": (STREAM_HEAD + b"5 \r\nhello\r\n", "not valid HTTP"),
    "chunk longer than stated": (STREAM_HEAD + b"3\r\nhello\r\n0\r\n\r\n", "not valid HTTP"),
    "chunk closed by a bare feed": (STREAM_HEAD + b"5\nhello\n0\n\n", "not valid HTTP"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", "does not begin with HTTP/"),
    "a cousin of HTTP": (b"ICE/1.0 200 OK\r\n\r\n", "does not begin with HTTP/"),
    "a TLS alert": (b"\x15\x03\x01\x00\x02\x02\x46", "does not begin with HTTP/"),
    "HTTP/2": (b"HTTP/2.0 200 OK\r\n\r\n", "HTTP/2.0"),
    "HTTP/0.9": (b"HTTP/0.9 200 OK\r\n\r\n", "HTTP/0.9"),
    "status of two digits": (b"HTTP/1.1 99 x\r\n\r\n", "not valid HTTP"),
    "switching protocols": (
        b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        "switches protocols",
    ),
    "interim with a length": (
        b"HTTP/1.1 103 Hints\r\ncontent-length: 4\r\n\r\nabcd" + LENGTH,
        "interim",
    ),
}


@pytest.mark.parametrize("name", SMUGGLED)
async def test_ambiguous_or_broken_framing_is_refused(
    name: str, door: Door, start: Start
) -> None:
    """Over a real socket: the fault says what is wrong, and the connection is not kept."""
    reply, complaint = SMUGGLED[name]
    upstream = await start((reply,))
    exchange = door.exchange(post(upstream.url(), b"{}"))
    with pytest.raises(Fault, match=re.escape(complaint)) as caught:  # noqa: PT012
        await exchange.open()
        await body_of(exchange)
    assert caught.value.kind is Kind.UPSTREAM
    assert caught.value.maybe_billed
    assert door.idle() == 0


@pytest.mark.parametrize("name", SMUGGLED)
async def test_broken_framing_is_refused_byte_by_byte_too(name: str) -> None:
    reply, _ = SMUGGLED[name]
    result = await outcome([reply[at : at + 1] for at in range(len(reply))], eof=False)
    assert result[3] == Kind.UPSTREAM


BOUNDS = Bounds(max_head_bytes=2_000)


@pytest.mark.parametrize("size", [1, 700, 100_000])
@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nx-bomb: " + b"a" * 3_000 + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 500 + b"content-length: 0\r\n\r\n",
        b"HTTP/1.1 200 " + b"a" * 3_000,
        b"HTTP/1.1 103 Hints\r\n\r\n" * 200,
        STREAM_HEAD + b"0\r\n" + b"x-trailer: b\r\n" * 500,
        STREAM_HEAD + b"5;" + b"a" * 3_000,
    ],
    ids=["one field", "many fields", "reason", "interim", "trailers", "chunk extension"],
)
async def test_what_brings_no_body_is_bounded(reply: bytes, size: int) -> None:
    pieces = [reply[at : at + size] for at in range(0, len(reply), size)]
    assert (await outcome(pieces, eof=False, bounds=BOUNDS))[3] == Kind.UPSTREAM


async def test_a_head_just_within_the_bound_is_read() -> None:
    reply = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: " + b"a" * 1_900 + b"\r\n\r\n"
    assert (await outcome([reply], eof=False, bounds=BOUNDS))[3] == ""


async def test_a_long_body_in_one_piece_with_its_head_is_no_long_head() -> None:
    body = b"b" * 50_000
    reply = b"HTTP/1.1 200 OK\r\ncontent-length: 50000\r\n\r\n" + body
    assert (await outcome([reply], eof=False, bounds=BOUNDS))[2:] == (body, "")


async def test_a_stream_of_tiny_chunks_has_no_bound() -> None:
    """Framing may outweigh content for as long as content comes."""
    pieces = [STREAM_HEAD, *([b"1\r\n", b"x\r\n"] * 5_000), b"0\r\n\r\n"]
    assert (await outcome(pieces, eof=False, bounds=BOUNDS))[2:] == (b"x" * 5_000, "")


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (LENGTH, True),
        (CHUNKED, True),
        (TRAILED, True),
        (EMPTY, True),
        (UNCHANGED, True),
        (INTERIM, True),
        (ZERO, True),
        (LENGTH.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), False),
        (LENGTH.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"), False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", False),
        (
            b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi",
            True,
        ),
    ],
)
async def test_a_connection_is_kept_only_where_both_sides_may(reply: bytes, kept: bool) -> None:
    wire = Wire()
    await wire.exchange(lambda connection: connection.data_received(reply))
    assert (wire.freed == 1) is kept
    assert wire.line.closed is not kept
    wire.close()


async def test_trailers_never_reach_the_next_reply() -> None:
    wire = Wire()
    await wire.exchange(lambda connection: connection.data_received(TRAILED))
    second = await wire.exchange(lambda connection: connection.data_received(LENGTH))
    assert second.headers == VALID["length"][1][1]
    wire.close()


async def test_bytes_after_a_whole_reply_cost_the_connection_not_the_reply() -> None:
    wire = Wire()
    exchange = await wire.exchange(lambda connection: connection.data_received(LENGTH + OK))
    assert await body_of(exchange) == b"hello"
    assert wire.freed == 0
    assert wire.line.closed
    wire.close()


async def test_bytes_on_an_idle_connection_close_it() -> None:
    """Whoever answers without being asked may be answering somebody else's question."""
    wire = Wire()
    await wire.exchange(lambda connection: connection.data_received(LENGTH))
    wire.connection.data_received(OK)
    assert wire.line.closed
    assert not wire.connection.usable()
    wire.close()


@pytest.mark.parametrize("name", ["length", "chunked", "interim", "204"])
@pytest.mark.parametrize("how", [End.FIN, End.RST])
async def test_a_real_connection_cut_at_any_byte_ends_in_the_right_fault(
    name: str, how: End, door: Door, start: Start
) -> None:
    reply, expected = VALID[name]
    ends = range(0, len(reply), 7)
    upstream = await start(*((reply[:end], 0.002, how) for end in ends))
    for _ in ends:
        exchange = door.exchange(post(upstream.url(), b"{}"))
        with pytest.raises(Fault) as caught:  # noqa: PT012
            await exchange.open()
            await body_of(exchange)
        assert caught.value.maybe_billed
        expected_kind = Kind.TRUNCATED if exchange.status else Kind.CONNECTION
        assert caught.value.kind is expected_kind
        exchange.close()
    assert expected[0] in (200, 204)


@pytest.mark.parametrize("name", ["length", "chunked", "trailers", "interim", "304"])
async def test_a_real_reply_in_single_bytes_is_read_whole(
    name: str, door: Door, start: Start
) -> None:
    reply, expected = VALID[name]
    steps = [step for at in range(len(reply)) for step in (reply[at : at + 1], 0.0)]
    upstream = await start(steps)
    for _ in range(2):
        exchange = await door.open(post(upstream.url(), b"{}"))
        assert (exchange.status, exchange.headers) == expected[:2]
        assert await body_of(exchange) == expected[2]
        exchange.close()
    assert len(upstream.callers) == 1
