"""An upstream is reached within the limit or not at all, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import struct
from pathlib import Path

import pytest

from headgate.upstream import Door
from headgate.upstream.connection import Connection
from headgate.upstream.door import Pool
from headgate.upstream.names import Address
from headgate.upstream.request import Url
from headgate.wire.model import Fault, Kind
from tests.upstream.conftest import Start
from tests.upstream.scripted import HOLD, BlackHole, End, body_of, post, until

FOUR = socket.AF_INET


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def local(*ports: int) -> Door:
    """A door for which every name leads to these ports of this machine, in this order."""

    async def find(host: str, port: int) -> list[Address]:
        return [(FOUR, ("127.0.0.1", each)) for each in ports]

    return Door(find=find)


async def test_a_refusal_is_a_fault_at_once_that_names_the_place(door: Door) -> None:
    port = free_port()
    start = asyncio.get_running_loop().time()
    with pytest.raises(Fault) as caught:
        await door.open(post(Url.parse(f"http://127.0.0.1:{port}"), b"{}"))
    assert asyncio.get_running_loop().time() - start < 0.2
    assert caught.value.kind is Kind.CONNECTION
    assert caught.value.message == f"cannot connect to 127.0.0.1:{port}: connection refused"
    assert not caught.value.maybe_billed


@pytest.mark.slow
async def test_a_black_hole_ends_at_the_connect_limit(
    door: Door, black_hole: BlackHole
) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    request = post(Url.parse(f"http://127.0.0.1:{black_hole.port}"), b"{}", connect_s=0.4)
    with pytest.raises(Fault) as caught:
        await door.open(request)
    assert 0.3 <= loop.time() - start <= 0.5
    assert caught.value.kind is Kind.TIMEOUT
    assert caught.value.message == (
        f"no connection to 127.0.0.1:{black_hole.port} within 0.4 s"
    )
    assert not caught.value.maybe_billed
    assert await until(lambda: door.open_sockets() == 0) < 0.05


async def test_an_upstream_silent_in_the_handshake_ends_at_the_connect_limit(
    door: Door, start: Start
) -> None:
    upstream = await start(deaf=True)
    url = Url.parse(f"https://127.0.0.1:{upstream.port}")
    with pytest.raises(Fault, match=r"within 0\.1 s") as caught:
        await door.open(post(url, connect_s=0.1))
    assert caught.value.kind is Kind.TIMEOUT
    upstream.callers[0].transport.resume_reading()
    assert await until(lambda: not upstream.open) < 0.05


async def test_a_slow_lookup_counts_against_the_connect_limit() -> None:
    looked_up = asyncio.Event()

    async def find(host: str, port: int) -> list[Address]:
        await looked_up.wait()
        return []

    door = Door(find=find)
    with pytest.raises(Fault) as caught:
        await door.open(post(Url.parse("http://api.test"), connect_s=0.05))
    assert caught.value.kind is Kind.TIMEOUT
    looked_up.set()
    await door.close()


async def test_an_unknown_name_is_a_fault_that_names_it() -> None:
    door = Door()
    with pytest.raises(
        Fault, match=r"cannot resolve the host name 'nowhere\.invalid'"
    ) as caught:
        await door.open(post(Url.parse("http://nowhere.invalid")))
    assert caught.value.kind is Kind.CONNECTION
    await door.close()


async def test_a_name_without_addresses_is_a_fault() -> None:
    door = local()
    with pytest.raises(Fault, match="has no address"):
        await door.open(post(Url.parse("http://api.test")))
    await door.close()


async def test_the_next_address_is_tried_at_once_when_one_refuses(start: Start) -> None:
    upstream = await start()
    door = local(free_port(), free_port(), upstream.port)
    begun = asyncio.get_running_loop().time()
    exchange = await door.open(post(Url.parse("http://api.test")))
    assert asyncio.get_running_loop().time() - begun < 0.2
    assert exchange.status == 200
    exchange.close()
    await door.close()


async def test_when_every_address_refuses_the_reason_is_given_once() -> None:
    door = local(free_port(), free_port())
    with pytest.raises(Fault, match=r"^cannot connect to api\.test:80: connection refused$"):
        await door.open(post(Url.parse("http://api.test")))
    await door.close()


@pytest.mark.slow
async def test_a_dead_address_costs_a_quarter_second_and_leaves_no_socket(
    start: Start, black_hole: BlackHole
) -> None:
    upstream = await start()
    door = local(black_hole.port, upstream.port)
    begun = asyncio.get_running_loop().time()
    exchange = await door.open(post(Url.parse("http://api.test")))
    assert 0.2 < asyncio.get_running_loop().time() - begun < 0.4
    assert await body_of(exchange) == b"hi"
    exchange.close()
    await until(lambda: door.open_sockets() == 1)
    await door.close()
    assert door.open_sockets() == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_caller_cancelled_while_connecting_leaves_no_socket(
    scheme: str, door: Door, black_hole: BlackHole
) -> None:
    loop = asyncio.get_running_loop()
    url = Url.parse(f"{scheme}://127.0.0.1:{black_hole.port}")
    call = asyncio.ensure_future(door.open(post(url, connect_s=30)))
    await until(lambda: door.open_sockets() == 1)
    cancelled_at = loop.time()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: door.open_sockets() == 0)
    assert loop.time() - cancelled_at < 0.05


async def test_a_caller_cancelled_in_the_handshake_leaves_no_socket_upstream(
    door: Door, start: Start
) -> None:
    upstream = await start()
    url = Url.parse(f"https://127.0.0.1:{upstream.port}")
    call = asyncio.ensure_future(door.open(post(url, connect_s=30)))
    await until(lambda: upstream.open == 1 and upstream.callers[0].total > 0)
    call.cancel()
    assert await until(lambda: upstream.open == 0) < 0.05
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: door.open_sockets() == 0)


@pytest.mark.parametrize("secure", [False, True])
async def test_a_caller_cancelled_at_any_turn_of_the_loop_leaves_no_socket(
    secure: bool, start: Start, server_tls: ssl.SSLContext
) -> None:
    upstream = await start((HOLD,), context=server_tls if secure else None)
    url = upstream.url(verify_tls=False)
    for turns in range(40):
        door = Door()
        call = asyncio.ensure_future(door.open(post(url, b"{}")))
        for _ in range(turns):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert await until(lambda: upstream.open == 0) < 0.05
        await door.close()
        assert door.open_sockets() == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_caller_cancelled_at_any_turn_never_waits_for_a_black_hole(
    scheme: str, door: Door, black_hole: BlackHole
) -> None:
    url = Url.parse(f"{scheme}://127.0.0.1:{black_hole.port}", verify_tls=False)
    for turns in range(25):
        call = asyncio.ensure_future(door.open(post(url, connect_s=30)))
        for _ in range(turns):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert await until(lambda: door.open_sockets() == 0) < 0.05


@pytest.mark.slow
async def test_a_handshake_that_fails_early_closes_nobody_else_s_descriptor(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upstream resets between our connect and the first byte of the handshake."""
    attach = Pool._attach
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        def reset_and_attach(pool: Pool, sock: socket.socket) -> Connection:
            peer, _ = listener.accept()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            return attach(pool, sock)

        monkeypatch.setattr(Pool, "_attach", reset_and_attach)
        port = listener.getsockname()[1]
        for _ in range(5):
            with pytest.raises(Fault, match="during the TLS handshake"):
                await door.open(post(Url.parse(f"https://127.0.0.1:{port}")))
            await asyncio.sleep(0)
            strangers = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
            gc.collect()
            for stranger in strangers:
                os.close(stranger)  # OSError: somebody else has closed it


