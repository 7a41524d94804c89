"""Requests to a vendor's API: our credential on each, whole answers, faults with words.

Rule 1: what a vendor refuses is told in its own words, with what to do about it.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import msgspec

from headgate.providers import BEARER_SINCE, Provider, headers_for
from headgate.sandbox.model import Unavailable
from headgate.upstream import Door, Request, Url
from headgate.wire.broken import BROKEN
from headgate.wire.model import Fault, Headers

MOST_BYTES = 512 << 20
ANSWER_S = 900.0
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_VERSION = (b"anthropic-version", b"2023-06-01")


class Wire:
    """The way to one provider."""

    def __init__(self, provider: Provider, door: Door) -> None:
        self.provider = provider
        self._door = door
        self._url = Url.parse(
            provider.base_url, verify_tls=provider.verify_tls, ca_file=provider.ca_file
        )
        surface = next(iter(provider.paths.values()), "")
        self._version = surface.partition("/v1")[0] + ("/v1" if "/v1" in surface else "")
        account = provider.accounts[0] if provider.accounts else None
        self._own = provider.alone(account) if account is not None else provider

    async def post(self, path: str, body: object) -> dict[str, Any]:
        data = await self.ask(b"POST", path, msgspec.json.encode(body), "application/json")
        return self._object(data)

    async def upload(self, path: str, name: str, data: bytes, **fields: str) -> dict[str, Any]:
        """Send one file."""
        mark = f"headgate-{secrets.token_hex(16)}"
        parts = [
            f'--{mark}\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        head = (
            f'--{mark}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n'
            "content-type: application/zip\r\n\r\n"
        )
        body = b"".join([*(it.encode() for it in parts), head.encode(), data])
        body += f"\r\n--{mark}--\r\n".encode()
        answer = await self.ask(b"POST", path, body, f"multipart/form-data; boundary={mark}")
        return self._object(answer)

    async def fetch(self, path: str) -> dict[str, Any]:
        return self._object(await self.ask(b"GET", path))

    async def ask(self, method: bytes, path: str, body: bytes = b"", kind: str = "") -> bytes:
        """One request; Unavailable says in whose words it failed."""
        headers: Headers = [*headers_for(self._own, BEARER_SINCE)]
        headers.append((b"accept-encoding", b"identity"))
        if self.provider.auth == "anthropic":
            headers.append(_VERSION)
        if kind:
            headers.append((b"content-type", kind.encode()))
        target = f"{self._url.path}{self._version}{path}".encode()
        exchange = self._door.exchange(Request(method, self._url, target, headers, (body,)))
        try:
            async with asyncio.timeout(ANSWER_S):
                await exchange.open()
                found = await exchange.read_all(MOST_BYTES)
        except TimeoutError:
            raise self._failed(f"no answer within {ANSWER_S:g} s") from None
        except Fault as fault:
            raise self._failed(fault.message) from None
        finally:
            exchange.close()
        if exchange.status >= 300:
            raise self._failed(f"{exchange.status}: {_words(found)}")
        return found

    def _object(self, data: bytes) -> dict[str, Any]:
        try:
            return _OBJECT.decode(data)
        except BROKEN:
            raise self._failed("its answer is no JSON object") from None

    def _failed(self, why: str) -> Unavailable:
        name = self.provider.name
        return Unavailable(
            f"{name} did not run the code: {why}",
            f"see `headgate doctor --live`, or run it here: --on local,{name}",
        )


def _words(body: bytes) -> str:
    """What an error's body says."""
    try:
        error = _OBJECT.decode(body).get("error")
    except BROKEN:
        error = None
    said = error.get("message") if isinstance(error, dict) else None
    return str(said or body[:200].decode("utf-8", "replace"))
