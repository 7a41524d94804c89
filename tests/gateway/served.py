"""A small app behind the real server, as tests of its connections need it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from headgate.gateway import serve
from headgate.gateway.edge import LINE
from headgate.gateway.line import Line, Receive, Scope, Send
from headgate.gateway.serve import Listen, Running

START = b"POST /x HTTP/1.1\r\nhost: localhost\r\n"


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
