"""A connection writes without copying, waits without buffering, is reused only when sure."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import struct

import pytest

from headgate.upstream import Door
from headgate.upstream.connection import Connection
from headgate.wire.model import Fault, Kind
from tests.upstream.conftest import Start
from tests.upstream.scripted import (
    HOLD,
    OK,
    STREAM_HEAD,
    End,
    Wire,
    body_of,
    chunk,
    post,
    until,
)

REFUSAL = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig"
BIG = bytes(range(256)) * 4_096 * 12  # 12 MiB: more than any socket buffer takes at once


def sent_body(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


async def test_a_request_arrives_as_it_was_meant(door: Door, start: Start) -> None:
    upstream = await start()
    exchange = await door.open(
        post(upstream.url(), b'{"a":', b"1}", headers=[(b"x-api-key", b"k")])
    )
    assert upstream.requests == [
        b"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nx-api-key: k\r\n"
        b'content-length: 7\r\n\r\n{"a":1}' % upstream.port
    ]
    assert exchange.sent_any
    assert exchange.sent_all
    exchange.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        (BIG,),
        (b"{", memoryview(BIG), b"}"),
        (memoryview(BIG)[:5], memoryview(BIG)[5:]),
        tuple(b"%06d" % number for number in range(20_000)),
        (b"", b"a", b"", b"b" * 70_000, b""),
    ],
    ids=["one", "framed", "views", "many", "with empty ones"],
)
async def test_a_body_in_segments_arrives_whole_and_in_order(
    body: tuple[bytes | memoryview, ...], door: Door, start: Start
) -> None:
    upstream = await start()
    exchange = await door.open(post(upstream.url(), *body))
    assert exchange.sent_all
    exchange.close()
    got, meant = sent_body(upstream.requests[0]), b"".join(body)
    assert hashlib.blake2b(got).digest() == hashlib.blake2b(meant).digest()


async def test_a_large_body_goes_over_tls_whole(
    door: Door, start: Start, server_tls: ssl.SSLContext
) -> None:
    upstream = await start(context=server_tls)
    exchange = await door.open(post(upstream.url(verify_tls=False), b"{", BIG, b"}"))
    assert exchange.status == 200
    exchange.close()
    assert sent_body(upstream.requests[0]) == b"{" + BIG + b"}"


async def test_a_call_cancelled_while_its_body_is_written_leaves_no_socket(
    door: Door, start: Start
) -> None:
    upstream = await start()
    exchange = door.exchange(post(upstream.url(), *[BIG] * 5))
    call = asyncio.ensure_future(exchange.open())
    await until(lambda: bool(upstream.callers) and upstream.callers[0].total > 0)
    assert not exchange.sent_all
    call.cancel()
    assert await until(lambda: upstream.open == 0) < 0.05
    await until(lambda: door.open_sockets() == 0)


async def test_a_request_is_not_wholly_sent_while_the_upstream_does_not_read(
    door: Door, start: Start
) -> None:
    upstream = await start(deaf=True)
    exchange = door.exchange(post(upstream.url(), BIG, BIG))
    call = asyncio.ensure_future(exchange.open())
    await until(lambda: exchange.sent_any)
    await asyncio.sleep(0.01)
    assert not exchange.sent_all
    upstream.callers[0].transport.resume_reading()
    await call
    assert exchange.sent_all
    exchange.close()


async def test_an_early_answer_is_delivered_while_the_body_is_still_being_written(
    door: Door, start: Start
) -> None:
    upstream = await start((REFUSAL,), hasty=True, sated=True)
    exchange = await door.open(post(upstream.url(), BIG, BIG))
    assert exchange.status == 413
    assert await body_of(exchange) == b"big"
    exchange.close()
    assert door.idle() == 0  # half a request stands on that connection


@pytest.mark.parametrize("how", [End.FIN, End.RST])
async def test_an_early_answer_survives_the_upstream_hanging_up(
    how: End, door: Door, start: Start
) -> None:
    """It answers 413, stops reading and closes: what it said must not drown in the reset."""
    for _ in range(10):
        upstream = await start((REFUSAL, 0.005, how), hasty=True, sated=True)
        exchange = await door.open(post(upstream.url(), BIG, BIG))
        assert exchange.status == 413
        assert await body_of(exchange) == b"big"
        exchange.close()
        await upstream.stop()


async def test_an_early_answer_is_found_in_the_socket_after_writing_failed(
    door: Door, start: Start
) -> None:
    """Only the writing side notices here that the upstream is gone."""
    upstream = await start((HOLD,), hasty=True, sated=True)
    exchange = door.exchange(post(upstream.url(), BIG, BIG))
    call = asyncio.ensure_future(exchange.open())
    await until(lambda: bool(upstream.requests))
    connection = exchange.holder
    assert isinstance(connection, Connection)
    connection._transport.pause_reading()
    raw = upstream.callers[0].transport.get_extra_info("socket")
    with socket.socket(fileno=socket.dup(raw.fileno())) as far:
        far.send(REFUSAL)
    upstream.callers[0].end(End.RST)
    await asyncio.wait_for(call, 1)
    assert exchange.status == 413
    assert await body_of(exchange) == b"big"
    exchange.close()


async def test_a_connection_with_half_a_request_on_it_is_never_free() -> None:
    wire = Wire()
    wire.line.on_write = wire.connection.pause_writing
    exchange = await wire.exchange(lambda connection: connection.data_received(OK), BIG)
    assert exchange.complete
    assert not exchange.sent_all
    assert wire.freed == 0
    assert wire.line.closed
    wire.close()


async def test_a_reset_before_the_whole_request_was_sent_is_not_billed(
    door: Door, start: Start
) -> None:
    upstream = await start((0.01, End.RST), hasty=True, sated=True)
    exchange = door.exchange(post(upstream.url(), BIG, BIG, BIG))
    with pytest.raises(Fault) as caught:
        await exchange.open()
    assert caught.value.kind is Kind.CONNECTION
    assert exchange.sent_any
    assert not caught.value.maybe_billed


@pytest.mark.parametrize("how", [End.FIN, End.RST])
async def test_an_end_before_the_reply_may_have_been_billed(
    how: End, door: Door, start: Start
) -> None:
    upstream = await start((how,))
    with pytest.raises(Fault, match="the connection before replying") as caught:
        await door.open(post(upstream.url(), b"{}"))
    assert caught.value.kind is Kind.CONNECTION
    assert caught.value.maybe_billed


@pytest.mark.parametrize("how", [End.FIN, End.RST])
async def test_what_arrived_before_a_break_is_handed_out_first(
    how: End, door: Door, start: Start
) -> None:
    upstream = await start((STREAM_HEAD + chunk(b"partial"), 0.005, how))
    exchange = await door.open(post(upstream.url(), b"{}"))
    assert await exchange.read() == b"partial"
    for _ in range(2):
        with pytest.raises(Fault) as caught:
            await exchange.read()
        assert caught.value.kind is Kind.TRUNCATED
        assert caught.value.maybe_billed
    exchange.close()


async def test_a_reset_never_ends_a_body_cleanly(door: Door, start: Start) -> None:
    """Not even one that only the end delimits."""
    upstream = await start((b"HTTP/1.1 200 OK\r\n\r\nhalf", 0.005, End.RST))
    exchange = await door.open(post(upstream.url(), b"{}"))
    assert await exchange.read() == b"half"
    with pytest.raises(Fault) as caught:
        await exchange.read()
    assert caught.value.kind is Kind.TRUNCATED
    exchange.close()


@pytest.mark.slow
async def test_reading_pauses_while_nobody_reads(door: Door, start: Start) -> None:
    size = 40_000_000
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size
    upstream = await start((head, bytes(size)))
    exchange = await door.open(post(upstream.url(), b"{}"))
    await until(lambda: exchange.unread > 256 * 1024)
    held = exchange.unread
    await asyncio.sleep(0.02)
    assert exchange.unread == held < 1_000_000
    assert len(await body_of(exchange)) == size
    assert exchange.complete
    assert door.idle() == 1
    exchange.close()


async def test_a_paused_reply_can_be_dropped(door: Door, start: Start) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 40000000\r\n\r\n"
    upstream = await start((head, bytes(40_000_000)))
    exchange = await door.open(post(upstream.url(), b"{}"))
    await until(lambda: exchange.resume is not None)
    exchange.close()
    assert await until(lambda: upstream.open == 0) < 0.05


async def test_a_connection_closed_while_idle_is_not_used_again(
    door: Door, start: Start
) -> None:
    upstream = await start((OK, End.FIN), (OK,))
    (await door.open(post(upstream.url(), b"{}"))).close()
    await until(lambda: door.open_sockets() == 0)
    (await door.open(post(upstream.url(), b"{}"))).close()
    assert len(upstream.callers) == 2


@pytest.mark.parametrize("how", [End.FIN, End.RST])
async def test_a_close_not_yet_noticed_is_found_before_the_next_request(
    how: End, door: Door, start: Start
) -> None:
    """The upstream closes right after its reply, and the next POST comes in the same breath:
    the socket is asked, so no request is lost on a connection that is gone."""
    upstream = await start()
    linger = struct.pack("ii", 1, 0)
    for _ in range(20):
        exchange = await door.open(post(upstream.url(), b"{}"))
        assert exchange.status == 200
        exchange.close()
        assert door.idle() == 1
        raw = upstream.callers[-1].transport.get_extra_info("socket")
        with socket.socket(fileno=socket.dup(raw.fileno())) as far:
            if how is End.RST:
                far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            far.shutdown(socket.SHUT_RDWR)  # now, not at the loop's next turn
    assert len(upstream.callers) == 20


async def test_a_request_of_which_no_byte_was_accepted_goes_out_on_another_connection(
    door: Door, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check before found the connection alive, and writing failed all the same."""
    upstream = await start()
    (await door.open(post(upstream.url(), b"{}"))).close()
    monkeypatch.setattr(Connection, "usable", lambda _: True)
    raw = upstream.callers[0].transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with socket.socket(fileno=socket.dup(raw.fileno())) as far:
        far.shutdown(socket.SHUT_WR)
    held = [pool.idle[0] for pool in door._pools.values()]
    held[0]._sock.shutdown(socket.SHUT_WR)  # the next write fails: EPIPE
    exchange = await door.open(post(upstream.url(), b"{}"))
    assert exchange.status == 200
    assert not exchange.reused
    exchange.close()
    assert (len(upstream.requests), len(upstream.callers)) == (2, 2)


