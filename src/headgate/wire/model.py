"""The nouns of one call: what was asked, what was used, what went wrong, how it ended.

Rule 1: everything here is data; no module of this package reads a clock, a socket or a file.
Rule 2: the first question about a fault is whose it is: FAULTS answers it, nothing else does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]
"""Header fields in wire order, names in lower case."""


class Kind(StrEnum):
    """Everything that can go wrong with a call. The set is closed."""

    INVALID = "invalid"
    NOT_FOUND = "not_found"
    NO_SUCH_PATH = "no_such_path"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    BUDGET = "budget"
    LOOP = "loop"
    TOO_LARGE = "too_large"
    OUTCOME_UNKNOWN = "outcome_unknown"
    TOO_LONG = "too_long"
    UNSUPPORTED = "unsupported"
    UNTRANSLATABLE = "untranslatable"
    UPSTREAM_INVALID = "upstream_invalid"
    UPSTREAM_AUTH = "upstream_auth"
    UPSTREAM_LIMITED = "upstream_limited"
    OVERLOADED = "overloaded"
    UPSTREAM = "upstream"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    IDLE = "idle"
    CLIENT_GONE = "client_gone"
    BUSY = "busy"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from a kind of fault."""

    whose: str
    """client, us, provider or network"""
    status: int
    """the HTTP status the client sees when the fault is final; 0: none is sent"""
    same_target: bool = False
    """may the same target be tried again"""
    next_target: bool = False
    """may the next rung of the ladder be tried"""
    cools: bool = False
    """does it cool the target"""
    client_may_retry: bool = False
    """would the same call, sent again by the client, have a chance"""


FAULTS: dict[Kind, Consequence] = {
    Kind.INVALID: Consequence("client", 400),
    Kind.NOT_FOUND: Consequence("client", 404),
    Kind.NO_SUCH_PATH: Consequence("client", 404),
    Kind.AUTH: Consequence("client", 401),
    Kind.FORBIDDEN: Consequence("client", 403),
    Kind.RATE_LIMITED: Consequence("client", 429, client_may_retry=True),
    Kind.BUDGET: Consequence("client", 429),
    Kind.LOOP: Consequence("client", 429),
    Kind.TOO_LARGE: Consequence("client", 413),
    Kind.OUTCOME_UNKNOWN: Consequence("us", 409),
    Kind.TOO_LONG: Consequence("client", 400),
    Kind.UNSUPPORTED: Consequence("client", 501),
    Kind.UNTRANSLATABLE: Consequence("us", 400, next_target=True),
    Kind.UPSTREAM_INVALID: Consequence("client", 400),
    Kind.UPSTREAM_AUTH: Consequence("us", 502, next_target=True, cools=True),
    Kind.UPSTREAM_LIMITED: Consequence(
        "provider", 429, same_target=True, next_target=True, cools=True, client_may_retry=True
    ),
    Kind.OVERLOADED: Consequence(
        "provider", 529, same_target=True, next_target=True, cools=True, client_may_retry=True
    ),
    Kind.UPSTREAM: Consequence(
        "provider", 502, same_target=True, next_target=True, cools=True, client_may_retry=True
    ),
    Kind.CONNECTION: Consequence(
        "network", 502, same_target=True, next_target=True, cools=True, client_may_retry=True
    ),
    Kind.TIMEOUT: Consequence(
        "provider", 504, next_target=True, cools=True, client_may_retry=True
    ),
    Kind.TRUNCATED: Consequence(
        "provider", 502, next_target=True, cools=True, client_may_retry=True
    ),
    Kind.IDLE: Consequence(
        "provider", 504, next_target=True, cools=True, client_may_retry=True
    ),
    Kind.CLIENT_GONE: Consequence("client", 0),
    Kind.BUSY: Consequence("us", 503, client_may_retry=True),
    Kind.INTERNAL: Consequence("us", 500),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer, kept as it came."""

    status: int
    headers: Headers
    body: bytes


class Fault(Exception):
    """A call, or one try of it, went wrong.

    `reply` is the upstream's own error answer where there was one: it is shown unmodified.
    `maybe_billed` says that the provider may charge for the try although we have no answer.
    `quoted`: the message is the upstream's own words, which may repeat the caller's: it is
    shown to the caller and kept nowhere.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        retry_after: float | None = None,
        detail: str = "",
        reply: Reply | None = None,
        maybe_billed: bool = False,
        quoted: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        self.detail = detail
        self.reply = reply
        self.maybe_billed = maybe_billed
        self.quoted = quoted

    @property
    def consequence(self) -> Consequence:
        return FAULTS[self.kind]

    def __repr__(self) -> str:
        return f"Fault({self.kind}, {self.message!r})"


class Ending(StrEnum):
    """How a reply ended. Every call has exactly one."""

    COMPLETE = "complete"
    ERROR = "error"
    IDLE = "idle"
    TRUNCATED = "truncated"
    CLIENT_GONE = "client_gone"


class Usage(NamedTuple):
    """Tokens of one reply in disjoint classes: total input is the sum of the first six.

    `reasoning_of_output` is part of `output` and is never added to it.
    """

    input_fresh: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_write_30m: int = 0
    cache_write_12h: int = 0
    output: int = 0
    reasoning_of_output: int = 0
    web_searches: int = 0

    @property
    def input_total(self) -> int:
        return sum(self[:6])


class Terms(NamedTuple):
    """On which terms a reply was served, as the provider reported; empty: standard."""

    tier: str = ""
    """batch, flex, priority, fast or scale"""
    speed: str = ""
    """fast"""
    geo: str = ""
    """us"""


STANDARD = Terms()
