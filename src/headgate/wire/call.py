"""A Call: what one client asked of one surface, read as far as anyone needs and no further."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.wire import Surface
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Headers, Kind


@dataclass(slots=True)
class Call:
    id: str
    """the caller's valid X-Request-ID, or one of ours"""
    surface: Surface
    envelope: Envelope
    model: str
    stream: bool
    headers: Headers
    """the caller's, names in lower case"""
    told: dict[bytes, bytes]
    """the same by name, for those that look one up"""
    query: bytes = b""
    key_id: str = ""
    """which virtual key it came with; empty: none is needed here"""


def open_call(
    surface: Surface, body: bytes, headers: Headers, *, id: str, query: bytes = b""
) -> Call:
    """Read the fields every call needs; Fault names the one that is of a wrong type."""
    envelope = Envelope(body)
    model = envelope.text("model")
    if not model.isprintable():  # it is going to stand in header fields and logs
        raise Fault(Kind.INVALID, "model: must not hold control characters")
    stream = surface.streams and envelope.flag("stream")
    return Call(id, surface, envelope, model, stream, headers, dict(headers), query)
