"""The hot routes: from an HTTP request to a Call, and the engine's answer back to the client.

Rule 1: a body is read once, bounded, and never copied more than once.
Rule 2: when the client's connection is lost, the call is cancelled at once, wherever it is.
"""

from __future__ import annotations

import asyncio
import random

from headgate.engine import Engine
from headgate.engine.refusal import final_status, retry_headers
from headgate.gateway.house import House
from headgate.gateway.keys import authenticate
from headgate.gateway.serve import EDGE, TASK, Edge, Receive, Scope
from headgate.gateway.sink import HttpSink
from headgate.wire import SURFACES, Dialect, Surface
from headgate.wire import headers as fields
from headgate.wire.call import Call, open_call
from headgate.wire.model import Fault, Headers, Kind

ROUTES: dict[str, Surface] = {surface.path: surface for surface in SURFACES.values()} | {
    surface.path.removeprefix("/v1"): surface for surface in SURFACES.values()
}
"""with and without /v1: SDKs differ on whether a base URL ends in it"""

DISCARD_TIMES = 4
"""a body up to so many times the limit is read to its end, so that its sender hears the 413"""


class ClientGone(Exception):
    """The client left before its request was complete: nobody is there to be answered."""


def call_id(headers: Headers) -> str:
    """The caller's request id if it is a safe one, else one of ours."""
    value = fields.first(headers, b"x-request-id")
    return (
        fields.valid_request_id(value) if value else ""
    ) or f"hg_{random.getrandbits(96):024x}"


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    """The whole body; Fault when it is too large or encoded."""
    coding = fields.first(headers, b"content-encoding").lower()
    declared = int(fields.first(headers, b"content-length") or 0)
    asks_first = fields.first(headers, b"expect").lower() == b"100-continue"
    if declared > (limit if asks_first else limit * DISCARD_TIMES):
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message["body"]
        more = message["more_body"]
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif size > limit * DISCARD_TIMES:
            raise _too_large(limit)
        else:
            parts.clear()
    if size > limit:
        raise _too_large(limit)
    if coding and coding != b"identity":
        raise Fault(
            Kind.INVALID,
            f"content-encoding {coding.decode('latin-1')!r}: send the body uncompressed",
        )
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limit: int) -> Fault:
    return Fault(Kind.TOO_LARGE, f"the request body is larger than {limit / 1024 / 1024:g} MB")


async def answer(
    surface: Surface, scope: Scope, receive: Receive, sink: HttpSink, house: House
) -> None:
    """One call on one surface, from its first byte to its last."""
    headers: Headers = scope["headers"]
    id = call_id(headers)
    try:
        key_id, headers = authenticate(house.keys, headers)
        body = await read_body(headers, receive, house.engine.config.server.max_body_bytes)
        call = open_call(surface, body, headers, id=id, query=scope["query_string"])
    except ClientGone:
        return
    except Fault as fault:
        house.turn_away(fault, id)
        await refuse(sink, surface.dialect, fault, id)
        return
    call.key_id = key_id
    await _run(scope, house.engine, call, sink)


async def _run(scope: Scope, engine: Engine, call: Call, sink: HttpSink) -> None:
    """Serve, and stop serving the moment nobody is there any more."""
    edge: Edge = scope[EDGE]
    task: asyncio.Task[None] = scope[TASK]
    gone = False

    def leave() -> None:
        nonlocal gone
        gone = True
        task.cancel()

    edge.on_lost = leave
    try:
        await engine.serve(call, sink)
    except asyncio.CancelledError:
        if not gone:
            raise
        task.uncancel()
    finally:
        if edge.on_lost is leave:
            edge.on_lost = None


async def refuse(sink: HttpSink, dialect: Dialect, fault: Fault, id: str) -> None:
    """A fault before there was a call, in the caller's dialect."""
    headers: Headers = [(b"content-type", b"application/json"), (b"x-request-id", id.encode())]
    if dialect.NAME == "anthropic":
        headers.append((b"request-id", id.encode()))
    headers += retry_headers(fault)
    await sink.whole(final_status(fault, dialect), headers, dialect.error_body(fault, id))
