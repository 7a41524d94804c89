"""Finds where values lie in JSON bytes, so that text can be put between them.

Rule 1: nothing is scanned that a decoder has measured: an entry is as long as its decoded twin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Raw

from headgate.wire.envelope import Envelope

_SPACE = b" \t\r\n"
_BLANK = re.compile(rb'"(?:[ \t]|\\[nrt]|\\u00(?:20|0[9aAdD]|[aA]0)|\xc2\xa0)*"')


def backwards(value: bytes, entries: list[Raw]) -> Iterator[tuple[Raw, int]]:
    """Each entry of a list and where it begins in the list's bytes, the last one first.

    What lies between two entries is a comma and blanks: so entries are counted off, not sought.
    """
    at = _behind_text(value, len(value)) - 1
    for entry in reversed(entries):
        start = _behind_text(value, at) - len(memoryview(entry))
        yield entry, start
        at = _behind_text(value, start) - 1


def _behind_text(value: bytes, at: int) -> int:
    while value[at - 1] in _SPACE:
        at -= 1
    return at


def within(whole: bytes, name: str) -> tuple[int, int] | None:
    """Where a member's value lies in an object; None where there is none, or more than one."""
    spans = Envelope(whole).spans()
    return None if spans is None else spans.get(name)


def is_blank(text: bytes) -> bool:
    """Whether a JSON string holds no more than blanks."""
    return _BLANK.fullmatch(text) is not None
