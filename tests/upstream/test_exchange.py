"""One exchange: whoever lets go of it frees its socket, whoever waits on it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from headgate.upstream import Door, Exchange
from headgate.upstream.connection import Connection
from headgate.wire.model import Fault, Kind
from tests.upstream.conftest import Start
from tests.upstream.scripted import (
    HOLD,
    OK,
    STREAM_HEAD,
    BlackHole,
    Step,
    Upstream,
    Wire,
    body_of,
    chunk,
    post,
    until,
)

SILENT = Fault(Kind.IDLE, "nothing came for 300 s", maybe_billed=True)
STAGES: dict[str, tuple[Step, ...]] = {
    "before the head": (HOLD,),
    "in the head": (b"HTTP/1.1 200 OK\r\nx-a: ", HOLD),
    "after the head": (STREAM_HEAD, HOLD),
    "mid-stream": (STREAM_HEAD + chunk(b"event"), HOLD),
    "mid-chunk": (STREAM_HEAD + b"10\r\nhalf", HOLD),
    "mid-length": (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", HOLD),
}
stages = pytest.mark.parametrize("stage", STAGES)


async def relay(exchange: Exchange) -> None:
    """What an engine does: open, read, and close whatever happens."""
    try:
        await exchange.open()
        await body_of(exchange)
    finally:
        exchange.close()


async def waiting(door: Door, upstream: Upstream) -> tuple[Exchange, asyncio.Future[None]]:
    """An exchange that has received all its upstream will ever say."""
    exchange = door.exchange(post(upstream.url(), b"{}"))
    call = asyncio.ensure_future(relay(exchange))
    await until(lambda: bool(upstream.requests))
    await asyncio.sleep(0.005)
    assert upstream.open == 1
    return exchange, call


@stages
async def test_a_cancelled_call_leaves_no_socket_at_the_upstream(
    stage: str, door: Door, start: Start
) -> None:
    upstream = await start(STAGES[stage])
    _, call = await waiting(door, upstream)
    call.cancel()
    assert await until(lambda: upstream.open == 0) < 0.05
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: door.open_sockets() == 0)


async def test_a_cancelled_open_closes_by_itself(door: Door, start: Start) -> None:
    upstream = await start((HOLD,))
    call = asyncio.ensure_future(door.open(post(upstream.url(), b"{}")))
    await until(lambda: bool(upstream.requests))
    call.cancel()
    assert await until(lambda: upstream.open == 0) < 0.05


@stages
async def test_a_sweeper_s_fault_is_raised_where_the_call_waits(
    stage: str, door: Door, start: Start
) -> None:
    upstream = await start(STAGES[stage])
    exchange, call = await waiting(door, upstream)
    exchange.fail(SILENT)
    with pytest.raises(Fault) as caught:
        await call
    assert caught.value is SILENT
    assert await until(lambda: upstream.open == 0) < 0.05
    await until(lambda: door.open_sockets() == 0)


async def test_a_sweeper_may_end_a_call_that_still_connects(
    door: Door, black_hole: BlackHole, start: Start
) -> None:
    upstream = await start()
    url = upstream.url()
    request = post(type(url).parse(f"http://127.0.0.1:{black_hole.port}"), connect_s=30)
    exchange = door.exchange(request)
    call = asyncio.ensure_future(exchange.open())
    await until(lambda: door.open_sockets() == 1)
    exchange.fail(SILENT)
    with pytest.raises(Fault) as caught:
        await call
    assert caught.value is SILENT
    assert not exchange.sent_any
    assert await until(lambda: door.open_sockets() == 0) < 0.05


async def test_a_fault_set_before_the_next_read_is_raised_by_it(
    door: Door, start: Start
) -> None:
    """Bytes nobody fetched in time are dropped with it."""
    upstream = await start((STREAM_HEAD + chunk(b"event"), HOLD))
    exchange = await door.open(post(upstream.url(), b"{}"))
    await until(lambda: exchange.unread > 0)
    exchange.fail(SILENT)
    with pytest.raises(Fault) as caught:
        await exchange.read()
    assert caught.value is SILENT
    exchange.close()


async def test_the_first_fault_wins(door: Door, start: Start) -> None:
    upstream = await start((STREAM_HEAD, HOLD))
    exchange = await door.open(post(upstream.url(), b"{}"))
    exchange.fail(SILENT)
    exchange.fail(Fault(Kind.TIMEOUT, "later"))
    with pytest.raises(Fault) as caught:
        await exchange.read()
    assert caught.value is SILENT
    exchange.close()


async def test_a_reply_that_was_read_whole_cannot_fail_any_more(
    door: Door, start: Start
) -> None:
    upstream = await start()
    exchange = await door.open(post(upstream.url(), b"{}"))
    assert await body_of(exchange) == b"hi"
    exchange.fail(SILENT)
    assert await exchange.read() == b""
    assert door.idle() == 1
    exchange.close()


async def test_closing_twice_is_closing_once(door: Door, start: Start) -> None:
    upstream = await start((STREAM_HEAD, HOLD), (OK,))
    exchange = await door.open(post(upstream.url(), b"{}"))
    exchange.close()
    exchange.close()
    second = await door.open(post(upstream.url(), b"{}"))
    exchange.close()
    assert await body_of(second) == b"hi"
    second.close()
    second.close()
    assert door.idle() == 1


async def test_a_complete_reply_keeps_its_connection_whoever_read_it(
    door: Door, start: Start
) -> None:
    upstream = await start()
    exchange = await door.open(post(upstream.url(), b"{}"))
    await until(lambda: exchange.complete)
    exchange.close()
    assert door.idle() == 1


async def test_reading_from_a_closed_exchange_is_a_defect_and_says_so(
    door: Door, start: Start
) -> None:
    upstream = await start((STREAM_HEAD, HOLD))
    exchange = await door.open(post(upstream.url(), b"{}"))
    pending = asyncio.ensure_future(exchange.read())
    await asyncio.sleep(0)
    exchange.close()
    with pytest.raises(RuntimeError, match="was closed"):
        await pending


async def test_two_readers_at_once_are_a_defect_and_it_says_so(
    door: Door, start: Start
) -> None:
    upstream = await start((STREAM_HEAD, HOLD))
    exchange = await door.open(post(upstream.url(), b"{}"))
    first = asyncio.ensure_future(exchange.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="one reader at a time"):
        await exchange.read()
    first.cancel()
    exchange.close()


async def test_a_cancelled_read_loses_nothing(door: Door, start: Start) -> None:
    """So that a caller may look up from a silent upstream to send a ping."""
    pieces = [b"%03d" % number for number in range(60)]
    steps = [step for piece in pieces for step in (chunk(piece), 0.001)]
    upstream = await start((STREAM_HEAD, *steps, b"0\r\n\r\n"))
    exchange = await door.open(post(upstream.url(), b"{}"))
    got = b""
    while not (exchange.complete and not exchange.chunks):
        with contextlib.suppress(TimeoutError):
            got += await asyncio.wait_for(exchange.read(), 0.0005)
    assert got == b"".join(pieces)
    exchange.close()


async def test_a_reply_is_read_whole_up_to_a_limit(door: Door, start: Start) -> None:
    reply = STREAM_HEAD + chunk(b"a" * 600), 0.002, chunk(b"b" * 400) + b"0\r\n\r\n"
    upstream = await start(reply)
    exchange = await door.open(post(upstream.url(), b"{}"))
    assert await exchange.read_all(1_000) == b"a" * 600 + b"b" * 400
    exchange.close()
    assert door.idle() == 1


@pytest.mark.parametrize("limit", [1, 599, 600, 999])
async def test_a_reply_longer_than_the_limit_is_a_fault(
    limit: int, door: Door, start: Start
) -> None:
    reply = STREAM_HEAD + chunk(b"a" * 600), 0.002, chunk(b"b" * 400) + b"0\r\n\r\n"
    upstream = await start(reply)
    exchange = await door.open(post(upstream.url(), b"{}"))
    with pytest.raises(Fault, match=f"longer than the {limit} bytes allowed") as caught:
        await exchange.read_all(limit)
    assert caught.value.kind is Kind.UPSTREAM
    assert caught.value.maybe_billed
    exchange.close()


async def test_the_time_of_the_last_byte_is_the_upstream_s(door: Door, start: Start) -> None:
    loop = asyncio.get_running_loop()
    upstream = await start((0.02, STREAM_HEAD, 0.02, chunk(b"x"), HOLD))
    exchange = door.exchange(post(upstream.url(), b"{}"))
    call = asyncio.ensure_future(exchange.open())
    await until(lambda: exchange.sent_all)
    sent_at = exchange.last_byte_at
    await call
    head_at = exchange.last_byte_at
    assert head_at - sent_at > 0.01
    await exchange.read()
    assert exchange.last_byte_at - head_at > 0.01
    assert loop.time() - exchange.last_byte_at < 0.05
    exchange.close()


async def test_nothing_is_sent_when_the_connection_is_refused(door: Door, start: Start) -> None:
    upstream = await start()
    url = upstream.url()
    await upstream.stop()
    exchange = door.exchange(post(url, b"{}"))
    with pytest.raises(Fault):
        await exchange.open()
    assert not exchange.sent_any
    assert not exchange.sent_all


@contextlib.asynccontextmanager
async def streaming() -> AsyncIterator[tuple[Connection, Exchange, asyncio.Future[bytes]]]:
    """A stream whose reader waits, on a wire that the test feeds."""
    wire = Wire()
    exchange = await wire.exchange(lambda it: it.data_received(STREAM_HEAD))
    reader = asyncio.ensure_future(exchange.read())
    await asyncio.sleep(0)
    try:
        yield wire.connection, exchange, reader
    finally:
        exchange.close()
        reader.cancel()
        wire.close()


async def test_what_goes_straight_on_wakes_nobody_until_its_reader_is_wanted() -> None:
    async with streaming() as (connection, exchange, reader):
        seen: list[bytes] = []
        exchange.straight = lambda: seen.append(exchange.taken())
        connection.data_received(chunk(b"one"))
        connection.data_received(chunk(b"two"))
        await asyncio.sleep(0)
        assert (seen, reader.done(), exchange.unread) == ([b"one", b"two"], False, 0)
        exchange.recalled = True
        connection.data_received(chunk(b"three"))
        assert await reader == b""
        assert seen[2:] == [b"three"]


async def test_what_does_not_go_straight_on_is_read_as_ever() -> None:
    async with streaming() as (connection, exchange, reader):
        exchange.straight = lambda: None
        connection.data_received(chunk(b"one"))
        assert await reader == b"one"


async def test_a_fault_on_the_straight_way_is_raised_by_the_reader() -> None:
    async with streaming() as (connection, exchange, reader):

        def stumble() -> None:
            exchange.taken()
            raise SILENT

        exchange.straight = stumble
        connection.data_received(chunk(b"one"))
        with pytest.raises(Fault, match="300 s"):
            await reader


async def test_the_clean_end_is_told_although_its_last_bytes_went_straight_on() -> None:
    async with streaming() as (connection, exchange, reader):
        seen: list[bytes] = []
        exchange.straight = lambda: seen.append(exchange.taken())
        connection.data_received(chunk(b"one") + chunk(b""))
        assert (await reader, seen) == (b"", [b"one"])
