"""Which header fields travel on: a deny-list in each direction, everything else verbatim.

Rule 1: hop-by-hop fields end here, also those that Connection names, as do credentials that
are not meant for the other side, and what proxies before us wrote about the caller's network.
Rule 2: where one credential serves many callers, nobody sees another's headroom or identity,
and nobody chooses which of the operator's organisations pays.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

from headgate.wire.model import Headers

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
CREDENTIALS = frozenset((b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"))
OURS = b"x-headgate-"
REHEARSAL = b"x-headgate-sim"
"""tells the simulator how a call shall go; real providers ignore it"""

_NOT_UPSTREAM = HOP_BY_HOP | {
    b"host",
    b"content-length",
    b"accept-encoding",  # we ask for identity: usage is read from the bytes that pass
    b"expect",
    b"cookie",
    b"origin",
    b"referer",
    b"x-request-id",  # set anew, from the call
    b"forwarded",
    b"via",
    b"x-real-ip",
    b"true-client-ip",
    b"cdn-loop",  # a provider's edge would take our caller's edge for a loop
}
_NOT_UPSTREAM_SHARED = (
    _NOT_UPSTREAM
    | CREDENTIALS
    | {b"openai-organization", b"openai-project", b"anthropic-workspace-id"}
)
_NETWORK = (OURS, b"x-forwarded-", b"cf-")
"""ours, and what reverse proxies and Cloudflare say of the caller"""
_USUAL_CONNECTION = frozenset((b"keep-alive", b"close", b"Keep-Alive"))

_NOT_CLIENT = HOP_BY_HOP | {
    b"content-length",
    b"set-cookie",  # the provider's edge talks to us, not to the caller
    b"alt-svc",
    b"strict-transport-security",
    b"nel",
    b"report-to",
    b"x-request-id",
    b"request-id",
    b"access-control-allow-origin",
    b"access-control-allow-credentials",
    b"access-control-expose-headers",
}
_NOT_CLIENT_SHARED = _NOT_CLIENT | {
    b"anthropic-organization-id",
    b"anthropic-workspace-id",
    b"openai-organization",
    b"openai-project",
}
_HEADROOM = (
    b"anthropic-ratelimit-",
    b"anthropic-priority-",
    b"anthropic-fast-",
    b"x-ratelimit-",
)
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,127}")


def towards_upstream(headers: Headers, *, own_credential: bool) -> Headers:
    """The caller's fields that the provider shall see."""
    denied = _NOT_UPSTREAM if own_credential else _NOT_UPSTREAM_SHARED
    return _passing(headers, denied, _NETWORK)


def towards_client(headers: Headers, *, shared: bool) -> Headers:
    """The provider's fields that the caller shall see."""
    if shared:
        return _passing(headers, _NOT_CLIENT_SHARED, _HEADROOM)
    return _passing(headers, _NOT_CLIENT, ())


def _passing(
    headers: Headers, denied: frozenset[bytes], prefixes: tuple[bytes, ...]
) -> Headers:
    """One pass over every field of every call: a plain loop, as it measured fastest."""
    out = []
    for field in headers:
        name = field[0]
        if name in denied:
            if name == b"connection" and field[1] not in _USUAL_CONNECTION:
                return _passing(_not_named_by_connection(headers), denied, prefixes)
        elif not name.startswith(prefixes) or name == REHEARSAL:
            out.append(field)
    return out


def _not_named_by_connection(headers: Headers) -> Headers:
    """Without Connection and what it declares to be for this hop alone (RFC 9110, 7.6.1)."""
    options = b",".join(value for name, value in headers if name == b"connection")
    named = {name.strip().lower() for name in options.split(b",")} | {b"connection"}
    return [field for field in headers if field[0] not in named]


def first(headers: Headers, name: bytes) -> bytes:
    """The first value of a field; empty when it is absent."""
    for key, value in headers:
        if key == name:
            return value
    return b""


def text(headers: Headers, name: bytes) -> str:
    return first(headers, name).decode("latin-1")


def valid_request_id(value: bytes) -> str:
    """A caller's request id that is safe to keep, forward and print; empty otherwise."""
    name = value.decode("latin-1")
    return name if REQUEST_ID.fullmatch(name) else ""


def retry_after_s(headers: Headers, at: datetime) -> float | None:
    """How long the provider asks us to stay away; None when it does not say, or not clearly."""
    if (ms := _seconds(first(headers, b"retry-after-ms"))) is not None:
        return ms / 1000
    value = first(headers, b"retry-after")
    if not value:
        return None
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    try:
        until = parsedate_to_datetime(value.decode("latin-1"))
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        return max(0.0, (until - at).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _seconds(value: bytes) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return max(0.0, seconds) if isfinite(seconds) else None
