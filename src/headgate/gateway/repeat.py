"""Decides whether a request has the head of the one before it on its connection.

Clients say the same with every request, but for the length of its body. What a parser has
accepted once it would accept again, so such a head is compared, which costs a tenth of parsing.

Rule 1: only a request that has come whole, and alone, is recognised; anything else is parsed.
Rule 2: nothing may differ but the digits of the length.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from headgate.wire.model import Headers

MOST_DIGITS = 7
"""far more bytes than one read brings"""
_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]+)\r\n", re.I)
_END = b"\r\n\r\n"


class Repeat(Struct, frozen=True):
    """The head of a request, cut in two where its length stands."""

    before: bytes
    after: bytes
    scope: dict[str, Any]
    """what every request with this head is told as"""
    fields: Headers
    """its header fields but those of the body"""

    @classmethod
    def of(
        cls, data: bytes, size: int, scope: dict[str, Any], fields: Headers
    ) -> Repeat | None:
        """Of what was just parsed; None unless it is one head, and a body of that size."""
        at = len(data) - size
        if data.find(_END) + len(_END) != at:
            return None
        length = _LENGTH.search(data, 0, at)
        if length is None:
            return None
        return cls(data[: length.start(1)], data[length.end(1) : at], scope, fields)

    def body_of(self, data: bytes) -> bytes | None:
        """The body of a request with this head, when it is all that `data` holds."""
        if not data.startswith(self.before):
            return None
        start = len(self.before)
        end = data.find(b"\r", start, start + MOST_DIGITS + 1)
        digits = data[start:end]
        if end < 0 or not digits.isdigit() or not data.startswith(self.after, end):
            return None
        at = end + len(self.after)
        return data[at:] if len(data) - at == int(digits) else None
