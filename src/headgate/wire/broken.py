"""Which JSON counts as broken, and the reading of what is only odd: as clients read it.

Rule 1: nothing is mended that is going to be forwarded: a mended copy is read, the bytes pass.
Rule 2: it costs nothing until a strict decoder has refused.
Rule 3: an answer that was paid for is not refused because a field of it is of a wrong type.
"""

from __future__ import annotations

import re
from typing import Generic, TypeVar

import msgspec

from headgate.wire.model import Fault, Kind
from headgate.wire.reading import Reading

BROKEN = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""what decoders raise on bytes that are not the JSON that was asked for"""

DONE = b"[DONE]"
"""ends a Chat Completions stream; some servers say it in every dialect"""

_SURROGATES = re.compile(
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_NOT_A_NUMBER = re.compile(rb"(?:(?<=[:,\[ ])|\A)-?(?:NaN|Infinity)(?=[,\]} \r\n]|\Z)")
_ANYTHING = msgspec.json.Decoder(msgspec.Raw)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])

T = TypeVar("T")


def mend(data: bytes) -> bytes:
    """A copy without halves of surrogate pairs and without NaN, which Python's servers write.

    A model's token may be half an emoji; Python's and JavaScript's parsers take it as it is.
    """
    whole = _SURROGATES.sub(lambda m: m[1] or rb"\ufffd", data)
    return _NOT_A_NUMBER.sub(b"null", whole)


class Reader(Generic[T]):
    """Decodes one shape: strictly on the hot path, leniently where that was refused."""

    __slots__ = ("decode", "lenient")

    def __init__(self, shape: type[T]) -> None:
        self.decode = msgspec.json.Decoder(shape).decode
        self.lenient = msgspec.json.Decoder(shape, strict=False).decode
        """takes 12.0 and "12" for a whole number"""

    def odd(self, data: bytes) -> T | None:
        """What can be read of an event that is not of its shape; raises when it is broken.

        A strict decoder stops at the first surprise: what follows may be no JSON at all.
        """
        if data.strip() == DONE:
            return None
        _ANYTHING.decode(data)
        try:
            return self.lenient(data)
        except msgspec.ValidationError:
            return None

    def whole(self, body: bytes, reading: Reading, key: str, wanted: str) -> T | None:
        """A whole reply; None when it is one (it has the key) of a shape nobody can read."""
        try:
            return self.decode(body)
        except msgspec.ValidationError:
            reading.warn("odd_reply")
        except BROKEN:
            body = mend(body)
        try:
            return self.lenient(body)
        except BROKEN:
            if _has(body, key):
                return None
        raise Fault(Kind.UPSTREAM, f"the upstream's answer is not {wanted}")


def _has(body: bytes, key: str) -> bool:
    try:
        return key in _MEMBERS.decode(body)
    except BROKEN:
        return False
