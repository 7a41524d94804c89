"""Reads amounts as people write them: 1.2M/month, 8500/min, 70%, $1,200, 400/2s.

Rule 1: everything is exact: a fraction, never a float.
Rule 2: what cannot be read is a ValueError that says what can be; what may be read in two ways,
such as 1,5M, is not read.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

NANO = 10**9
HOURS_PER_DAY = 24

NUMBERS = "write a number such as 450, 1.2M or 10,000"

_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000, "g": 1_000_000_000}
_SECONDS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3_600),
    **dict.fromkeys(("d", "day"), 86_400),
}
_NUMBER = re.compile(
    r"([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+)"
    r"\s*([kKmMbBgG]?)"
)
_COMMA = re.compile(r"[0-9]+,[0-9]+\s*[kKmMbBgG]?")
_RATE = re.compile(r"(?P<count>[^/]+)(?:/\s*(?P<each>[0-9.]*)\s*(?P<unit>[a-z]+))?")
_MONTH = ("month", "mo")


def number(text: str) -> Fraction:
    """A number that may carry k, M or B: 450, 1.2M, 10,000."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        point = text.strip().replace(",", ".") if _COMMA.fullmatch(text.strip()) else ""
        raise ValueError(
            f"{text!r} is no amount; "
            + (f"decimals stand after a point: {point}" if point else NUMBERS)
        )
    digits = found[1].replace("_", "").replace(",", "")
    return Fraction(digits) * _TIMES[found[2].lower()]


def share(text: str) -> Fraction:
    """A part of the whole: 0.7 or 70%."""
    plain = text.strip()
    try:
        if plain.endswith("%"):
            return Fraction(plain[:-1].strip()) / 100
        return Fraction(plain)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{text!r} is no share; write 0.7 or 70%") from None


def part(text: str) -> Fraction:
    """A share that cannot be more than all of it."""
    found = share(text)
    if not 0 <= found <= 1:
        raise ValueError(f"{text!r} is no part of a whole; write 0.7 or 70%")
    return found


def growth(text: str) -> Fraction:
    """A change from one month to the next: 5%, 0.05 or -2%; more than all of it needs its %."""
    found = share(text)
    if found > 1 and not text.strip().endswith("%"):
        raise ValueError(
            f"{text!r} would be {float(found):.0%} a month; write {text.strip()}%,"
            f" or {float(found) * 100:g}% if it is so"
        )
    return found


def nusd(text: str) -> int:
    """Dollars as nano-dollars: 3, $1,200, 1.2k."""
    try:
        whole = number(text.strip().removeprefix("$")) * NANO
    except ValueError:
        raise ValueError(f"{text!r} is no sum of money; write dollars: 500 or 1.2k") from None
    if whole.denominator != 1:
        raise ValueError(f"{text!r} is finer than a nano-dollar")
    return int(whole)


def price(text: str) -> str:
    """Dollars per million tokens, as decimal text; ValueError where it is none."""
    plain = text.strip().removeprefix("$")
    try:
        usd = Decimal(plain)
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or usd < 0:
        raise ValueError(f"{text!r} is no price; write dollars per million tokens: 3 or 0.25")
    return plain


def per_month(text: str, days: int) -> Fraction:
    """Requests a month; 1.2M, 1.2M/month, 40k/day, 5/min."""
    found = _split(text)
    if found["unit"] in (None, *_MONTH):
        return number(found["count"]) / _each(found["each"])
    return _per_second(text) * days * HOURS_PER_DAY * 3_600


def per_hour(text: str) -> Fraction:
    """Arrivals an hour; 9, 9/h, 8/min."""
    return _per_second(text if "/" in text else f"{text}/h") * 3_600


def per_minute(text: str) -> Fraction:
    """Requests or tokens a minute; 8500, 8500/min, 120/s."""
    return _per_second(text if "/" in text else f"{text}/min") * 60


def burst(text: str) -> tuple[Fraction, Fraction]:
    """So many requests within so many seconds: 400/2s, 120/s."""
    found = _split(text)
    if found["unit"] not in _SECONDS:
        raise ValueError(f"{text!r} is no burst; write requests per seconds: 400/2s")
    return number(found["count"]), _each(found["each"]) * _SECONDS[found["unit"]]


def _per_second(text: str) -> Fraction:
    found = _split(text)
    unit = (found["unit"] or "").rstrip("s") or found["unit"]
    if unit not in _SECONDS:
        known = "s, min, h, day or month"
        raise ValueError(f"{text!r}: {found['unit']!r} is no unit of time; write {known}")
    return number(found["count"]) / (_each(found["each"]) * _SECONDS[unit])


def _split(text: str) -> dict[str, str]:
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no rate; write 1.2M/month, 40k/day or 8500/min")
    return found.groupdict()


def _each(text: str | None) -> Fraction:
    try:
        each = Fraction(text) if text else Fraction(1)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{text!r} is no span; write 400/2s or 1.2M/month") from None
    if each <= 0:
        raise ValueError("a rate is per more than nothing")
    return each
