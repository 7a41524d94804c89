"""The ASGI application: which path is answered by what; nothing here talks to a provider.

Rule 1: health pages touch no upstream, and a HEAD is answered at once.
Rule 2: everything a client can get wrong is answered in the dialect it speaks.
Rule 3: while no key is defined, being on this host is the only credential: what a web page
sends from here is refused, whether it shows its own origin or had its name pointed at us.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import msgspec

from headgate import config as configuration
from headgate.gateway import containers, metrics, pools, standing
from headgate.gateway.admin import LOOPBACK, PROXIED, Admin
from headgate.gateway.body import ClientGone
from headgate.gateway.cors import is_rebound
from headgate.gateway.drifted import Drifted
from headgate.gateway.execute import counts, entrance
from headgate.gateway.house import House
from headgate.gateway.keys import authenticate, is_known
from headgate.gateway.line import NO_RETRY, call_id, id_field
from headgate.gateway.models import wants_anthropic
from headgate.gateway.peers import total
from headgate.gateway.serve import EDGE, Message, Receive, Scope, Send
from headgate.gateway.sink import HttpSink
from headgate.gateway.standing import Standings
from headgate.gateway.surfaces import ROUTES, answer, refusal_headers, refuse
from headgate.policy.permit import Permit
from headgate.wire import SURFACES, Dialect
from headgate.wire import headers as fields
from headgate.wire.model import Fault, Headers, Kind

JSON: Headers = [(b"content-type", b"application/json")]
TEXT: Headers = [(b"content-type", b"text/plain; charset=utf-8")]
MODELS = ("/v1/models", "/models")
MODEL = tuple(f"{path}/" for path in MODELS)


class Gateway:
    """Answers HTTP for one House."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._admin = Admin(house)
        self._drifted = Drifted(house.keys.place)
        self._execute = entrance.Entrance(house.keys, house.ground.writer.fingerprint_key)
        self._containers = containers.ContainerPages(house)
        self._standings = Standings(
            house.keys,
            caps=lambda: house.engine.config.caps,
            held=house.ground.till.payers.held,
        )
        self._pages: dict[str, Callable[[Scope, HttpSink], Awaitable[None]]] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
            standing.PATH: self._self,
            "/": self._welcome,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        house = self.house
        sink = HttpSink(scope, house.cors.reply_headers(scope["headers"]))
        try:
            surface = ROUTES.get(scope["path"])
            if surface is None or scope["method"] != "POST":
                await self._beside(scope, receive, send, sink)
            elif not house.keys.defined and (fault := self._stranger(scope)) is not None:
                await self._refuse(scope, sink, fault)
            else:
                await answer(surface, scope, sink, house)
        except Exception as bug:  # noqa: BLE001 - the last line: a bug is answered, not shown
            await self._confess(scope, sink, bug)

    async def _beside(self, scope: Scope, receive: Receive, send: Send, sink: HttpSink) -> None:
        """Everything that is no call."""
        path, method = scope["path"], scope["method"]
        if method == "HEAD":
            await sink.whole(200, [id_field(scope["headers"])], b"")
        elif method == "OPTIONS":
            await self._preflight(scope, sink)
        elif path.startswith("/admin/"):
            await self._admin(scope, receive, _named(scope, send))
        elif entrance.serves(scope):
            await self._run_code(scope, sink)
        elif containers.serves(path) and self.house.ground.sandbox is not None:
            await self._show_files(scope, sink)
        elif path in ROUTES:
            await self._no_post(scope, sink)
        elif path in self._pages or path in MODELS or path.startswith(MODEL):
            if method == "GET":
                await self._pages.get(path, self._models)(scope, sink)
            else:
                await self._wrong_method(scope, sink, "GET, HEAD")
        else:
            await self._refuse(scope, sink, _no_such_page(scope))

    async def _run_code(self, scope: Scope, sink: HttpSink) -> None:
        house = self.house
        if not house.keys.defined and (fault := self._stranger(scope)) is not None:
            await self._refuse(scope, sink, fault)
            return
        config = house.engine.config
        refused = await self._execute(scope, sink, config, house.execution)
        if refused is not None:
            house.turn_away(refused, call_id(scope["headers"]))

    async def _show_files(self, scope: Scope, sink: HttpSink) -> None:
        try:
            if not self.house.keys.defined and (fault := self._stranger(scope)) is not None:
                raise fault
            await self._containers(scope, sink)
        except ClientGone:
            return
        except Fault as fault:
            await self._refuse(scope, sink, fault)

    async def _no_post(self, scope: Scope, sink: HttpSink) -> None:
        if ROUTES[scope["path"]] is SURFACES["responses"] and _wants_websocket(scope):
            # Codex goes on over HTTPS at once after a 426; any other status costs it seconds
            headers = [(b"upgrade", b"HTTP/1.1"), id_field(scope["headers"]), NO_RETRY, *TEXT]
            await sink.whole(426, headers, b"use POST over HTTP\n")
        else:
            await self._wrong_method(scope, sink, "POST, OPTIONS, HEAD")

    async def _wrong_method(self, scope: Scope, sink: HttpSink, allowed: str) -> None:
        path, id, dialect = scope["path"][:200], call_id(scope["headers"]), _dialect(scope)
        text = f"{path} does not take {scope['method']}; it takes {allowed}"
        fault = Fault(Kind.INVALID, text)
        self.house.turn_away(fault, id)
        headers = [(b"allow", allowed.encode()), *refusal_headers(dialect, fault, id)]
        await sink.whole(405, headers, dialect.error_body(fault, id))

    def _stranger(self, scope: Scope) -> Fault | None:
        """Why a request without a key is not this host's own; None: it may be."""
        headers: Headers = scope["headers"]
        if is_rebound(headers):
            return _rebound(headers)
        return _foreign() if self.house.cors.is_foreign(headers) else None

    async def _models(self, scope: Scope, sink: HttpSink) -> None:
        house, headers = self.house, scope["headers"]
        try:
            if not house.keys.defined and (fault := self._stranger(scope)) is not None:
                raise fault
            key, _ = authenticate(house.keys, headers)
            permit = Permit(key.grants() if key is not None else ())
            name = unquote(scope["path"].partition("/models")[2].lstrip("/"))
            if name:
                if not permit.allows(name):
                    raise Fault(Kind.FORBIDDEN, permit.refusal(name, ""))
                found = house.models.one(name, headers, self._provider_of)
            else:
                found = house.models.listing(headers, scope["query_string"], permit.allows)
        except Fault as fault:
            await self._refuse(scope, sink, fault)
            return
        await _show(scope, sink, 200, JSON, msgspec.json.encode(found))

    async def _self(self, scope: Scope, sink: HttpSink) -> None:
        try:
            if not self.house.keys.defined and (fault := self._stranger(scope)) is not None:
                raise fault
            key, _ = authenticate(self.house.keys, scope["headers"])
            found = await self._standings.of(key)
        except Fault as fault:
            await self._refuse(scope, sink, fault)
            return
        await _show(scope, sink, 200, JSON, msgspec.json.encode(found))

    def _provider_of(self, model: str) -> str | None:
        route = configuration.resolve(self.house.engine.config, model)
        return route.ladder[0].provider if route is not None else None

    async def _preflight(self, scope: Scope, sink: HttpSink) -> None:
        allowed = self.house.cors.preflight(scope["headers"])
        if allowed is None:
            await self._refuse(scope, sink, _foreign())
            return
        sink = sink.without_extra()
        await sink.whole(204, allowed, b"")

    async def _healthz(self, scope: Scope, sink: HttpSink) -> None:
        await _show(scope, sink, 200, JSON, b'{"status":"ok"}')

    async def _readyz(self, scope: Scope, sink: HttpSink) -> None:
        trouble = self._trouble()
        body: dict[str, Any] = {"status": "ready"}
        if trouble:
            body = {"status": "not ready", "why": trouble}
        if self.house.following is not None:
            body["config"] = self.house.following.shown()
        await _show(scope, sink, 503 if trouble else 200, JSON, msgspec.json.encode(body))

    def _trouble(self) -> str:
        if self.house.draining:
            return "shutting down: running calls finish, new ones go elsewhere"
        return self.house.ground.writer.trouble or self.house.keys.trouble

    async def _metrics(self, scope: Scope, sink: HttpSink) -> None:
        house = self.house
        if not self._is_local(scope) and is_known(house.keys, scope["headers"]) is None:
            fault = Fault(Kind.AUTH, "metrics are for this host, or for callers with a key")
            await self._refuse(scope, sink, fault)
            return
        drift = await self._drifted.lines()
        shown = house.peers.everybody(house)
        ran = counts.lines(each.executed for each in shown)
        more = (*pools.lines(each.pools for each in shown), *ran, *drift)
        body = metrics.page(*total(shown), more)
        await _show(scope, sink, 200, [(b"content-type", metrics.CONTENT_TYPE)], body)

    def _is_local(self, scope: Scope) -> bool:
        """Does a program on this host ask, and not somebody through a proxy or a page."""
        here = (scope.get("client") or ("",))[0] in LOOPBACK
        proxied = any(fields.first(scope["headers"], name.encode()) for name in PROXIED)
        return here and not proxied and self._stranger(scope) is None

    async def _confess(self, scope: Scope, sink: HttpSink, bug: Exception) -> None:
        id = call_id(scope["headers"])
        self.house.ground.settlement.journal.say(
            "bug",
            id=id,
            error=f"{type(bug).__name__}: {bug}",
            trace="".join(traceback.format_tb(bug.__traceback__)[-6:]),
        )
        if sink.sent_at:
            scope[EDGE].abort()
            return
        text = f"Headgate failed to answer this request; its log says why under {id}"
        await refuse(sink, _dialect(scope), Fault(Kind.INTERNAL, text), id)

    async def _welcome(self, scope: Scope, sink: HttpSink) -> None:
        text = b"Headgate is up. Point a base URL here; `headgate setup` prints the lines.\n"
        await _show(scope, sink, 200, TEXT, text)

    async def _refuse(self, scope: Scope, sink: HttpSink, fault: Fault) -> None:
        id = call_id(scope["headers"])
        self.house.turn_away(fault, id)
        await refuse(sink, _dialect(scope), fault, id)


