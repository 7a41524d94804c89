"""A reply as it is kept: what a client was sent, and what there is to know of it.

Rule 1: the body is what went to the client, byte for byte.
Rule 2: what cannot be read any more was never kept: a later version may know other fields.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from headgate.wire.model import Headers

OVERHEAD_BYTES = 800
"""what an entry takes in memory beside its texts (measured with 3.11: 560 to 740)"""


class Kept(Struct, frozen=True, array_like=True):
    status: int
    stream: bool
    """is the body a stream of events"""
    headers: Headers
    """the few that belong to the body, names in lower case"""
    body: bytes
    at_us: int
    """when it was asked for"""
    cost_nusd: int
    call_id: str
    """whose answer it was"""
    took_ms: int
    first_ms: int = 0
    """when its first content came; 0: nobody knows"""


_READ = msgspec.msgpack.Decoder(Kept)
_WRITE = msgspec.msgpack.Encoder()


def packed(kept: Kept) -> bytes:
    return _WRITE.encode(kept)


def unpacked(data: bytes) -> Kept | None:
    """None: it is of another shape than ours."""
    try:
        return _READ.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def size_of(kept: Kept) -> int:
    """How many bytes of memory it takes, or a little less than that."""
    fields = sum(len(name) + len(value) for name, value in kept.headers)
    return OVERHEAD_BYTES + len(kept.body) + fields + len(kept.call_id)
