"""What can be wrong with a request to run code, as a fault that names the field and the remedy.

Rule 1: the error's shape is OpenAI's, with our request id and, where there is one, the remedy.
Rule 2: what the sandbox refuses or cannot do keeps its own words.
"""

from __future__ import annotations

import msgspec

from headgate.engine.refusal import NEVER, retry_headers
from headgate.gateway.sink import HttpSink
from headgate.sandbox.model import Limits, Refused, Unavailable
from headgate.sandbox.settings import Settings
from headgate.wire.model import Fault, Headers, Kind

BUSY_S = 1.0
"""after which a caller may ask again whom the sandbox had no place for"""
_TYPES = {
    Kind.RATE_LIMITED: "rate_limit_error",
    Kind.BUDGET: "insufficient_quota",
    Kind.BUSY: "server_error",
    Kind.INTERNAL: "server_error",
}


class Trouble(Fault):
    """A fault of one field, or one that somebody can mend."""

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        param: str = "",
        code: str = "",
        remedy: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(kind, message, retry_after=retry_after)
        self.param, self.code, self.remedy = param, code, remedy


def wrong(param: str, message: str, remedy: str = "") -> Trouble:
    """A field does not hold what it must."""
    return Trouble(Kind.INVALID, f"{param}: {message}", param=param, remedy=remedy)


def of(error: Refused | Unavailable) -> Trouble:
    """What the sandbox said, as the caller is told it."""
    if isinstance(error, Unavailable):
        return Trouble(
            Kind.BUSY,
            f"code cannot be run here: {error.what}",
            code="sandbox_unavailable",
            remedy=error.remedy,
            retry_after=NEVER,
        )
    if error.kind == "busy":
        return Trouble(
            Kind.BUSY, error.what, code="sandbox_busy", remedy=error.remedy, retry_after=BUSY_S
        )
    kind = Kind.NOT_FOUND if error.kind == "not_found" else Kind.INVALID
    return Trouble(kind, error.what, remedy=error.remedy)


def check_limits(settings: Settings, limits: Limits) -> None:
    """Fault that names the field, where a run may not have so much here."""
    try:
        settings.check(limits)
    except Refused as error:
        fault = of(error)
        fault.param = "limits"
        raise fault from error


def fields(fault: Fault, id: str) -> dict[str, object]:
    """The error as callers read it."""
    param, code, remedy = "", "", ""
    if isinstance(fault, Trouble):
        param, code, remedy = fault.param, fault.code, fault.remedy
    message = f"{fault.message}; {remedy}" if remedy else fault.message
    return {
        "error": {
            "message": message,
            "type": _TYPES.get(fault.kind, "invalid_request_error"),
            "param": param or None,
            "code": code or fault.kind.value,
            "remedy": remedy or None,
        },
        "request_id": id,
    }


def headers(fault: Fault, id: str) -> Headers:
    """Those of an answer that is this fault."""
    plain: Headers = [(b"content-type", b"application/json"), (b"x-request-id", id.encode())]
    return plain + retry_headers(fault)


async def tell(sink: HttpSink, fault: Fault, id: str) -> None:
    """Answer with the fault."""
    body = msgspec.json.encode(fields(fault, id))
    await sink.whole(fault.consequence.status, headers(fault, id), body)
