"""Sends exported spans to a collector, over OTLP's HTTP.

Rule 1: a collector that is busy is asked again, as late as it says; what it refuses is told.
Rule 2: headers come from OTEL_EXPORTER_OTLP_HEADERS, as with every exporter, for secrets too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from headgate.upstream import Door, Request, Url
from headgate.wire.model import Fault

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
PATH = "/v1/traces"
WAITS_S = (1.0, 2.0, 4.0, 8.0)
ANSWER_S = 60.0
LONGEST_WAIT_S = 60.0
BUSY = (429, 502, 503, 504)


class NotTaken(Exception):
    """The collector did not take what was sent: what it said, and what may help."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Sent(NamedTuple):
    """What became of it."""

    requests: int
    rejected: int
    """spans that the collector took the requests of, and left out"""
    said: str


def headers(env: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """What the environment says; NotTaken: it cannot be read."""
    found = [(b"content-type", b"application/json")]
    for part in filter(None, (it.strip() for it in env.get(HEADERS, "").split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise NotTaken(f"{HEADERS} cannot be read", f"{HEADERS}='name=value,name=value'")
        found.append((name.strip().lower().encode(), unquote(value.strip()).encode()))
    return found


async def send(
    lots: Iterator[bytes],
    endpoint: str,
    env: Mapping[str, str],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Sent:
    """Post them one after the other; NotTaken ends it."""
    url = Url.parse(endpoint)
    path = url.path if url.path.endswith(PATH) else url.path + PATH
    fields, door = headers(env), Door()
    requests, rejected, said = 0, 0, ""
    try:
        while (lot := await asyncio.to_thread(next, lots, None)) is not None:
            request = Request(b"POST", url, path.encode(), fields, (lot,), 10.0)
            answer = await _post(door, request, sleep)
            requests += 1
            left, words = _partly(answer)
            rejected, said = rejected + left, words or said
    finally:
        await door.close()
    return Sent(requests, rejected, said)


async def _post(
    door: Door, request: Request, sleep: Callable[[float], Awaitable[object]]
) -> bytes:
    for wait in (*WAITS_S, None):
        status, body, later = await _try(door, request)
        if 200 <= status < 300:
            return body
        if wait is None or (status and status not in BUSY):
            words = " ".join(body[:300].decode("utf-8", "replace").split())
            told = status or "no answer"
            raise NotTaken(
                f"{request.url.place} did not take the spans ({told}): {words}",
                f"is it an OTLP/HTTP address that takes JSON? secrets go into {HEADERS}",
            )
        await sleep(min(LONGEST_WAIT_S, max(wait, later)))
    raise AssertionError("the last try returns or raises")


async def _try(door: Door, request: Request) -> tuple[int, bytes, float]:
    exchange = door.exchange(request)
    try:
        async with asyncio.timeout(ANSWER_S):
            await exchange.open()
            body = await exchange.read_all(1 << 20)
    except Fault as fault:
        return 0, fault.message.encode(), 0.0
    except TimeoutError:
        return 0, f"no answer in {ANSWER_S:g} s".encode(), 0.0
    finally:
        exchange.close()
    told = next((value for name, value in exchange.headers if name == b"retry-after"), b"")
    return exchange.status, body, float(told) if told.isdigit() else 0.0


def _partly(body: bytes) -> tuple[int, str]:
    try:
        answer: Any = msgspec.json.decode(body or b"{}")
        part = answer.get("partialSuccess") or {}
        return int(part.get("rejectedSpans") or 0), str(part.get("errorMessage") or "")
    except (msgspec.DecodeError, AttributeError, ValueError, TypeError):
        return 0, ""
