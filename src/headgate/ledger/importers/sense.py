"""Decides what of a transcript's values can be meant: times and counts of tokens.

Rule 1: what cannot be meant is refused in words that name the value; what is merely odd is
taken, and noted.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from headgate.ledger.importers.importer import Tally

DAY_US = 86_400_000_000
MOST_TOKENS = 100_000_000
"""no single call has more"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_US = 1_577_836_800_000_000
"""2020: what lies before it is the mistake of a clock"""

FUTURE = "its time lies in the future: taken as it stands; look at that machine's clock"
BACK = "its time lies a day or more before that of the line above: taken as it stands"


class Senseless(ValueError):
    """A value that cannot be meant; the words say which and why."""


def micros(text: str) -> int:
    """A time as ISO 8601 has it; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        found = (at - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise Senseless("its timestamp is no time as ISO 8601 has it") from None
    if found < _FIRST_US:
        raise Senseless("its timestamp lies before 2020")
    return found


def tokens(*counts: int) -> None:
    """Refuse counts that no call can have."""
    for count in counts:
        if count < 0:
            raise Senseless("a count of tokens is negative")
        if count > MOST_TOKENS:
            raise Senseless(f"a count of tokens is above {MOST_TOKENS:,}")


def watch(tally: Tally, at_us: int, before_us: int, now_us: int) -> None:
    """Note a time that is odd beside the one before it, and beside now."""
    if now_us and at_us > now_us + DAY_US:
        tally.notes[FUTURE] += 1
    if before_us - at_us >= DAY_US:
        tally.notes[BACK] += 1


def not_json(text: bytes) -> str:
    """Why a line could not be decoded."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8"
    if text.startswith(b"{") and not text.endswith(b"}"):
        return "it is cut off: no JSON object ends in it"
    if b"\0" in text:
        return "it holds zero bytes, as a file does after a crash of its machine"
    return "it is no JSON object"
