"""The head of a reply: what of the upstream's fields passes, and what we say ourselves."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.engine import told
from headgate.engine.tally import Tally
from headgate.wire import headers as fields
from headgate.wire.model import Headers

_NO_BUFFERING: Headers = [
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
SIMULATED = b"x-headgate-simulated"
WARNING = b"x-headgate-warning"
CANNED = b"x-headgate-canned"
_JSON = (b"content-type", b"application/json")
_EVENT_STREAM = (b"content-type", b"text/event-stream; charset=utf-8")

_PRINTABLE = bytes(c if 32 <= c < 127 else ord("?") for c in range(256))


def _safe(text: str) -> bytes:
    """A name that callers chose, as a header can hold it."""
    return text.encode("ascii", "replace").translate(_PRINTABLE)


def reply_headers(tally: Tally, upstream: Headers) -> Headers:
    """The upstream's fields that pass, then ours. Of another dialect's, none would be known."""
    if tally.crossing is None:
        headers = fields.towards_client(upstream, shared=tally.shared)
    else:
        headers = [_EVENT_STREAM if tally.call.stream else _JSON]
        headers += [field for field in upstream if field[0] == SIMULATED]
    headers += own_headers(tally)
    upstream_id = fields.first(upstream, b"request-id") or fields.first(
        upstream, b"x-request-id"
    )
    if upstream_id:
        headers.append((b"x-headgate-upstream-request-id", upstream_id))
    return headers


def stream_headers(tally: Tally, upstream: Headers) -> Headers:
    """The same for an event stream, which nobody on the way shall hold back."""
    ours = reply_headers(tally, upstream)
    return [
        h for h in ours if h[0] not in (b"cache-control", b"x-accel-buffering")
    ] + _NO_BUFFERING


def own_stream_headers(tally: Tally) -> Headers:
    """The same where there is no upstream's head to show."""
    return [*own_headers(tally), _EVENT_STREAM, *_NO_BUFFERING]


def own_headers(tally: Tally) -> Headers:
    call_id = tally.call.id.encode()
    headers = [(b"x-request-id", call_id)]
    if tally.call.surface.dialect.NAME == "anthropic":
        headers.append((b"request-id", call_id))
    if tally.target is not None and not tally.canned:
        target = tally.target
        headers.append((b"x-headgate-target", _safe(f"{target.provider}:{target.model}")))
    tries = len(tally.notes) + (tally.exchange is not None and not tally.noted)
    if tries > 1:
        headers.append((b"x-headgate-tries", str(tries).encode()))
    if tally.chosen_by:
        headers.append((b"x-headgate-route", _safe(tally.chosen_by)))
    if tally.purse is not None and tally.shared:
        name, refused = tally.call.surface.dialect.NAME, tally.fault is not None
        headers += told.reply_headers(tally.purse, name, refused=refused)
    if tally.warnings:
        headers.append(warning(tally.warnings))
    return headers


def warning(warnings: Iterable[str]) -> tuple[bytes, bytes]:
    """The field that tells them."""
    return WARNING, b", ".join(_safe(each).replace(b",", b";") for each in warnings)


def warnings_in(headers: Headers) -> tuple[str, ...]:
    """What such a field among them tells."""
    told = fields.text(headers, WARNING)
    return tuple(told.split(", ")) if told else ()
