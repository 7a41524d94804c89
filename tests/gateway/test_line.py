"""A request as an ASGI app sees it: any app is served, its mistakes included."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from headgate.gateway import serve
from headgate.gateway.edge import LINE
from headgate.gateway.line import App, Line, Receive, Scope, Send
from headgate.wire.model import Headers
from tests.gateway.served import START
from tests.kit import Got, read_reply, request, send
from tests.peers import dialled


async def served(app: App, *words: Any) -> Got:
    server = await serve.start(app, serve.Listen())
    try:
        return await request(server.port, *words)
    finally:
        await server.stop(at_once=True)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the path, the query and the body, one piece for each received."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"X-A", b"b")]})
    said = f"{scope['method']} {scope['path']}?{scope['query_string'].decode()} ".encode()
    await send({"type": "http.response.body", "body": said, "more_body": True})
    more = True
    while more:
        got = await receive()
        more = got["more_body"]
        await send({"type": "http.response.body", "body": got["body"], "more_body": more})


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
async def test_an_asgi_app_receives_the_whole_body_whatever_its_length(size: int) -> None:
    got = await served(echo, "POST", "/a%20b?c=d", b"x" * size)
    assert (got.status, got.headers["x-a"], got.whole) == (200, "b", True)
    assert got.body == b"POST /a b?c=d " + b"x" * size


async def test_an_app_that_fails_before_its_reply_is_a_500_without_a_trace() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("the reason stays here")

    got = await served(failing, "GET", "/")
    assert (got.status, got.body) == (500, b"internal error")
    assert got.headers["x-should-retry"] == "false"
    assert got.headers["x-request-id"].startswith("hg_")


async def test_an_app_that_fails_amid_its_reply_never_looks_complete() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("broken")

    got = await served(failing, "GET", "/")
    assert (got.body, got.whole) == (b"half", False)


async def test_a_header_with_a_line_break_never_reaches_the_client() -> None:
    async def injecting(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"x", b"a\r\nset-cookie: b")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    assert (await served(injecting, "GET", "/")).status == 500


async def test_an_app_learns_of_a_client_that_left_and_of_a_reply_that_is_complete() -> None:
    seen: list[str] = []

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((await receive())["type"])
        seen.append((await receive())["type"])

    server = await serve.start(waiting, serve.Listen())
    _, writer = await send_to(server.port)
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.05)
    await server.stop(at_once=True)
    assert seen == ["http.request", "http.disconnect"]


async def send_to(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await send(port, "POST", "/", b"x", None)


async def test_an_absolute_target_is_answered_like_its_path() -> None:
    assert (await served(echo, "GET", "http://h:1/p?q=1")).body == b"GET /p?q=1 "


async def test_requests_sent_together_are_answered_in_their_order() -> None:
    server = await serve.start(echo, serve.Listen())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for n in range(30):
        writer.write(f"GET /{n} HTTP/1.1\r\nhost: h\r\n\r\n".encode())
    for n in range(30):
        assert (await read_reply(reader)).body == f"GET /{n}? ".encode()
    writer.close()
    await server.stop(at_once=True)


async def test_fields_that_a_client_repeats_are_one_list_and_others_are_another() -> None:
    seen: list[Headers] = []
    whole: list[Headers] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        line: Line = scope[LINE]
        seen.append(line.fields)
        whole.append(scope["headers"])
        await line.whole(200, [], b"")

    server = await serve.start(look, serve.Listen())
    try:
        async with dialled(server.port) as (reader, writer):
            for more in (b"", b"", b"x-a: 1\r\n", b"x-a: 2\r\n", b"x-a: 2\r\n"):
                body = b"x" * len(seen)
                writer.write(START + more + b"content-length: %d\r\n\r\n" % len(body) + body)
                assert (await read_reply(reader)).status == 200
    finally:
        await server.stop(at_once=True)
    host = (b"host", b"localhost")
    assert [fields[1:] for fields in seen] == [
        [],
        [],
        *([(b"x-a", n)] for n in (b"1", b"2", b"2")),
    ]
    assert [a is b for a, b in pairwise(seen)] == [True, False, False, True]
    lengths = [(b"content-length", b"%d" % n) for n in range(5)]
    assert whole == [[*a, b] for a, b in zip(seen, lengths, strict=True)]
    assert all(fields[0] == host for fields in seen)
