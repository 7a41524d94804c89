"""What only a real call can tell: does a credential work, and does a stream flow.

Rule 1: one cheap call per credential; its failure is the key's, the network's or the account's.
Rule 2: whether a stream was held back is judged from when its bytes arrived, not from headers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import msgspec

from headgate.cli.checkup import Finding, State
from headgate.providers import Provider, headers_for, read_all
from headgate.upstream import Door, Exchange, Request, Url
from headgate.wire.model import Fault, Headers, Kind

REPLY_LIMIT = 1_000_000
CALL_S = 30.0
STREAM_S = 120.0
GAP_S = 0.02
"""bytes this close together arrived together"""
TOO_QUICK_S = 0.25
"""a shorter reply shows nothing: it would look the same through a buffer"""
MODERN = b"2023-06-01"

ACCOUNT = (
    "billing",
    "credit balance",
    "insufficient_quota",
    "spend_limit",
    "payment",
    "quota",
    "ramp_limit_exceeded",
)


async def probe(providers: Sequence[Provider]) -> list[Finding]:
    """One call per credential, all at once."""
    door = Door()
    alone = [one for provider in providers for one in _each_alone(provider)]
    try:
        return list(await asyncio.gather(*(_probe_one(door, each) for each in alone)))
    finally:
        await door.close()


def _each_alone(provider: Provider) -> list[Provider]:
    """The provider once for each of its accounts."""
    return [provider.alone(account) for account in provider.api_keys] or [provider]


async def _probe_one(door: Door, provider: Provider) -> Finding:
    if provider.credentials == "client":
        what = f"{provider.name}: not tried, for its callers bring their own keys"
        return Finding("live", "info", what)
    request = _cheapest(provider)
    if request is None:
        return Finding("live", "info", f"{provider.name}: not tried, for it lists no models")
    began = time.perf_counter()
    exchange = door.exchange(request)
    try:
        async with asyncio.timeout(CALL_S):
            await exchange.open()
            body = await exchange.read_all(REPLY_LIMIT)
    except (Fault, TimeoutError) as error:
        reason = error.message if isinstance(error, Fault) else f"no answer in {CALL_S:g} s"
        return Finding(
            "live", "fail", f"{provider.name}: the network fails: {reason}", _way_out(error)
        )
    finally:
        exchange.close()
    took_ms = (time.perf_counter() - began) * 1000
    return judge(provider, exchange.status, body, took_ms)


def _way_out(error: Fault | TimeoutError) -> str:
    if isinstance(error, Fault) and "certificate" in error.message:
        return "a proxy that opens TLS needs its authority named by ca_file"
    return (
        "check base_url, name resolution, firewall and whether a direct connection is allowed"
    )


def _cheapest(provider: Provider) -> Request | None:
    """One token of a cheap model where we know one, else the list of models."""
    model = read_all()[provider.kind].probe_model
    words: list[dict[str, str]] = [{"role": "user", "content": "hi"}]
    body: dict[str, Any] | None = None
    path = provider.paths.get("models", "")
    if model and "messages" in provider.paths:
        path = provider.paths["messages"]
        body = {"model": model, "max_tokens": 1, "messages": words}
    elif model and "chat" in provider.paths:
        path = provider.paths["chat"]
        body = {"model": model, "max_completion_tokens": 16, "messages": words}
    if not path:
        return None
    url = Url.parse(provider.base_url, verify_tls=provider.verify_tls, ca_file=provider.ca_file)
    headers = headers_for(provider, MODERN)
    if provider.auth == "anthropic":
        headers.append((b"anthropic-version", MODERN))
    target = (url.path + path).encode()
    if body is None:
        return Request(b"GET", url, target, headers, (), provider.connect_s)
    headers.append((b"content-type", b"application/json"))
    return Request(
        b"POST", url, target, headers, (msgspec.json.encode(body),), provider.connect_s
    )


def judge(provider: Provider, status: int, body: bytes, took_ms: float) -> Finding:
    """Whose fault an answer is: the key's, the account's, the network's or the provider's."""
    said = _words(body)
    name, key = provider.name, provider.key_env or "the key"
    verdicts: list[tuple[bool, State, str, str]] = [
        (_is_page(body), "fail", "the network fails: a web page answers in its place",
         "a proxy or a login page stands in between"),
        (200 <= status < 300, "ok", f"{key} works; answered in {took_ms:.0f} ms", ""),
        (any(sign in said.lower() for sign in ACCOUNT) or status == 402, "fail",
         f"the account fails ({status}): {said}", "see the provider's billing page"),
        (status == 401, "fail", f"the key fails: {key} is not accepted: {said}",
         f"make a new key at {read_all()[provider.kind].key_page or 'the provider'}"),
        (status == 403, "fail", f"the key fails: {key} may not do this: {said}",
         "give the key the permission, or allow this address"),
        (status == 404, "warn", f"{key} works, but the model or path is unknown: {said}",
         "check base_url and paths"),
        (status == 429, "warn", f"{key} works, but its rate limit is used up: {said}",
         "try again in a minute"),
        (status >= 500, "warn", f"the provider fails ({status}): {said}", "try again later"),
    ]  # fmt: skip
    for applies, state, what, hint in verdicts:
        if applies:
            return Finding("live", state, f"{name}: {what}", hint)
    return Finding("live", "warn", f"{name}: unexpected answer {status}: {said}", "")


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:20].lower().startswith((b"<!doctype", b"<html"))


def _words(body: bytes) -> str:
    """The error's own words and codes, on one line."""
    try:
        error = msgspec.json.decode(body)["error"]
        parts = [error] if isinstance(error, str) else [
            str(error[field]) for field in ("type", "code", "message") if error.get(field)
        ]  # fmt: skip
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        parts = [body[:200].decode("utf-8", "replace")]
    return " ".join(" ".join(dict.fromkeys(parts)).split())[:300]


