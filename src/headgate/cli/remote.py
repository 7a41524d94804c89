"""Asks a running gateway what a key is, may do and has spent: for who has no ledger at hand.

Rule 1: the secret goes to the address that was named and nowhere else: no redirect is followed.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import msgspec

from headgate.cli import Trouble
from headgate.gateway.standing import PATH
from headgate.upstream import Door, Request, Url
from headgate.wire.model import Fault, Headers

ANSWER_S = 10.0
REPLY_LIMIT = 1_000_000


def ask(url: str, key: str) -> dict[str, Any]:
    """The gateway's answer; Trouble when there is none."""
    if not (key.isascii() and key.isprintable()):
        raise Trouble("the key holds characters that no key has")
    place, path = _place(url)
    try:
        status, body = asyncio.run(_fetch(place, path, key.encode()))
    except (Fault, TimeoutError) as error:
        why = error.message if isinstance(error, Fault) else f"no answer in {ANSWER_S:g} s"
        raise Trouble(
            f"{url}: {why}", "is this the address that `headgate up` shows?"
        ) from None
    return _read(url, status, body)


def _place(url: str) -> tuple[Url, str]:
    """(the server, the path) of a gateway's address, with or without the /v1 that SDKs want."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(url)
        place = Url.parse(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        hint = "write one such as http://127.0.0.1:4100"
        raise Trouble(f"{url!r} is no address of a gateway", hint) from None
    return place, parts.path.rstrip("/").removesuffix("/v1") + PATH


async def _fetch(place: Url, path: str, secret: bytes) -> tuple[int, bytes]:
    headers: Headers = [(b"x-headgate-key", secret)]
    door = Door()
    try:
        request = Request(b"GET", place, path.encode(), headers, (), ANSWER_S)
        exchange = door.exchange(request)
        try:
            async with asyncio.timeout(ANSWER_S):
                await exchange.open()
                return exchange.status, await exchange.read_all(REPLY_LIMIT)
        finally:
            exchange.close()
    finally:
        await door.close()


def _read(url: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = {}
    if status == 200 and {"name", "spend", "models"} <= set(found):
        return found
    error = found.get("error")
    said = error.get("message") if isinstance(error, dict) else None
    if isinstance(said, str):
        raise Trouble(f"{status}: {said}")
    raise Trouble(f"{url} answers with {status}, but not as a Headgate does")