async def test_a_caller_cancelled_during_the_lookup_never_connects(start: Start) -> None:
    upstream = await start()
    looked_up = asyncio.Event()

    async def find(host: str, port: int) -> list[Address]:
        await looked_up.wait()
        return [(FOUR, ("127.0.0.1", upstream.port))]

    door = Door(find=find)
    call = asyncio.ensure_future(door.open(post(Url.parse("http://api.test"))))
    await asyncio.sleep(0.01)
    call.cancel()
    await asyncio.wait([call])
    looked_up.set()
    await asyncio.sleep(0.02)
    assert upstream.callers == []
    assert door.open_sockets() == 0
    await door.close()


async def test_a_verified_upstream_is_spoken_to_over_tls(
    door: Door, start: Start, server_tls: ssl.SSLContext, papers: Path
) -> None:
    upstream = await start(context=server_tls)
    url = upstream.url(ca_file=str(papers / "ca.pem"))
    for _ in range(3):
        exchange = await door.open(post(url, b"x" * 200_000, b"y" * 300_000))
        assert await body_of(exchange) == b"hi"
        exchange.close()
    assert [len(request) > 500_000 for request in upstream.requests] == [True] * 3
    assert len(upstream.callers) == 1
    tls = upstream.callers[0].transport.get_extra_info("ssl_object")
    assert tls.selected_alpn_protocol() == "http/1.1"


async def test_a_stranger_s_certificate_is_refused_before_a_byte_is_sent(
    door: Door, start: Start, server_tls: ssl.SSLContext
) -> None:
    upstream = await start(context=server_tls)
    with pytest.raises(Fault, match="certificate was not accepted") as caught:
        await door.open(post(upstream.url(), b"secret"))
    assert caught.value.kind is Kind.CONNECTION
    assert "set ca_file" in caught.value.message
    assert upstream.requests == []


async def test_a_certificate_for_another_name_is_refused(
    start: Start, server_tls: ssl.SSLContext, papers: Path
) -> None:
    upstream = await start(context=server_tls)
    door = local(upstream.port)
    url = Url.parse("https://api.test", ca_file=str(papers / "ca.pem"))
    with pytest.raises(Fault, match="certificate was not accepted: Hostname mismatch"):
        await door.open(post(url, b"secret"))
    await door.close()


async def test_an_unverified_upstream_is_reached_when_verification_is_off(
    door: Door, start: Start, server_tls: ssl.SSLContext
) -> None:
    upstream = await start(context=server_tls)
    exchange = await door.open(post(upstream.url(verify_tls=False), b"{}"))
    assert await body_of(exchange) == b"hi"
    exchange.close()


async def test_tls_to_a_plain_port_is_explained(door: Door, start: Start) -> None:
    upstream = await start(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n")
    url = Url.parse(f"https://127.0.0.1:{upstream.port}")
    with pytest.raises(Fault, match=r"no TLS was agreed on: .*; is it a plain HTTP port"):
        await door.open(post(url))


async def test_an_upstream_that_hangs_up_in_the_handshake_is_explained(
    door: Door, start: Start
) -> None:
    upstream = await start()
    url = Url.parse(f"https://127.0.0.1:{upstream.port}")
    call = asyncio.ensure_future(door.open(post(url)))
    await until(lambda: upstream.open == 1 and upstream.callers[0].total > 0)
    upstream.callers[0].end(End.FIN)
    with pytest.raises(Fault, match="during the TLS handshake") as caught:
        await call
    assert caught.value.kind is Kind.CONNECTION
