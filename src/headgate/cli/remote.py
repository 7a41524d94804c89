"""Asks a running gateway what a key or an administrator is: for who has no ledger at hand.

Rule 1: the secret goes to the address that was named and nowhere else: no redirect is followed.
"""

from __future__ import annotations

import asyncio
import contextlib
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
    """What the gateway says of a key; Trouble when it says nothing."""
    found = _asked(url, PATH, (b"x-headgate-key", _plain(key)))
    return _fitting(url, found, {"name", "spend", "models"})


def ask_admin(url: str, path: str, token: str) -> dict[str, Any]:
    """An answer of the admin API; without a token it is asked as whoever is on its host."""
    field = (b"authorization", b"Bearer " + _plain(token)) if token else (b"accept", b"*/*")
    return _fitting(url, _asked(url, path, field), {"name", "role"})


def ask_targets(url: str, token: str) -> list[dict[str, Any]]:
    """How the gateway's targets and accounts stand."""
    field = (b"authorization", b"Bearer " + _plain(token)) if token else (b"accept", b"*/*")
    answer = _asked(url, "/admin/targets", field)
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        if answer[0] == 200:
            return msgspec.json.decode(answer[1], type=list[dict[str, Any]])
    found: list[dict[str, Any]] = _fitting(url, answer, {"targets"})["targets"]
    return found


def _plain(secret: str) -> bytes:
    if not (secret.isascii() and secret.isprintable()):
        raise Trouble("the key holds characters that no key has")
    return secret.encode()


def _asked(url: str, page: str, field: tuple[bytes, bytes]) -> tuple[int, bytes]:
    place, prefix = _place(url)
    try:
        return asyncio.run(_fetch(place, prefix + page, field))
    except (Fault, TimeoutError) as error:
        why = error.message if isinstance(error, Fault) else f"no answer in {ANSWER_S:g} s"
        raise Trouble(
            f"{url}: {why}", "is this the address that `headgate up` shows?"
        ) from None


def _place(url: str) -> tuple[Url, str]:
    """(the server, the prefix) of a gateway's address, with or without the /v1 of SDKs."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(url)
        place = Url.parse(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        hint = "write one such as http://127.0.0.1:4100"
        raise Trouble(f"{url!r} is no address of a gateway", hint) from None
    return place, parts.path.rstrip("/").removesuffix("/v1")


async def _fetch(place: Url, path: str, field: tuple[bytes, bytes]) -> tuple[int, bytes]:
    headers: Headers = [field]
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


def _fitting(url: str, answer: tuple[int, bytes], fields: set[str]) -> dict[str, Any]:
    """The answer, if it is one that has these fields."""
    status, body = answer
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = {}
    if status == 200 and fields <= set(found):
        return found
    error = found.get("error")
    if isinstance(error, dict) and isinstance(said := error.get("message"), str):
        hint = error.get("hint")
        raise Trouble(f"{status}: {said}", hint if isinstance(hint, str) else "")
    raise Trouble(f"{url} answers with {status}, but not as a Headgate does")
