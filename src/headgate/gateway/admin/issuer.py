"""Talks to the OpenID Connect provider: its discovery document, its keys, its token endpoint.

Rule 1: nothing is asked of it before somebody signs in; then its answers are kept for an hour.
Rule 2: a token under an unknown key makes us look for new keys, at most once in ten seconds.
Rule 3: it is reached through the one door out, over https unless it is on this network, and no
redirect is followed.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec

from headgate.config.model import Oidc
from headgate.config.upstream import is_local
from headgate.gateway.admin.jose import Expected, UnknownKey, Untrusted, claims_of
from headgate.gateway.admin.operation import Refused
from headgate.upstream import Door, Request, Url
from headgate.wire.model import Fault, Headers

FRESH_S = 3600.0
LOOK_AGAIN_S = 10.0
ANSWER_S = 10.0
REPLY_LIMIT = 512 * 1024
WELL_KNOWN = "/.well-known/openid-configuration"
JSON: tuple[bytes, bytes] = (b"accept", b"application/json")
FORM: tuple[bytes, bytes] = (b"content-type", b"application/x-www-form-urlencoded")


class Issuer:
    """One provider, as [admin.oidc] names it."""

    def __init__(
        self, oidc: Oidc, door: Door, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.oidc = oidc
        self._door = door
        self._clock = clock
        self._about: dict[str, Any] = {}
        self._about_until = 0.0
        self._keys: list[dict[str, Any]] = []
        self._keys_until = 0.0
        self._looked = float("-inf")
        self._alone = asyncio.Lock()

    async def endpoint(self, name: str) -> str:
        """One of its addresses; empty: it has none."""
        found = (await self._discovered()).get(name, "")
        return found if isinstance(found, str) else ""

    async def claims(self, token: str, expected: Expected) -> dict[str, Any]:
        """What a token of it says; Untrusted when it is not to be believed."""
        keys = await self._current_keys()
        try:
            return claims_of(token, keys, expected)
        except UnknownKey:
            return claims_of(token, await self._newer_keys(), expected)

    async def exchange(self, code: str, verifier: str) -> dict[str, Any]:
        """The tokens for a code; Untrusted when the provider refuses it."""
        oidc = self.oidc
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": oidc.redirect_url,
            "code_verifier": verifier,
        }
        about = await self._discovered()
        headers: Headers = [JSON, FORM]
        methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if not oidc.client_secret:
            form["client_id"] = oidc.client_id
        elif "client_secret_basic" in methods:
            pair = f"{quote_plus(oidc.client_id)}:{quote_plus(oidc.client_secret)}"
            headers.append((b"authorization", b"Basic " + base64.b64encode(pair.encode())))
        else:
            form |= {"client_id": oidc.client_id, "client_secret": oidc.client_secret}
        url = await self.endpoint("token_endpoint")
        status, found = await self._fetch(url, headers, urlencode(form).encode())
        if status == 200 and isinstance(found.get("id_token"), str):
            return found
        why = str(found.get("error", f"status {status}"))[:100]
        raise Untrusted(f"the provider does not take the code: {why}")

    async def person(self, access_token: str, subject: str) -> Mapping[str, Any]:
        """What it tells about who signed in, beyond the token; nothing, if it tells none."""
        url = await self.endpoint("userinfo_endpoint")
        if not url or not access_token.isascii() or not access_token.isprintable():
            return {}
        bearer = (b"authorization", f"Bearer {access_token}".encode())
        status, found = await self._fetch(url, [JSON, bearer])
        return found if status == 200 and found.get("sub") == subject else {}

    async def _discovered(self) -> dict[str, Any]:
        async with self._alone:
            if self._clock() < self._about_until:
                return self._about
            url = self.oidc.issuer.rstrip("/") + WELL_KNOWN
            status, found = await self._fetch(url, [JSON])
            if status != 200 or found.get("issuer") != self.oidc.issuer:
                names = f"names itself {found.get('issuer')!r}" if found else f"says {status}"
                hint = "write admin.oidc.issuer exactly as the provider names itself"
                raise Refused(502, f"{url} {names}, not {self.oidc.issuer!r}", hint)
            self._about, self._about_until = found, self._clock() + FRESH_S
            return found

    async def _current_keys(self) -> list[dict[str, Any]]:
        if self._clock() < self._keys_until:
            return self._keys
        return await self._newer_keys()

    async def _newer_keys(self) -> list[dict[str, Any]]:
        url = await self.endpoint("jwks_uri")
        async with self._alone:
            if self._clock() - self._looked < LOOK_AGAIN_S:
                return self._keys
            self._looked = self._clock()
            status, found = await self._fetch(url, [JSON])
            keys = found.get("keys")
            if status != 200 or not isinstance(keys, list):
                raise Refused(502, f"{url} answers with {status}, but with no keys", _WAIT)
            self._keys = [key for key in keys if isinstance(key, dict)]
            self._keys_until = self._clock() + FRESH_S
            return self._keys

    async def _fetch(
        self, url: str, headers: Headers, body: bytes = b""
    ) -> tuple[int, dict[str, Any]]:
        place, target = self._place(url)
        method, parts = (b"POST", (body,)) if body else (b"GET", ())
        request = Request(method, place, target, headers, parts, ANSWER_S)
        exchange = self._door.exchange(request)
        try:
            async with asyncio.timeout(ANSWER_S):
                await exchange.open()
                data = await exchange.read_all(REPLY_LIMIT)
        except (Fault, TimeoutError) as error:
            why = error.message if isinstance(error, Fault) else f"no answer in {ANSWER_S:g} s"
            raise Refused(502, f"the sign-in provider cannot be asked: {why}", _WAIT) from error
        finally:
            exchange.close()
        try:
            found = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = {}
        return exchange.status, found if isinstance(found, dict) else {}

    def _place(self, url: str) -> tuple[Url, bytes]:
        try:
            parts = urlsplit(url)
            if parts.scheme != "https" and not is_local(parts.hostname or ""):
                raise ValueError("it is not https")
            place = Url.parse(
                f"{parts.scheme}://{parts.netloc}", ca_file=self.oidc.ca_file, max_connections=8
            )
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            return place, target.encode("ascii")
        except ValueError as error:
            what = f"the sign-in provider names an address that cannot be used: {url[:200]!r}"
            raise Refused(502, f"{what}: {error}", "look at its discovery document") from None


_WAIT = "try again; is admin.oidc.issuer right, and the provider up?"
