"""What OpenAI's surfaces share: error bodies, fault kinds and the way their usage counts input.

Rule 1: OpenAI's input tokens include cached and written ones; they are taken apart here, once.
Rule 2: where a total says that more was bought than its parts name, the rest is output.
Rule 3: a schema is called strict only where it is one that OpenAI can enforce.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope
from headgate.wire.loss import Losses
from headgate.wire.meaning import Object
from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.naming import hidden
from headgate.wire.reading import Reading
from headgate.wire.walk import Node

STATUS: dict[Kind, int] = {Kind.OVERLOADED: 503, Kind.LOOP: 400}
"""where this dialect answers with another status than FAULTS says: 529 is Anthropic's own, and
of a 429 Codex tells nothing but the number; 400 it shows and does not repeat (0.169.0, seen
2026-11-21)"""

_ERRORS: dict[Kind, tuple[str, str | None]] = {
    Kind.INVALID: ("invalid_request_error", None),
    Kind.NOT_FOUND: ("invalid_request_error", "model_not_found"),
    Kind.NO_SUCH_PATH: ("invalid_request_error", None),
    Kind.AUTH: ("invalid_request_error", "invalid_api_key"),
    Kind.FORBIDDEN: ("invalid_request_error", "permission_denied"),
    Kind.RATE_LIMITED: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.BUDGET: ("insufficient_quota", "insufficient_quota"),
    Kind.LOOP: ("invalid_request_error", "loop_detected"),
    Kind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    Kind.OUTCOME_UNKNOWN: ("invalid_request_error", "outcome_unknown"),
    Kind.TOO_LONG: ("invalid_request_error", "context_length_exceeded"),
    Kind.UNSUPPORTED: ("invalid_request_error", "unsupported"),
    Kind.UNTRANSLATABLE: ("invalid_request_error", "unsupported"),
    Kind.UPSTREAM_INVALID: ("invalid_request_error", None),
    Kind.UPSTREAM_LIMITED: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.OVERLOADED: ("server_error", "overloaded_error"),
    Kind.TIMEOUT: ("server_error", "timeout"),
    Kind.IDLE: ("server_error", "timeout"),
}


_FAULT_OF_CODE = {
    400: Kind.UPSTREAM_INVALID,
    401: Kind.UPSTREAM_AUTH,
    402: Kind.UPSTREAM_AUTH,
    403: Kind.UPSTREAM_AUTH,
    408: Kind.TIMEOUT,
    413: Kind.UPSTREAM_INVALID,
    422: Kind.UPSTREAM_INVALID,
    429: Kind.UPSTREAM_LIMITED,
    503: Kind.OVERLOADED,
    504: Kind.TIMEOUT,
    529: Kind.OVERLOADED,
}
"""OpenRouter and others put an HTTP status where OpenAI has a word"""

_FAULT_OF_WORD = (
    ("quota", Kind.UPSTREAM_LIMITED),
    ("rate_limit", Kind.UPSTREAM_LIMITED),
    ("overloaded", Kind.OVERLOADED),
    ("slow_down", Kind.OVERLOADED),
    ("api_key", Kind.UPSTREAM_AUTH),
    ("authentication", Kind.UPSTREAM_AUTH),
    ("permission", Kind.UPSTREAM_AUTH),
    ("invalid", Kind.UPSTREAM_INVALID),
    ("context_length", Kind.UPSTREAM_INVALID),
)
"""the first word that occurs in the code or type decides"""

_STATUS = re.compile(r"[45][0-9][0-9]")
NEVER = float("inf")
"""an empty purse is not filled by waiting"""
_LONGEST_KEY = 64
"""of prompt_cache_key"""


class Error(Struct):
    message: str | None = None
    type: str | None = None
    code: str | int | None = None


AnyError = Error | str | None
"""some servers send the message alone"""


class _ErrorBody(Struct):
    error: Error | str


class _Bare(Struct):
    object: Any = None
    message: Any = None
    detail: str | list[Any] | None = None


_BARE = msgspec.json.Decoder(_Bare)
_ERROR_BODY = msgspec.json.Decoder(_ErrorBody)


def classify(status: int, body: bytes) -> tuple[str, str]:
    """(type or code, message) of an error answer; no type when it is not in this dialect."""
    try:
        error = _ERROR_BODY.decode(body).error
    except BROKEN:
        return _bare(body)
    if isinstance(error, str):
        return "error", error
    return str(error.code or error.type or "error"), error.message or ""


def _bare(body: bytes) -> tuple[str, str]:
    """The words of servers that wrap errors in nothing: vLLM's older ones, and FastAPI's."""
    try:
        it = _BARE.decode(body)
    except BROKEN:
        return "", ""
    if isinstance(it.message, str) and it.object == "error":
        return "", it.message
    if isinstance(it.detail, str):
        return "", it.detail
    told = [one.get("msg") for one in it.detail or () if isinstance(one, dict)]
    words = "; ".join(text for text in told if isinstance(text, str))
    return "", words


def error_fields(fault: Fault) -> dict[str, str | None]:
    type_, code = _ERRORS.get(fault.kind, ("server_error", None))
    return {"message": fault.message, "type": type_, "param": None, "code": code}


def error_body(fault: Fault, call_id: str) -> bytes:
    return msgspec.json.encode({"error": error_fields(fault)})


def stream_fault(error: AnyError) -> Fault:
    """The fault behind an error that arrived inside a stream, or inside a 200."""
    if not isinstance(error, Error):
        error = Error(error)
    name = f"{error.code or ''} {error.type or ''}"
    first = name.partition(" ")[0]
    kind = _FAULT_OF_CODE.get(int(first), Kind.UPSTREAM) if _STATUS.fullmatch(first) else None
    if kind is None:
        kind = next((kind for word, kind in _FAULT_OF_WORD if word in name), Kind.UPSTREAM)
    return Fault(
        kind,
        error.message or "the upstream reported an error",
        retry_after=NEVER if "quota" in name else None,
        quoted=True,
    )


def session(envelope: Envelope) -> str:
    """The conversation this request names in its body; empty when it names none."""
    try:
        return envelope.text("prompt_cache_key")
    except Fault:
        return ""


def cache_key(session: str) -> str:
    """A conversation's name as prompt_cache_key takes it."""
    return session if len(session) <= _LONGEST_KEY else hidden(session)


