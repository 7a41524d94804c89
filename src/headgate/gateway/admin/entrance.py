"""Who is let into the admin API: by the operator's token, an administrator's, or a sign-in.

Rule 1: without any token, sign-in or virtual key, this host alone, and not through a proxy or
a web page; the first of them closes that way.
Rule 2: secrets are compared by their hash or in constant time, and never repeated.
Rule 3: a browser's session may change something only if the page sends its csrf word along.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time

from starlette.requests import Request

from headgate.gateway.admin.operation import Guest, Refused
from headgate.gateway.admin.signin import SignIn
from headgate.gateway.cors import is_rebound
from headgate.gateway.house import House
from headgate.policy.role import Warrant
from headgate.store.admintoken import PREFIX, Token, are_there, find_token
from headgate.store.place import Place, connect_reader

LOOPBACK = ("127.0.0.1", "::1")
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip")
OPERATOR = Warrant("server.admin_token", "admin")
HERE = Warrant("loopback", "admin")
_HOW = "send an admin token as Authorization: Bearer"
_CLOSED = (
    'set server.admin_token to "env:NAME" in headgate.toml and send that token as Bearer, or'
    " make one with `headgate admin token create`"
)


class Entrance:
    """Decides about each request who sends it."""

    def __init__(self, house: House, sign_in: SignIn) -> None:
        self._house = house
        self._sign_in = sign_in

    async def admit(self, request: Request) -> Guest:
        """Who it is; Refused when nobody who is known."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        secret = given.strip()
        if scheme.lower() == "bearer" and secret:
            guest = await self._bearer(secret)
            if guest is not None:
                return guest
        elif not scheme and (guest := await self._sign_in.guest(request)) is not None:
            return guest
        return await self._unknown(request)

    async def _bearer(self, secret: str) -> Guest | None:
        token = self._house.engine.config.server.admin_token
        given = secret.encode("latin-1")  # as the header was decoded
        if token and hmac.compare_digest(given, token.encode()):
            return Guest(OPERATOR)
        if secret.startswith(PREFIX):
            return Guest(await self._token(secret))
        if secret.count(".") == 2:
            return await self._sign_in.bearer(secret)
        return None

    async def _token(self, secret: str) -> Warrant:
        found = await asyncio.to_thread(_find, self._house.keys.place, secret)
        if found is None:
            raise Refused(401, "this is no admin token of this Headgate", _HOW)
        reason = found.refusal(time.time_ns() // 1000)
        if reason:
            hint = "ask for a new one: `headgate admin token create`"
            raise Refused(401, f"this admin token is {reason}", hint)
        return found.warrant()

    async def _unknown(self, request: Request) -> Guest:
        house = self._house
        server = house.engine.config.server
        signs_in = house.engine.config.oidc is not None
        tokens = await asyncio.to_thread(_any_token, house.keys.place)
        if server.admin_token or tokens:
            raise Refused(401, "the admin token is missing or wrong: send it as Bearer", _HOW)
        if signs_in:
            raise Refused(401, "nobody is signed in", "open /admin/login in a browser")
        here = request.client is not None and request.client.host in LOOPBACK
        direct = not any(name in request.headers for name in (*PROXIED, "origin"))
        if here and direct and not is_rebound(request.scope["headers"]) and not (
            house.keys.defined
        ):  # fmt: skip
            return Guest(HERE)
        raise Refused(403, f"the admin API is closed: {_CLOSED}", _CLOSED)


def _find(place: Place, secret: str) -> Token | None:
    with contextlib.closing(connect_reader(place)) as connection:
        return find_token(connection, secret)


def _any_token(place: Place) -> bool:
    with contextlib.closing(connect_reader(place)) as connection:
        return are_there(connection)