async def test_a_request_that_may_have_been_read_is_never_sent_twice(
    door: Door, start: Start
) -> None:
    upstream = await start((OK,), (End.FIN,), (OK,))
    (await door.open(post(upstream.url(), b"{}"))).close()
    exchange = door.exchange(post(upstream.url(), b"{}"))
    with pytest.raises(Fault) as caught:
        await exchange.open()
    assert exchange.reused
    assert caught.value.kind is Kind.CONNECTION
    assert caught.value.maybe_billed
    assert len(upstream.requests) == 2


async def test_garbage_after_a_reply_is_never_read_as_the_next_one(
    door: Door, start: Start
) -> None:
    poison = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison"
    upstream = await start((OK + poison,), (OK, 0.005, poison), (OK,))
    for _ in range(4):
        exchange = await door.open(post(upstream.url(), b"{}"))
        assert await body_of(exchange) == b"hi"
        exchange.close()
        await asyncio.sleep(0.01)
    assert len(upstream.callers) == 3


async def test_nagle_is_off(door: Door, start: Start) -> None:
    upstream = await start((STREAM_HEAD, HOLD))
    exchange = await door.open(post(upstream.url(), b"{}"))
    connection = exchange.holder
    assert isinstance(connection, Connection)
    assert connection._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    exchange.close()


async def test_every_event_is_handed_on_as_it_arrives(door: Door, start: Start) -> None:
    upstream = await start((STREAM_HEAD, *([0.002, chunk(b"event")] * 20), b"0\r\n\r\n"))
    exchange = await door.open(post(upstream.url(), b"{}"))
    reads = []
    while data := await exchange.read():
        reads.append(data)
    assert reads == [b"event"] * 20
    exchange.close()


async def test_a_connection_that_is_gone_accepts_nothing() -> None:
    wire = Wire()
    wire.connection.abort()
    assert not wire.connection.usable()
    with pytest.raises(AssertionError):
        await wire.exchange(lambda _: None)
    wire.close()