def data_url(url: str, node: Node, name: str) -> tuple[str, str]:
    """(media type, base64) of a data: URL, which stands in that member."""
    head, comma, data = url.removeprefix("data:").partition(",")
    media_type, _, encoding = head.partition(";")
    if not comma or not media_type or not encoding.endswith("base64"):
        node.wrong(name, "must be a data: URL in base64, as data:image/png;base64,…")
    return media_type.lower(), data


class InputDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct):
    reasoning_tokens: int | None = None


class Count(NamedTuple):
    """A report of tokens, as OpenAI's surfaces give it: parts lie inside their sums."""

    input: int | None
    cached: int | None
    written_30m: int
    written_12h: int
    output: int | None
    reasoning: int | None
    total: int | None


def count(reading: Reading, it: Count) -> None:
    """Enter a report, its input taken apart into disjoint classes.

    More cached than sent cannot be: the parts stand, as they are named one by one, and a
    warning says so. xAI and Gemini count reasoning beside the output, and in the total alone
    (docs.x.ai "Consumption and rate limits", as of 2026-11-20).
    """
    total_input, output = it.input or 0, it.output or 0
    cached = it.cached or 0
    fresh = total_input - cached - it.written_30m - it.written_12h
    if fresh < 0:
        reading.warn("impossible_usage")
        fresh = 0
    if it.total is not None and it.total > total_input + output:
        output = it.total - total_input
    reading.count(
        Usage(
            input_fresh=fresh,
            cache_read=cached,
            cache_write_30m=it.written_30m,
            cache_write_12h=it.written_12h,
            output=output,
            reasoning_of_output=it.reasoning or 0,
        )
    )


def terms(tier: str | None, before: Terms) -> Terms:
    """The tier that was served; `default` and `auto` are the standard one."""
    if tier in (None, "", "default", "auto", "standard"):
        return before
    return Terms(tier=tier or "", speed=before.speed, geo=before.geo)


def strict(wanted: bool, schema: Any, what: str, losses: Losses) -> bool:
    """May it be called strict: an open schema that is called so is refused by OpenAI."""
    if wanted and not closed(schema):
        losses.note(what, "not strict: OpenAI wants every property required and no others")
        return False
    return wanted


def parameters(schema: Object | None, *, closed: bool = False) -> Object:
    """A function's schema, which OpenAI wants to be called an object and to name properties."""
    if not schema:
        none: Object = {"type": "object", "properties": {}}
        return none | {"required": [], "additionalProperties": False} if closed else none
    if "type" not in schema:
        schema = {"type": "object", **schema}
    if schema["type"] == "object" and "properties" not in schema:
        return {**schema, "properties": {}}
    return schema


def closed(schema: Any) -> bool:
    """Does a schema name every property of every object as required, and allow no others?

    Guide "Structured outputs", as of 2026-11-20. No recursion: schemas may be very deep.
    """
    waiting = [schema]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, list):
            waiting += inner
        elif isinstance(inner, dict):
            if not _names_all(inner):
                return False
            waiting += inner.values()
    return True


def _names_all(schema: dict[str, Any]) -> bool:
    properties = schema.get("properties")
    if schema.get("type") != "object" and not isinstance(properties, dict):
        return True
    if schema.get("additionalProperties") is not False:
        return False
    named = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    return not named or (isinstance(required, list) and all(n in required for n in named))
