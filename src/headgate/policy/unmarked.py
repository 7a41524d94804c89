"""Where a request's text holds cache marks: they say how it is cached, and are no part of it.

Rule 1: a mark with its comma is one range of bytes; what is left without it reads as if the
mark had never been there.
Rule 2: a name within a text is no mark: its quotes are escaped there.
"""

from __future__ import annotations

import re

ANTHROPIC = (b'"cache_control"',)
NAMES = (*ANTHROPIC, b'"prompt_cache_breakpoint"')
"""those of OpenAI's wire too, where some vendors read the former's as well"""

_VALUE = re.compile(rb'"[a-z_]+"[ \t\r\n]*:[ \t\r\n]*(?:\{[^{}]*\}|null|true|"[a-z0-9]*")')
_AFTER = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_BLANK = b" \t\r\n"

Range = tuple[int, int]


def ranges(body: bytes, start: int, end: int, names: tuple[bytes, ...] = NAMES) -> list[Range]:
    """The marks between two places, in their order."""
    found: list[Range] = []
    for name in names:
        at = body.find(name, start, end)
        while at >= 0:
            mark = _range(body, at, end)
            if mark is not None:
                found.append(mark)
            at = body.find(name, at + len(name), end)
    if len(found) > 1:
        found.sort()
    return found


def _range(body: bytes, at: int, end: int) -> Range | None:
    value = _VALUE.match(body, at, end)
    if value is None:
        return None
    before = at - 1
    while body[before] in _BLANK:
        before -= 1
    if body[before] == ord(","):
        return before, value.end()
    if body[before] != ord("{"):
        return None
    after = _AFTER.match(body, value.end(), end)
    return at, after.end() if after is not None else value.end()


def without(text: bytes, marks: list[Range]) -> bytes:
    """The text between marks, joined."""
    kept, at = [], 0
    for start, end in marks:
        kept.append(text[at:start])
        at = max(at, end)
    return b"".join((*kept, text[at:]))
