"""Which web pages may call: none, unless the operator named their origins.

Rule 1: what a browser adds to a request says which page sent it; programs need not add it.
Rule 2: a page whose own name was pointed at this host is seen by the Host it calls.
"""

from __future__ import annotations

import re

from headgate.wire import headers as fields
from headgate.wire.model import Headers

ALLOWED = re.compile(
    rb"authorization|content-type|accept|x-api-key|x-request-id|idempotency-key"
    rb"|anthropic-[a-z0-9-]+|openai-[a-z0-9-]+|x-stainless-[a-z0-9-]+|x-headgate-[a-z0-9-]+"
)
EXPOSED = (
    b"x-request-id, request-id, retry-after, x-should-retry, x-headgate-target,"
    b" x-headgate-tries, x-headgate-canned, x-headgate-simulated, x-headgate-warning,"
    b" x-headgate-route, x-headgate-upstream-request-id, x-headgate-cache,"
    b" x-headgate-idempotency, content-disposition"
)


_NAMELESS = re.compile(
    rb"(\[[0-9a-f:.]+\]|[0-9]{1,3}(\.[0-9]{1,3}){3}|([^:/]+\.)?localhost\.?)?(:[0-9]*)?", re.I
)
"""addresses and localhost: nobody can point these elsewhere in the DNS"""


def is_rebound(headers: Headers) -> bool:
    """Was the request made to a name that somebody else may own."""
    return _NAMELESS.fullmatch(fields.first(headers, b"host")) is None


class Cors:
    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def allows(self, origin: bytes) -> bool:
        return origin in self._origins or b"*" in self._origins

    def reply_headers(self, headers: Headers) -> Headers:
        """What lets the calling page read the reply; nothing for anybody else."""
        if not self._origins:
            return []
        origin = fields.first(headers, b"origin")
        if not origin or not self.allows(origin):
            return []
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED),
            (b"vary", b"origin"),
        ]

    def preflight(self, headers: Headers) -> Headers | None:
        """The answer to a browser's question; None: this origin is not allowed."""
        ours = self.reply_headers(headers)
        if not ours:
            return None
        asked = fields.first(headers, b"access-control-request-headers").lower()
        names = [name.strip() for name in asked.split(b",")]
        allowed = b", ".join(name for name in names if ALLOWED.fullmatch(name))
        return [
            *ours,
            (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, DELETE, OPTIONS"),
            (b"access-control-allow-headers", allowed or b"content-type"),
            (b"access-control-max-age", b"600"),
        ]

    def is_foreign(self, headers: Headers) -> bool:
        """Does the request come from a web page nobody named."""
        origin = fields.first(headers, b"origin")
        # "null" is what sandboxed frames and local files send; apps send schemes of their own
        is_page = origin == b"null" or origin.startswith((b"http://", b"https://"))
        return is_page and not self.allows(origin)
