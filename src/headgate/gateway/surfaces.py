"""The hot routes: from an HTTP request to a Call, and the engine's answer back to the client.

Rule 1: a body is read once, bounded, and never copied more than once.
Rule 2: when the client's connection is lost, the call is cancelled at once, wherever it is.
"""

from __future__ import annotations

import asyncio

from headgate.engine.refusal import final_status, retry_headers
from headgate.gateway.body import ClientGone, read_body
from headgate.gateway.edge import EDGE, LINE, Edge
from headgate.gateway.house import House
from headgate.gateway.keys import recognise
from headgate.gateway.line import Line, Scope, call_id
from headgate.gateway.sink import HttpSink
from headgate.wire import SURFACES, Dialect, Surface
from headgate.wire.call import open_call
from headgate.wire.model import Fault, Headers

ROUTES: dict[str, Surface] = {surface.path: surface for surface in SURFACES.values()} | {
    surface.path.removeprefix("/v1"): surface for surface in SURFACES.values()
}
"""with and without /v1: SDKs differ on whether a base URL ends in it"""


async def answer(surface: Surface, scope: Scope, sink: HttpSink, house: House) -> None:
    """One call on one surface, from its first byte to its last."""
    line: Line = scope[LINE]
    edge: Edge = scope[EDGE]
    id = call_id(line.fields)
    try:
        known = edge.known = recognise(house.keys, line.fields, edge.known)
        caller, limit = known.caller, house.engine.config.server.max_body_bytes
        if not line.all_here and line.declared <= limit:
            await line.gather(limit)
        body = read_body(line, caller.told, limit)
        call = open_call(surface, body, caller, id=id, query=scope["query_string"])
    except ClientGone:
        return
    except Fault as fault:
        house.turn_away(fault, id)
        await refuse(sink, surface.dialect, fault, id)
        return
    task = line.task
    assert task is not None
    line.on_lost = task.cancel
    try:
        await house.engine.serve(call, sink)
    except asyncio.CancelledError:
        if not line.lost:
            raise
        task.uncancel()
    finally:
        line.on_lost = None


async def refuse(sink: HttpSink, dialect: Dialect, fault: Fault, id: str) -> None:
    """A fault before there was a call, in the caller's dialect."""
    headers = refusal_headers(dialect, fault, id)
    await sink.whole(final_status(fault, dialect), headers, dialect.error_body(fault, id))


def refusal_headers(dialect: Dialect, fault: Fault, id: str) -> Headers:
    headers: Headers = [(b"content-type", b"application/json"), (b"x-request-id", id.encode())]
    if dialect.NAME == "anthropic":
        headers.append((b"request-id", id.encode()))
    return headers + retry_headers(fault)
