"""What a stranger sends before there is a request is bounded in bytes and in time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headgate.gateway import edge, serve
from headgate.gateway.serve import EDGE, LINE, Line, Listen, Receive, Running, Scope, Send
from tests.kit import message, read_head, read_reply, request, running, send

pytestmark = [pytest.mark.slow]


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """An app: the size of the body it received."""
    size, more = 0, True
    while more:
        got = await receive()
        if got["type"] == "http.disconnect":
            return
        size += len(got["body"])
        more = got["more_body"]
    line: Line = scope[LINE]
    await line.whole(200, [(b"content-type", b"text/plain")], b"%d" % size)


@contextlib.asynccontextmanager
async def serving(listen: Listen | None = None) -> AsyncIterator[Running]:
    server = await serve.start(hello, listen or Listen())
    try:
        yield server
    finally:
        await server.stop(at_once=True)


@contextlib.asynccontextmanager
async def dialled(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers get a quarter of a second."""
    for name in ("HEAD_S", "BODY_STALL_S"):
        monkeypatch.setattr(edge, name, 0.25)
    monkeypatch.setattr(serve, "SWEEP_S", 0.05)


START = b"POST /x HTTP/1.1\r\nhost: localhost\r\n"


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
        assert 10_000 < passed < 1_000_000
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


def certificate(folder: Path, name: str, days: int = 2) -> None:
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ),
            *("-nodes", "-days", str(days), "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )


async def name_shown(port: int, trusted: Path | None = None) -> str:
    """The name in the certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if trusted is not None:
        context = ssl.create_default_context(cafile=str(trusted))
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    text = await asyncio.create_subprocess_exec(
        *("openssl", "x509", "-inform", "der", "-noout", "-subject"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await text.communicate(shown)
    return out.decode().rpartition("=")[2].strip()


async def test_tls_works_by_files_and_a_renewed_pair_is_used_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "SWEEP_S", 0.05)
    await asyncio.to_thread(certificate, tmp_path, "first")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    toml = f'tls_cert = "{cert}"\ntls_key = "{key}"\n'
    async with running(toml) as field:
        port = field.opened.server.port
        assert field.url.startswith("https://")
        assert await name_shown(port, trusted=cert) == "first"
        old_key = key.read_bytes()
        await asyncio.to_thread(certificate, tmp_path, "second")
        new_key = key.read_bytes()
        key.write_bytes(old_key)  # half renewed: the new certificate, the old key
        await asyncio.sleep(0.3)
        assert await name_shown(port) == "first"
        key.write_bytes(new_key)
        await asyncio.sleep(0.3)
        assert await name_shown(port) == "second"
        cert.unlink()
        await asyncio.sleep(0.2)
        assert await name_shown(port) == "second"


async def test_whoever_speaks_plain_http_to_tls_is_closed(tmp_path: Path) -> None:
    await asyncio.to_thread(certificate, tmp_path, "first")
    listen = Listen(cert=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    async with serving(listen) as server, dialled(server.port) as (reader, writer):
        writer.write(START + b"\r\n")
        async with asyncio.timeout(3):
            with contextlib.suppress(ConnectionError):
                assert b"HTTP" not in await reader.read()


async def test_a_pair_that_does_not_match_is_refused_before_anything_listens(
    tmp_path: Path,
) -> None:
    await asyncio.to_thread(certificate, tmp_path, "first")
    key = (tmp_path / "key.pem").read_bytes()
    await asyncio.to_thread(certificate, tmp_path, "second")
    (tmp_path / "key.pem").write_bytes(key)
    with pytest.raises(ssl.SSLError):
        await serve.start(hello, Listen(cert=tmp_path / "cert.pem", key=tmp_path / "key.pem"))


# ---- life and death


async def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    async with serving() as server:
        with pytest.raises(OSError, match="in use"):
            await serve.start(hello, Listen(port=server.port))


async def test_stopping_lets_running_calls_finish_and_takes_no_new_ones() -> None:
    async with running("") as field:
        asked = {"x-headgate-sim": "head-delay=0.5"}
        slow = asyncio.ensure_future(field.post("/v1/messages", message(), asked))
        while not field.sim.running:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        port = field.opened.server.port
        stopping = asyncio.ensure_future(field.opened.server.stop())
        await asyncio.sleep(0.2)
        with pytest.raises(OSError, match=r"refused|111"):
            await request(port, "GET", "/healthz")
        assert (await slow).status == 200
        await stopping


async def test_the_scope_names_its_connection() -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope[EDGE])
        await scope[LINE].whole(204, [], b"")

    server = await serve.start(app, Listen())
    got = await request(server.port, "GET", "/")
    await server.stop(at_once=True)
    assert (got.status, "content-length" in got.headers) == (204, False)
    assert isinstance(seen[0], serve.Edge)


async def test_a_line_break_in_a_reply_header_never_reaches_the_wire() -> None:
    caught: list[Exception] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await scope[LINE].whole(200, [(b"x", b"a\r\nset-cookie: b")], b"")
        except ValueError as error:
            caught.append(error)
        await scope[LINE].whole(500, [], b"")

    server = await serve.start(app, Listen())
    got = await request(server.port, "GET", "/")
    await server.stop(at_once=True)
    assert got.status == 500
    assert "set-cookie" not in got.headers
    assert "line break" in str(caught[0])


async def test_ipv6_addresses_are_listened_on_and_shown_in_brackets() -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python was built without IPv6")
    async with serving(Listen(host="::1")) as server:
        assert server.url == f"http://[::1]:{server.port}"
        reader, writer = await asyncio.open_connection("::1", server.port)
        writer.write(START + b"content-length: 2\r\n\r\nxx")
        assert (await read_reply(reader)).body == b"2"
        writer.close()
