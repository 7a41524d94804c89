"""Gateways to hold the suite against: a pipe that translates nothing, and one that is idle."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from headgate.conformance.case import PATHS, Case
from headgate.conformance.families import chosen
from headgate.conformance.runner import Gateway, Played, play_all
from headgate.conformance.script import Scripted
from headgate.conformance.setups import HOUSE_KEYS, MODELS, NAMES
from headgate.gateway import serve
from headgate.gateway.line import Receive, Scope, Send
from headgate.upstream import Door, Request, Url
from headgate.wire.model import Fault

SURFACE_OF = {name: surface for surface, name in NAMES.items()}
KEYS = (b"x-api-key", b"authorization", b"accept-encoding")


class Pipe:
    """Hands a request on to the model's own surface, with another model's name and key."""

    def __init__(self, upstream: str, door: Door) -> None:
        self.url, self.door = Url.parse(upstream), door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive()).get("more_body") or message.get("body"):
            body += message["body"]
            if not message["more_body"]:
                break
        surface = next((s for name, s in SURFACE_OF.items() if name.encode() in body), "")
        if not surface:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b'{"error":{"message":"no"}}'})
            return
        named = body.replace(NAMES[surface].encode(), MODELS[surface].encode())
        headers = [field for field in scope["headers"] if field[0] not in KEYS]
        headers.append((b"authorization", f"Bearer {HOUSE_KEYS[surface]}".encode()))
        target = PATHS[surface].encode()
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        await self._pass(Request(b"POST", self.url, target, headers, (named,)), scope, send)

    async def _pass(self, request: Request, scope: Scope, send: Send) -> None:
        exchange = self.door.exchange(request)
        try:
            await exchange.open()
            start = {"type": "http.response.start", "status": exchange.status}
            head = [field for field in exchange.headers if field[0] != b"transfer-encoding"]
            await send({**start, "headers": head})
            while data := await exchange.read():
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except Fault:
            scope["headgate.edge"].abort()
        finally:
            exchange.close()


async def idle(scope: Scope, receive: Receive, send: Send) -> None:
    """A gateway that says yes to everything and does nothing."""
    body = json.dumps({}).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def piped(scripted: Scripted) -> AsyncIterator[Gateway]:
    """A pipe in front of the scripted upstream."""
    upstream = await serve.start(scripted, serve.Listen())
    door = Door()
    server = await serve.start(Pipe(upstream.url, door), serve.Listen())
    try:
        yield Gateway(server.url, "sk-of-the-client", NAMES, 2.0, 0.3)
    finally:
        await asyncio.gather(server.stop(at_once=True), upstream.stop(at_once=True))
        await door.close()


@contextlib.asynccontextmanager
async def doing_nothing(scripted: Scripted) -> AsyncIterator[Gateway]:
    server = await serve.start(idle, serve.Listen())
    try:
        yield Gateway(server.url, "sk-of-the-client", NAMES, 2.0, 0.3)
    finally:
        await server.stop(at_once=True)


async def through_a_pipe(family: str) -> list[Played]:
    cases, scripted = await asyncio.to_thread(chosen, (family,)), Scripted()
    async with piped(scripted) as gateway:
        return await play_all(cases, gateway, scripted)


async def through_nothing(family: str) -> list[Played]:
    cases, scripted = await asyncio.to_thread(chosen, (family,)), Scripted()
    async with doing_nothing(scripted) as gateway:
        return await play_all(cases, gateway, scripted)


def is_native(case: Case) -> bool:
    return case.caller == case.upstream


def names(played: list[Played], state: str, *, native: bool) -> set[str]:
    """The promises with this ruling, where no translation is needed, or where one is."""
    return {
        each.case.name
        for each in played
        if each.ruling.state == state and is_native(each.case) == native
    }
