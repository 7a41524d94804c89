"""What a stranger sends before there is a request is bounded in bytes and in time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time

import pytest

from headgate.gateway import edge, serve
from tests.gateway.served import START, serving
from tests.kit import message, read_head, read_reply, running, send
from tests.peers import dialled

pytestmark = [pytest.mark.slow]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers get a quarter of a second."""
    for name in ("HEAD_S", "BODY_STALL_S"):
        monkeypatch.setattr(edge, name, 0.25)
    monkeypatch.setattr(serve, "SWEEP_S", 0.05)


@pytest.mark.parametrize(
    "flood",
    [
        START + b"a: " + b"x" * 200_000,
        START + b"".join(b"n%d: v\r\n" % n for n in range(20_000)),
        b"GET /" + b"y" * 200_000,
        START + b"z" * 200_000,
    ],
    ids=["one field", "many fields", "path", "name"],
)
async def test_a_head_without_end_is_a_431_and_the_end(flood: bytes) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(flood), 10_000):
                writer.write(flood[at : at + 10_000])
                await writer.drain()
        async with asyncio.timeout(3):
            assert (await read_head(reader))[0] == 431
            with contextlib.suppress(ConnectionError):
                assert b"too large" in await reader.read()


@pytest.mark.parametrize(
    "piece", [b"t: " + b"x" * 5000 + b"\r\n", b"1;" + b"e" * 5000 + b"\r\nx\r\n"]
)
async def test_trailers_and_chunk_notes_without_end_are_refused_too(piece: bytes) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(START + b"transfer-encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for n in range(200):
                writer.write((b"0\r\n" if n == 0 and piece[:1] == b"t" else b"") + piece)
                await writer.drain()
        async with asyncio.timeout(3):
            assert (await read_head(reader))[0] == 431


async def test_a_body_in_tiny_chunks_is_no_attack() -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(START + b"transfer-encoding: chunked\r\n\r\n")
        for _ in range(50):
            writer.write(b"1\r\nx\r\n" * 1000)
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        assert (await read_reply(reader)).body == b"50000"


@pytest.mark.parametrize(
    ("sent", "status", "id"),
    [
        (b"NONSENSE\r\n\r\n", 400, ""),
        (START + b"x-request-id: mine-1\r\na: b\r\nbad header\r\n\r\n", 400, "mine-1"),
        (START + b"x-request-id: n\xf6\r\nbad header\r\n\r\n", 400, ""),
        (START + b"x-request-id: mine-2\r\na: " + b"x" * 70_000, 431, "mine-2"),
        (
            START + b"x-request-id: mine-3\r\ntransfer-encoding: chunked\r\n\r\nzz",
            400,
            "mine-3",
        ),
    ],
    ids=["no head", "field", "unsafe id", "long head", "chunk"],
)
async def test_what_never_became_a_request_is_answered_with_an_id_and_for_good(
    sent: bytes, status: int, id: str
) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(sent)
        async with asyncio.timeout(2):
            got = await read_reply(reader)
    assert (got.status, got.headers["x-should-retry"]) == (status, "false")
    named = got.headers["x-request-id"]
    assert named == id if id else named.startswith("hg_")


async def test_whoever_was_only_late_may_try_again(hasty: None) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(START + b"x-request-id: late\r\ncontent-length: 10\r\n\r\n12345")
        async with asyncio.timeout(2):
            got = await read_reply(reader)
    assert (got.status, got.headers["x-request-id"]) == (408, "late")
    assert "x-should-retry" not in got.headers


async def test_a_head_that_drips_in_is_a_408_in_time(hasty: None) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        begun, answer = time.monotonic(), asyncio.ensure_future(read_head(reader))
        for byte in START[:40]:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
            if answer.done():
                break
        assert (await answer)[0] == 408
        assert time.monotonic() - begun < 0.75


async def test_a_connection_that_says_nothing_is_closed_in_time(hasty: None) -> None:
    async with serving() as server, dialled(server.port) as (reader, _):
        async with asyncio.timeout(2):
            assert await reader.read() == b""


async def test_a_body_that_stops_coming_is_a_408_and_one_that_comes_is_not(
    hasty: None,
) -> None:
    async with serving() as server:
        async with dialled(server.port) as (reader, writer):
            writer.write(START + b"content-length: 10\r\n\r\n12345")
            async with asyncio.timeout(2):
                assert b"408" in await reader.read()
        async with dialled(server.port) as (reader, writer):
            writer.write(START + b"content-length: 5\r\n\r\n")
            for _ in range(5):
                await asyncio.sleep(0.1)
                writer.write(b"x")
            assert (await read_reply(reader)).body == b"5"


async def test_a_long_body_that_stops_coming_is_a_408_too(hasty: None) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(START + b"content-length: 500000\r\n\r\n" + b"x" * 400_000)
        async with asyncio.timeout(2):
            assert (await read_reply(reader)).status == 408


@pytest.mark.parametrize("polite", [True, False])
async def test_an_ending_connection_waits_for_whoever_still_sends_but_not_for_ever(
    hasty: None, monkeypatch: pytest.MonkeyPatch, polite: bool
) -> None:
    """Bytes that arrive at a closed socket would reset it, and the answer would be lost."""
    monkeypatch.setattr(edge, "LINGER_S", 0.3)
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(b"NONSENSE\r\n\r\n")
        for _ in range(20):
            writer.write(b"x" * 100_000)
            await writer.drain()
        async with asyncio.timeout(2):
            assert (await read_reply(reader)).status == 400
            assert await reader.read() == b""
            assert server.connections()
            if polite:
                writer.close()
            while server.connections():  # noqa: ASYNC110 - it has no event to wait for
                await asyncio.sleep(0.01)


async def test_a_body_that_drips_in_for_ever_is_cut_off_in_the_end(
    hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_S", 0.5)
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(START + b"content-length: 1000\r\n\r\n")
        answer = asyncio.ensure_future(read_head(reader))
        for _ in range(40):
            writer.write(b"x")
            await asyncio.sleep(0.05)
            if answer.done():
                break
        assert (await answer)[0] == 408


async def test_a_slow_client_that_waits_for_its_answer_is_left_alone(hasty: None) -> None:
    async with running("") as field:
        got = await field.post("/v1/messages", message(), {"x-headgate-sim": "head-delay=0.8"})
        assert got.status == 200


async def test_a_kept_connection_may_rest_longer_than_a_head_may_take(hasty: None) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        for _ in range(2):
            writer.write(START + b"content-length: 1\r\n\r\nx")
            assert (await read_reply(reader)).body == b"1"
            await asyncio.sleep(0.6)


@pytest.mark.parametrize("kept", [b"", b"connection: keep-alive\r\n"])
async def test_towards_http_1_0_the_end_of_the_connection_is_the_end(kept: bytes) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(b"POST /x HTTP/1.0\r\ncontent-length: 2\r\n" + kept + b"\r\nab")
        async with asyncio.timeout(2):
            answer = await reader.read()
        assert answer.endswith(b"\r\n\r\n2")
        assert b"connection: close" in answer


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/3.9\r\n\r\n",
        START + b"content-length: -1\r\n\r\n",
        START + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        START + b"content-length: 5\r\ncontent-length: 6\r\n\r\n",
        START + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        START + b" folded: x\r\n\r\n",
        START + b"a\x00b: c\r\n\r\n",
        b"GET x://[ HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_400_and_the_end(junk: bytes) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(junk)
        async with asyncio.timeout(2):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"Traceback" not in answer


async def test_junk_behind_a_call_never_gets_into_its_reply() -> None:
    async with running("") as field:
        port = field.opened.server.port
        asked = {"x-headgate-sim": "events=5;pace=0.05"}
        reader, writer = await send(port, "POST", "/v1/messages", message(stream=True), asked)
        assert (await read_head(reader))[0] == 200
        writer.write(b"\x00\x01 junk\r\n\r\n")
        rest = await reader.read()
        writer.close()
        assert b"HTTP/1.1" not in rest
        row = await field.row()
        assert row["ending"] == "client_gone"


async def test_whoever_stops_reading_is_buffered_little_and_cut_off_after_a_while() -> None:
    """The upstream waits meanwhile; what is held is bounded by a few buffers."""
    async with running("client_stall_s = 0.8\n") as field:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        raw.connect(("127.0.0.1", field.opened.server.port))
        while not (edges := field.opened.server.connections()):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
        accepted = edges[0].transport.get_extra_info("socket")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        body = json.dumps(message(stream=True, max_tokens=128_000)).encode()
        raw.sendall(
            b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n"
            b"x-headgate-sim: output=128000\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        begun = time.monotonic()
        await asyncio.sleep(0.4)
        (tally,) = field.opened.house.ground.running
        passed = tally.reply_bytes
        assert 10_000 < passed < 2_000_000
        assert edges[0].transport.get_write_buffer_size() < 1_000_000
        assert tally.sink.stalled()
        await asyncio.sleep(0.2)
        assert tally.reply_bytes == passed, "the upstream must wait for the reader"
        row = await field.row()
        assert 0.7 < time.monotonic() - begun < 4
        assert (row["ending"], row["reply_bytes"]) == ("client_gone", passed)
        assert field.sim.open_connections == 0
        raw.close()


async def test_whoever_reads_slowly_but_reads_gets_everything() -> None:
    async with running("client_stall_s = 0.6\n") as field:
        port = field.opened.server.port
        asked = {"x-headgate-sim": "output=20000"}
        body = message(stream=True, max_tokens=128_000)
        reader, writer = await send(port, "POST", "/v1/messages", body, asked)
        await read_head(reader)
        got = 0
        for _ in range(7):
            got += len(await reader.read(20_000))
            await asyncio.sleep(0.2)
        async with asyncio.timeout(5):
            got += len(await reader.readuntil(b"message_stop"))
        writer.close()
        assert (await field.row())["ending"] == "complete"


# ---- TLS


@pytest.mark.parametrize(
    "fields",
    [b"a: " + b"x" * 70_000 + b"\r\n", b"".join(b"n%d: v\r\n" % n for n in range(9000))],
)
async def test_a_head_that_is_too_large_is_refused_also_when_it_comes_at_once(
    fields: bytes,
) -> None:
    async with serving() as server, dialled(server.port) as (reader, writer):
        writer.write(START + fields + b"content-length: 2\r\n\r\nxx")
        async with asyncio.timeout(3):
            assert (await read_head(reader))[0] == 431