@dataclass(frozen=True, slots=True)
class Ride:
    """How a streamed reply arrived."""

    status: int
    headers: Headers
    head_s: float
    """from the request to the reply's head"""
    arrivals: tuple[tuple[float, int], ...]
    """(seconds since the request, bytes), in order"""
    body: bytes
    """its beginning"""

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")


async def ride(url: str, model: str, key: str) -> Ride:
    """Ask for a paced stream and note when its bytes come; raises Fault."""
    request = _stream_request(url, model, key)
    door = Door()
    exchange = door.exchange(request)
    began = time.perf_counter()
    try:
        async with asyncio.timeout(STREAM_S):
            await exchange.open()
            head_s = time.perf_counter() - began
            return await _note_arrivals(exchange, began, head_s)
    except TimeoutError:
        raise Fault(Kind.TIMEOUT, f"no end of the stream in {STREAM_S:g} s") from None
    finally:
        exchange.close()
        await door.close()


async def _note_arrivals(exchange: Exchange, began: float, head_s: float) -> Ride:
    arrivals: list[tuple[float, int]] = []
    body = b""
    while data := await exchange.read():
        arrivals.append((time.perf_counter() - began, len(data)))
        body += data[: max(0, 4096 - len(body))]
    return Ride(exchange.status, exchange.headers, head_s, tuple(arrivals), body)


def _stream_request(url: str, model: str, key: str) -> Request:
    """The path decides the dialect; an address alone means messages."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{url!r}: {error}") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{url!r} must begin with http:// or https://")
    path = parts.path if parts.path.strip("/") not in ("", "v1") else "/v1/messages"
    place = Url.parse(f"{parts.scheme}://{parts.netloc}")
    words = [{"role": "user", "content": "Count from 1 to 60, one number per line."}]
    body: dict[str, Any] = {"model": model, "stream": True, "messages": words}
    if path.endswith("/messages"):
        body["max_tokens"] = 400
    elif path.endswith("/responses"):
        body["input"] = body.pop("messages")
    headers: Headers = [
        (b"content-type", b"application/json"),
        (b"accept", b"text/event-stream"),
        (
            b"accept-encoding",
            b"gzip, br, zstd",
        ),  # as browsers and SDKs do: it wakes compressors
        (b"anthropic-version", MODERN),
        (b"authorization", b"Bearer " + key.encode()),
        (b"x-headgate-sim", b"events=40;pace=0.05"),  # a simulator paces; others ignore it
    ]
    return Request(b"POST", place, path.encode(), headers, (msgspec.json.encode(body),), 10.0)


def judge_ride(url: str, seen: Ride) -> list[Finding]:
    """Did the stream flow, was it held back, or did it show nothing."""
    area = "stream"
    if seen.status != 200:
        hint = "give --model and --key, or the address of a simulator (headgate sim)"
        return [
            Finding(area, "fail", f"{url} answers {seen.status}: {_words(seen.body)}", hint)
        ]
    found = []
    if "text/event-stream" not in seen.header(b"content-type"):
        shown = seen.header(b"content-type") or "nothing"
        found.append(Finding(area, "fail", f"the reply is {shown}, not text/event-stream",
                             "something in between has rewritten the reply"))  # fmt: skip
    if encoding := seen.header(b"content-encoding"):
        found.append(Finding(area, "warn", f"the stream is compressed ({encoding})",
                             "switch compression off for text/event-stream"))  # fmt: skip
    return [*found, _verdict(seen)]


def _verdict(seen: Ride) -> Finding:
    bursts = _bursts(seen.arrivals)
    total_s = seen.arrivals[-1][0] if seen.arrivals else seen.head_s
    spread_s = total_s - seen.arrivals[0][0] if seen.arrivals else 0.0
    shown = (
        f"{len(bursts)} bursts over {spread_s:.2f} s; head after {seen.head_s:.2f} s, "
        f"end after {total_s:.2f} s"
    )
    hint = "docs/guides/unbuffered-sse.md has the setting for nginx, Caddy, Workers and Node"
    if total_s < TOO_QUICK_S:
        return Finding("stream", "warn", f"too quick to tell: {shown}",
                       "ask for a longer answer, or a simulator with --pace")  # fmt: skip
    if spread_s < 0.2 * total_s or len(bursts) < 3:
        return Finding("stream", "fail", f"held back and delivered at once: {shown}", hint)
    longest = max(b - a for a, b in pairwise(bursts))
    if longest > 0.5 * spread_s and len(bursts) < 10:
        return Finding("stream", "warn", f"delivered in lumps: {shown}", hint)
    return Finding("stream", "ok", f"flows: {shown}")


def _bursts(arrivals: Sequence[tuple[float, int]]) -> list[float]:
    """When each group of bytes that came together began."""
    starts: list[float] = []
    last = float("-inf")
    for at, _ in arrivals:
        if at - last > GAP_S:
            starts.append(at)
        last = at
    return starts