async def _show(
    scope: Scope, sink: HttpSink, status: int, headers: Headers, body: bytes
) -> None:
    """A page of our own."""
    await sink.whole(status, [id_field(scope["headers"]), *headers], body)


def _named(scope: Scope, send: Send) -> Send:
    """The same way to send, with the fields that every answer of ours has."""

    async def send_named(message: Message) -> None:
        if message["type"] == "http.response.start":
            more = [id_field(scope["headers"])]
            if message["status"] >= 400:
                more.append(NO_RETRY)
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return send_named


def _dialect(scope: Scope) -> Dialect:
    surface = ROUTES.get(scope["path"])
    if surface is not None:
        return surface.dialect
    anthropic = wants_anthropic(scope["headers"]) or "/messages" in scope["path"]
    return SURFACES["messages" if anthropic else "chat"].dialect


def _wants_websocket(scope: Scope) -> bool:
    return fields.first(scope["headers"], b"upgrade").lower() == b"websocket"


def _no_such_page(scope: Scope) -> Fault:
    known = ", ".join(surface.path for surface in SURFACES.values())
    return Fault(
        Kind.NO_SUCH_PATH,
        f"nothing is served at {scope['method']} {scope['path'][:200]}; calls go to {known};"
        f" GET /v1/models lists the models, {standing.PATH} tells what your key may do,"
        " /healthz and /readyz tell how it is",
    )


def _foreign() -> Fault:
    return Fault(
        Kind.FORBIDDEN,
        "this web page's origin may not call Headgate; name it in server.cors_origins",
    )


def _rebound(headers: Headers) -> Fault:
    return Fault(
        Kind.FORBIDDEN,
        f"no key is defined, so only calls to localhost or to an IP address are answered, not"
        f" to {fields.text(headers, b'host')!r}, a name that any web page could have pointed"
        " here; call 127.0.0.1, or create a key with `headgate keys create`",
    )
