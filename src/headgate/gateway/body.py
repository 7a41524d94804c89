"""The body of a request, once it is here: whole and plain, or a fault.

Rule 1: a body that is too large is refused before it is read, where its sender says how large.
"""

from __future__ import annotations

from collections.abc import Mapping

from headgate.gateway.line import Line
from headgate.wire.model import Fault, Kind


class ClientGone(Exception):
    """The client left before its request was complete: nobody is there to be answered."""


def read_body(line: Line, told: Mapping[bytes, bytes], limit: int) -> bytes:
    """The body that is here; Fault when it is too large or encoded."""
    body = line.body(limit) if line.declared <= limit else None
    if line.lost:
        raise ClientGone
    if body is None:
        raise _too_large(limit)
    coding = told.get(b"content-encoding", b"").lower()
    if coding and coding != b"identity":
        raise Fault(
            Kind.INVALID,
            f"content-encoding {coding.decode('latin-1')!r}: send the body uncompressed",
        )
    return body


def _too_large(limit: int) -> Fault:
    return Fault(Kind.TOO_LARGE, f"the request body is larger than {limit / 1024 / 1024:g} MB")
