"""The operators' door: everything that can be administered, over HTTP, by those who may.

Rule 1: nothing is answered to whom nothing is allowed; the sign-in pages are the only ones
that nobody must be known for.
Rule 2: what went wrong is told as error.message, what can be done about it as error.hint.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headgate.config.caps import objection
from headgate.gateway.admin import chain, keys, plant, spending, tenants, tokens
from headgate.gateway.admin.described import describe_all
from headgate.gateway.admin.entrance import LOOPBACK, PROXIED, Entrance
from headgate.gateway.admin.operation import Guest, Job, Operation, Refused
from headgate.gateway.admin.shape import Caps, Problem, Wrong
from headgate.gateway.admin.signin import PAGES, SignIn
from headgate.gateway.house import House
from headgate.gateway.serve import Receive, Scope, Send
from headgate.store.adminlog import Actor, acting
from headgate.store.place import Place, connect, connect_reader, explain
from headgate.store.sql import ERRORS, StoreError
from headgate.store.traits import Conflict, Missing, Mistake

__all__ = ["LOOPBACK", "OPENAPI", "OPERATIONS", "PROXIED", "Admin"]

LONGEST_BODY = 64 * 1024
_BUSY = "try again; `headgate doctor` looks at the store"
OPERATIONS: list[Operation] = [
    *tokens.OPERATIONS,
    *tenants.OPERATIONS,
    *keys.OPERATIONS,
    *spending.OPERATIONS,
    *chain.OPERATIONS,
    *plant.OPERATIONS,
]
OPENAPI: dict[str, Any] = describe_all(OPERATIONS)


class Admin:
    """An ASGI app for /admin/."""

    def __init__(self, house: House) -> None:
        self._house = house
        sign_in = SignIn(house)
        self._entrance = Entrance(house, sign_in)
        paths: dict[str, dict[str, Operation]] = {}
        for each in OPERATIONS:
            paths.setdefault(each.path, {})[each.method] = each
        self._app = Starlette(
            routes=[
                Route("/admin/openapi.json", self._openapi, methods=["GET"]),
                *(
                    Route(path, self._answering(found), methods=[*found])
                    for path, found in paths.items()
                ),
                *(
                    Route(path, getattr(sign_in, name), methods=[method])
                    for method, path, name in PAGES
                ),
            ],
            exception_handlers={HTTPException: _no_page, Refused: _refused},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def _answering(
        self, operations: dict[str, Operation]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answering(request: Request) -> Response:
            operation = operations[request.method]
            try:
                guest = await self._entrance.admit(request)
                return await self._answer(request, operation, guest)
            except Refused as error:
                if error.status in (401, 403):
                    self._note(request, operation, error)
                raise

        return answering

    def _note(self, request: Request, operation: Operation, error: Refused) -> None:
        """Whoever was turned away is a line of the gateway's own log; what was named is not."""
        self._house.ground.settlement.journal.say(
            "admin_refused",
            client=request.client.host if request.client is not None else "",
            method=operation.method,
            path=operation.path,
            status=error.status,
            message=str(error),
        )

    async def _answer(self, request: Request, operation: Operation, guest: Guest) -> Response:
        if operation.right and (why := guest.warrant.refusal(operation.right)):
            hint = (
                f"rights are given by `headgate admin token create --scope {operation.right}`"
            )
            raise Refused(403, f"{request.method} {operation.path}: {why}", hint)
        query = _query(request, operation)
        body = await _body(request, operation)
        await self._check_prices(getattr(body, "caps", UNSET))
        if operation.live is not None:
            found = await operation.live(self._house, guest)
        else:
            found = await self._in_store(request, operation, guest, (query, body))
        if operation.changes and self._house.keys.is_near:
            self._house.keys.refresh()  # this gateway need not wait for what it did itself
        return _json(operation.status, found)

    async def _check_prices(self, caps: Caps | UnsetType) -> None:
        """Refuse a budget over models that cost nobody knows what."""
        if caps is UNSET or all(budget.kind == "watch" for budget in caps.budgets):
            return
        config = self._house.engine.config
        what, hint = await asyncio.to_thread(objection, config, datetime.now(UTC))
        if what:
            raise Refused(409, what, hint)

    async def _in_store(
        self, request: Request, operation: Operation, guest: Guest, sent: tuple[Any, Any]
    ) -> object:
        now_us = time.time_ns() // 1000
        names: dict[str, str] = request.path_params
        config = self._house.engine.config

        def job(store: Any) -> Job:
            return Job(store, guest, names, *sent, now_us, config)

        try:
            return await asyncio.to_thread(_do, self._house.keys.place, operation, job)
        except Mistake as error:
            raise Refused(_status(error), str(error), error.hint) from error
        except StoreError as error:
            raise Refused(503, f"the store cannot be used: {error.why}", _BUSY) from error

    async def _openapi(self, request: Request) -> Response:
        await self._entrance.admit(request)
        return _json(200, OPENAPI)


def _do(place: Place, operation: Operation, job: Callable[[Any], Job]) -> object:
    assert operation.store is not None, "an operation works on the store or on the gateway"
    store = connect(place) if operation.changes else connect_reader(place)
    try:
        found = job(store)
        with acting(Actor(found.who.name, found.who.role)):
            return operation.store(found)
    except ERRORS as error:
        raise explain(error, place) from error
    finally:
        store.close()


def _query(request: Request, operation: Operation) -> Any:
    given = dict(request.query_params)
    if operation.query is None:
        return None
    if len(given) != len(request.query_params.multi_items()):
        raise Refused(400, "a parameter is there twice", "send each once")
    try:
        return msgspec.convert(given, operation.query, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(operation.query.__struct_fields__)
        raise Refused(400, f"the query: {error}", f"there are: {known}") from None


async def _body(request: Request, operation: Operation) -> Any:
    if operation.body is None:
        return None
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > LONGEST_BODY:
            raise Refused(413, f"the body is longer than {LONGEST_BODY} bytes")
    try:
        return msgspec.json.decode(data or b"null", type=operation.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "GET /admin/openapi.json describes every body"
        raise Refused(400, f"the body: {error}", hint) from None


def _status(error: Mistake) -> int:
    if isinstance(error, Missing):
        return 404
    return 409 if isinstance(error, Conflict) else 400


def _json(status: int, found: object) -> Response:
    data = msgspec.json.encode(found)
    headers = {"cache-control": "no-store"}
    return Response(data, status, headers, media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    answer = _json(error.status, Problem(Wrong(str(error), error.hint)))
    if error.status == 401:
        answer.headers["www-authenticate"] = 'Bearer realm="headgate"'
    return answer


async def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = ", ".join(OPENAPI["paths"])
    what = f"{request.method} {request.url.path}: {error.detail.lower()}; there are {known}"
    answer = _json(error.status_code, Problem(Wrong(what, "see GET /admin/openapi.json")))
    answer.headers.update(error.headers or {})
    return answer
