"""The operator's door: the configuration in force, target health, and reload.

Rule 1: with an admin token, whoever brings it; without one, only this host, and only while no
virtual key is defined.
"""

from __future__ import annotations

import hmac
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headgate.config import ConfigError, describe
from headgate.gateway.cors import is_rebound
from headgate.gateway.house import House
from headgate.gateway.peers import Peers
from headgate.gateway.serve import Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "::1")
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Admin:
    """An ASGI app for /admin/."""

    def __init__(self, house: House, peers: Peers) -> None:
        self._house = house
        self._peers = peers
        self._app = Starlette(
            routes=[
                Route("/admin/config", self._config, methods=["GET"]),
                Route("/admin/targets", self._targets, methods=["GET"]),
                Route("/admin/reload", self._reload, methods=["POST"]),
                Route("/admin/openapi.json", self._openapi, methods=["GET"]),
            ],
            exception_handlers={HTTPException: _no_page},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(Request(scope))
        await (refusal if refusal is not None else self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        token = self._house.engine.config.server.admin_token
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if token:
            right = hmac.compare_digest(given.strip().encode("latin-1"), token.encode())
            if right and scheme.lower() == "bearer":
                return None
            return _problem(401, "the admin token is missing or wrong: send it as Bearer")
        here = request.client is not None and request.client.host in LOOPBACK
        direct = not any(name in request.headers for name in (*PROXIED, "origin"))
        rebound = is_rebound(request.scope["headers"])
        if here and direct and not rebound and not self._house.keys.defined:
            return None
        return _problem(
            403,
            'the admin API is closed: set server.admin_token to "env:NAME" in headgate.toml'
            " and send the token as Bearer",
        )

    async def _config(self, request: Request) -> Response:
        """The configuration in force; secrets print as ***."""
        return JSONResponse(describe(self._house.engine.config))

    async def _targets(self, request: Request) -> Response:
        """Every target that has failed lately, and every account that is passed over.

        Each worker learns for itself: what the others know is as old as a second.
        """
        shown = self._peers.everybody(self._house)
        return JSONResponse([target for worker in shown for target in worker.targets])

    async def _reload(self, request: Request) -> Response:
        """Read headgate.toml again; on any mistake nothing changes."""
        try:
            notes = self._house.reload()
        except ConfigError as error:
            return JSONResponse({"reloaded": False, "errors": str(error)}, status_code=400)
        return JSONResponse({"reloaded": True, "notes": notes})

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(OPENAPI)


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status_code=status)


async def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = ", ".join(OPENAPI["paths"])
    what = f"{request.method} {request.url.path}: {error.detail.lower()}; there are {known}"
    answer = _problem(error.status_code, what)
    answer.headers.update(error.headers or {})
    return answer


def _operation(summary: str, schema: dict[str, Any], *also: int) -> dict[str, Any]:
    problem = {"type": "object", "required": ["error"]}
    responses = {
        "200": {"description": "done", "content": {"application/json": {"schema": schema}}}
    }
    for status in (401, 403, *also):
        about = problem if status in (401, 403) else {"type": "object"}
        responses[str(status)] = {
            "description": "refused",
            "content": {"application/json": {"schema": about}},
        }
    return {"summary": summary, "responses": responses}


OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Headgate admin API", "version": "1"},
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "security": [{"token": []}, {}],
    "paths": {
        "/admin/config": {"get": _operation("The configuration in force", {"type": "object"})},
        "/admin/targets": {"get": _operation("Targets that failed lately", {"type": "array"})},
        "/admin/reload": {
            "post": _operation(
                "Read the configuration again",
                {"type": "object", "required": ["reloaded", "notes"]},
                400,
            )
        },
    },
}
