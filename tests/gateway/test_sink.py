"""A reply reaches the client event by event, and says when its reader refuses to read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from headgate.gateway import serve
from headgate.gateway.serve import Listen, Receive, Scope, Send
from headgate.gateway.sink import HttpSink
from headgate.wire.model import Headers
from tests.kit import Got, read_head, read_reply, send

pytestmark = [pytest.mark.slow]
EXTRA: Headers = [(b"x-extra", b"yes")]


async def served(
    play: Callable[[HttpSink], Awaitable[None]], *, extra: Headers = EXTRA, version: str = "1.1"
) -> tuple[Got, bytes]:
    """(the reply, the bytes on the wire) of an app that plays on a sink."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await play(HttpSink(scope, extra))

    server = await serve.start(app, Listen())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"GET / HTTP/{version}\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    writer.write(head.encode())
    raw = await reader.read()
    writer.close()
    await server.stop(at_once=True)
    again = asyncio.StreamReader()
    again.feed_data(raw)
    again.feed_eof()
    return await read_reply(again) if version == "1.1" else Got(0, {}, b"", False), raw


async def test_a_whole_reply_carries_its_length_and_the_extra_fields() -> None:
    async def play(sink: HttpSink) -> None:
        await sink.whole(201, [(b"content-type", b"text/plain")], b"hello")

    got, _ = await served(play)
    assert (got.status, got.body) == (201, b"hello")
    assert got.headers["content-length"] == "5"
    assert got.headers["x-extra"] == "yes"


async def test_pieces_arrive_in_order_and_the_reply_ends_once() -> None:
    async def play(sink: HttpSink) -> None:
        await sink.start(200, [(b"content-type", b"text/event-stream")])
        for piece in (b"a", b"", b"bb", b"c" * 100_000):
            if piece:
                await sink.send(piece)
        await sink.end(b"z")

    got, raw = await served(play)
    assert got.whole
    assert got.body == b"abb" + b"c" * 100_000 + b"z"
    assert raw.count(b"0\r\n\r\n") == 1
    assert got.headers["x-extra"] == "yes"


async def test_towards_http_1_0_pieces_are_plain_and_the_connection_is_the_end() -> None:
    async def play(sink: HttpSink) -> None:
        await sink.start(200, [])
        await sink.send(b"one ")
        await sink.end(b"two")

    _, raw = await served(play, version="1.0")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert body == b"one two"
    assert b"connection: close" in head


async def test_an_end_without_bytes_is_an_end() -> None:
    async def play(sink: HttpSink) -> None:
        await sink.start(200, [])
        await sink.send(b"x")
        await sink.end(b"")

    got, _ = await served(play)
    assert (got.body, got.whole) == (b"x", True)


async def test_extra_fields_can_be_left_to_the_reply_itself() -> None:
    async def play(sink: HttpSink) -> None:
        await sink.without_extra().whole(204, [], b"")

    got, _ = await served(play)
    assert "x-extra" not in got.headers


async def test_it_remembers_when_something_was_last_sent() -> None:
    seen: list[float] = []

    async def play(sink: HttpSink) -> None:
        seen.append(sink.sent_at)
        await sink.start(200, [])
        seen.append(sink.sent_at)
        await asyncio.sleep(0.02)
        await sink.send(b"x")
        seen.append(sink.sent_at)
        await sink.end(b"")

    begun = time.monotonic()
    await served(play)
    assert seen[0] == 0
    assert begun < seen[1] < seen[2] < time.monotonic()


async def test_a_reader_that_stops_is_noticed_and_a_reader_that_goes_on_frees_the_sender() -> (
    None
):
    sinks: list[HttpSink] = []
    sent = 0

    async def app(scope: Scope, receive: Receive, answer: Send) -> None:
        nonlocal sent
        sink = HttpSink(scope, [])
        sinks.append(sink)
        await sink.start(200, [])
        for _ in range(400):
            await sink.send(b"x" * 50_000)
            sent += 1
        await sink.end(b"")

    server = await serve.start(app, Listen())
    reader, writer = await send(server.port, "GET", "/", None, None)
    await read_head(reader)
    reader._transport.pause_reading()  # type: ignore[attr-defined]  # stop taking bytes
    await asyncio.sleep(0.3)
    stopped = sent
    assert sinks[0].stalled()
    assert stopped < 400
    await asyncio.sleep(0.1)
    assert sent == stopped
    reader._transport.resume_reading()  # type: ignore[attr-defined]
    size = 0
    while size < 400 * 50_000:
        size += len(await reader.read(1_000_000))
    assert not sinks[0].stalled()
    writer.close()
    await server.stop(at_once=True)
