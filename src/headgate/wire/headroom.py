"""What a vendor's reply says is left of its rate limits: read from the header fields alone.

Rule 1: whatever is malformed is as if it had not been said; one wrong field spoils no other.
Rule 2: a reply without such fields costs a look at its fields' first letters and no more.
(rate limit pages of both vendors, read 2026-11-20)
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import isfinite
from typing import NamedTuple

from headgate.wire.model import Headers

REQUESTS, INPUT, OUTPUT, TOKENS = "requests", "input_tokens", "output_tokens", "tokens"
GAUGES = (REQUESTS, INPUT, OUTPUT, TOKENS)
"""what vendors limit; tokens: input and output together"""
MOST = 10**15
LONGEST_S = 31 * 86_400.0
"""a limit that begins anew later than this is not one we understood"""

_PREFIXES = (b"anthropic-ratelimit-", b"x-ratelimit-")
_SPAN = re.compile(
    r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,6})m(?!s))?"
    r"(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?"
)
_SPAN_S = (86_400.0, 3600.0, 60.0, 1.0, 0.001)
_UNIX_MS = 1e11
_UNIX_S = 1e9


class Gauge(NamedTuple):
    """One limit."""

    kind: str
    """of GAUGES"""
    limit: int
    left: int
    full_in_s: float
    """until nothing of it is used; below 0: it was not said"""


class Told(NamedTuple):
    """What one reply said."""

    gauges: tuple[Gauge, ...]
    spares_cached: bool = False
    """does input that was read from the cache not count against the limits"""
    used: float = -1.0
    """the share of a subscription's fullest window that is used; below 0: it was not said"""
    shut_s: float = 0.0
    """for so long a subscription's window takes no more calls"""


class _Fields(NamedTuple):
    kind: str
    limit: bytes
    left: bytes
    reset: bytes


_ANTHROPIC = tuple(
    _Fields(kind, *(b"anthropic-ratelimit-%b-%b" % (name, each) for each in
                    (b"limit", b"remaining", b"reset")))
    for kind, name in ((REQUESTS, b"requests"), (INPUT, b"input-tokens"),
                       (OUTPUT, b"output-tokens"), (TOKENS, b"tokens"))
)  # fmt: skip
_OPENAI = tuple(
    _Fields(kind, *(b"x-ratelimit-%b%b" % (each, name) for each in
                    (b"limit", b"remaining", b"reset")))
    for kind, name in ((REQUESTS, b"-requests"), (TOKENS, b"-tokens"), (REQUESTS, b""))
)  # fmt: skip
_UNIFIED = b"anthropic-ratelimit-unified-"


def read(headers: Headers, at: datetime) -> Told | None:
    """What the fields say; None when they say nothing. `at`: when the reply came."""
    found: dict[bytes, bytes] | None = None
    for name, value in headers:
        if name.startswith(_PREFIXES):
            if found is None:
                found = {}
            found[name] = value
    if found is None:
        return None
    gauges: dict[str, Gauge] = {}
    ours = any(name.startswith(b"anthropic-") for name in found)
    for fields in _ANTHROPIC if ours else _OPENAI:
        gauge = _gauge(fields, found, at)
        if gauge is not None:
            gauges.setdefault(gauge.kind, gauge)
    if INPUT in gauges or OUTPUT in gauges:
        gauges.pop(TOKENS, None)  # it repeats whichever of the two is tighter
    used, shut_s = _unified(found, at) if ours else (-1.0, 0.0)
    if not gauges and used < 0 and not shut_s:
        return None
    return Told(tuple(gauges.values()), ours, used, shut_s)


def _gauge(fields: _Fields, found: dict[bytes, bytes], at: datetime) -> Gauge | None:
    limit, left = _number(found.get(fields.limit)), _number(found.get(fields.left))
    if not limit or left is None:
        return None
    return Gauge(
        fields.kind, int(limit), int(min(left, limit)), until_s(found.get(fields.reset), at)
    )


def _unified(found: dict[bytes, bytes], at: datetime) -> tuple[float, float]:
    """(the share used of a subscription's fullest window, seconds it is shut for)."""
    told = [
        _number(value)
        for name, value in found.items()
        if name.startswith(_UNIFIED)
        and name.endswith(b"-utilization")
        and b"overage" not in name
    ]
    shares = [share for share in told if share is not None]
    used = min(max(shares), 1.0) if shares else -1.0
    if found.get(_UNIFIED + b"status") != b"rejected":
        return used, 0.0
    return 1.0, max(0.0, until_s(found.get(_UNIFIED + b"reset"), at))


def until_s(value: bytes | None, at: datetime) -> float:
    """Seconds from `at` to the moment or for the span that a reset names; -1: it names none.

    Anthropic writes moments (RFC 3339, for subscriptions unix seconds), OpenAI spans such as
    `6m0s` and `12ms`; others write bare seconds or unix milliseconds.
    """
    if not value:
        return -1.0
    number = _number(value)
    if number is not None:
        if number >= _UNIX_S:
            number = number / (1000 if number >= _UNIX_MS else 1) - at.timestamp()
    else:
        text = value.decode("latin-1")
        number = _moment_s(text, at) if "T" in text else _span_s(text)
    return -1.0 if number is None or number > LONGEST_S else max(0.0, number)


def _moment_s(text: str, at: datetime) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - at).total_seconds()


def _span_s(text: str) -> float | None:
    match = _SPAN.fullmatch(text)
    if match is None or not text:
        return None
    parts = zip(match.groups(), _SPAN_S, strict=True)
    return sum(float(part) * seconds for part, seconds in parts if part)


def _number(value: bytes | None) -> float | None:
    """A count that is not below 0; None when there is none."""
    if value is None or len(value) > 20:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return max(0.0, number) if isfinite(number) and number <= MOST else None
