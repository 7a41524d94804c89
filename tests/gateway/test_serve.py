"""The server's own part: ports, certificates, and an end that drops nobody."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from headgate.gateway import serve
from headgate.gateway.serve import EDGE, LINE, Listen, Receive, Scope, Send
from tests.gateway.served import START, hello, serving
from tests.kit import message, read_reply, request, running
from tests.peers import dialled

pytestmark = [pytest.mark.slow]


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
        renewed = tmp_path / "renewed"
        renewed.mkdir()
        await asyncio.to_thread(certificate, renewed, "second")
        cert.write_bytes(
            (renewed / "cert.pem").read_bytes()
        )  # half renewed: the key is the old
        await asyncio.sleep(0.3)
        assert await name_shown(port) == "first"
        key.write_bytes((renewed / "key.pem").read_bytes())
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


async def test_a_renewed_certificate_that_cannot_be_used_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "SWEEP_S", 0.02)
    certificate(tmp_path, "old")
    said: list[str] = []
    listen = Listen(cert=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    server = await serve.start(hello, listen, said.append)
    (tmp_path / "cert.pem").write_text("garbage")
    await asyncio.sleep(0.2)
    assert len(said) == 1
    assert "the old certificate stays in use" in said[0]
    certificate(tmp_path, "new")
    await asyncio.sleep(0.2)
    await server.stop(at_once=True)
    assert said[1:] == [""]


# ---- a port that several processes share


def test_a_reserved_port_is_shared_by_those_who_know_and_closed_to_everybody_else() -> None:
    with serve.reserve(Listen()) as held, contextlib.ExitStack() as stack:
        listen = Listen(port=held.getsockname()[1])
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", listen.port))
        sockets = [stack.enter_context(serve.bind(listen, shared=True)) for _ in range(3)]
        for taken in (serve.reserve, serve.bind):
            with pytest.raises(OSError, match="in use"):
                taken(listen)
        for _ in range(60):
            stack.enter_context(socket.create_connection(("127.0.0.1", listen.port)))
        for each in sockets:
            peer, _ = each.accept()
            peer.close()


async def test_a_server_can_be_given_a_socket_that_listens_already() -> None:
    given = serve.bind(Listen())
    port = given.getsockname()[1]
    running = await serve.start(hello, Listen(socket=given))
    assert running.port == port
    assert (await request(port, "GET", "/")).status == 200
    await running.stop()
