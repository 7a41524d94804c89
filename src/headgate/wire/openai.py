"""What OpenAI's surfaces share: error bodies, fault kinds and the way their usage counts input.

Rule 1: OpenAI's input tokens include cached and written ones; they are taken apart here, once.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.reading import Reading

STATUS: dict[Kind, int] = {Kind.OVERLOADED: 503}
"""where this dialect answers with another status than FAULTS says: 529 is Anthropic's own"""

_ERRORS: dict[Kind, tuple[str, str | None]] = {
    Kind.INVALID: ("invalid_request_error", None),
    Kind.NOT_FOUND: ("invalid_request_error", "model_not_found"),
    Kind.AUTH: ("invalid_request_error", "invalid_api_key"),
    Kind.FORBIDDEN: ("invalid_request_error", "permission_denied"),
    Kind.RATE_LIMITED: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.BUDGET: ("insufficient_quota", "insufficient_quota"),
    Kind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    Kind.OUTCOME_UNKNOWN: ("invalid_request_error", "outcome_unknown"),
    Kind.TOO_LONG: ("invalid_request_error", "context_length_exceeded"),
    Kind.UNSUPPORTED: ("invalid_request_error", "unsupported"),
    Kind.UPSTREAM_INVALID: ("invalid_request_error", None),
    Kind.UPSTREAM_LIMITED: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.OVERLOADED: ("server_error", "overloaded"),
    Kind.TIMEOUT: ("server_error", "timeout"),
    Kind.IDLE: ("server_error", "timeout"),
}


class Error(Struct):
    message: str | None = None
    type: str | None = None
    code: str | int | None = None


class _ErrorBody(Struct):
    error: Error


_ERROR_BODY = msgspec.json.Decoder(_ErrorBody)


def classify(status: int, body: bytes) -> tuple[str, str]:
    """(type or code, message) of an error answer; empty when it is not in this dialect."""
    try:
        error = _ERROR_BODY.decode(body).error
    except msgspec.DecodeError:
        return "", ""
    return str(error.code or error.type or "error"), error.message or ""


def error_fields(fault: Fault) -> dict[str, str | None]:
    type_, code = _ERRORS.get(fault.kind, ("server_error", None))
    return {"message": fault.message, "type": type_, "param": None, "code": code}


def error_body(fault: Fault, call_id: str) -> bytes:
    return msgspec.json.encode({"error": error_fields(fault)})


def stream_fault(error: Error) -> Fault:
    """The fault behind an error that arrived inside a stream."""
    name = f"{error.code or ''} {error.type or ''}"
    if "rate_limit" in name:
        kind = Kind.UPSTREAM_LIMITED
    elif "overloaded" in name or "slow_down" in name or "503" in name:
        kind = Kind.OVERLOADED
    elif "invalid" in name or "context_length" in name:
        kind = Kind.UPSTREAM_INVALID
    else:
        kind = Kind.UPSTREAM
    return Fault(kind, error.message or "the upstream reported an error")


def count(
    reading: Reading,
    total: int | None,
    cached: int | None,
    written: tuple[int, int],
    out: Usage,
) -> None:
    """Enter a total that includes its parts; `written`: the 30-minute and 12-hour shares."""
    parts = (cached or 0) + sum(written)
    fresh = (total or 0) - parts
    if fresh < 0:
        reading.warn("impossible_usage")
        fresh = 0
    reading.count(
        Usage(
            input_fresh=fresh,
            cache_read=cached or 0,
            cache_write_30m=written[0],
            cache_write_12h=written[1],
            output=out.output,
            reasoning_of_output=out.reasoning_of_output,
        )
    )


def terms(tier: str | None, before: Terms) -> Terms:
    """The tier that was served; `default` and `auto` are the standard one."""
    if tier in (None, "", "default", "auto", "standard"):
        return before
    return Terms(tier=tier or "", speed=before.speed, geo=before.geo)
