"""Which names files of callers may have: decides what is a path inside a work folder.

Rule 1: a name is refused with words, never mended: what runs must find what was sent.
Rule 2: what a terminal, a log or a person would read otherwise than it is, is no name.
"""

from __future__ import annotations

import unicodedata

from headgate.gateway.execute.trouble import wrong

LONGEST = 255
"""bytes of one part of a path"""
DEEPEST = 16
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check(path: str, param: str) -> str:
    """The path, if it is one inside the work folder; Fault says why it is none."""
    why = _fault(path) or next((w for part in path.split("/") if (w := _part(part))), "")
    if why:
        what = f"{spelled(path)} is no name for a file: {why}"
        raise wrong(param, what, "name it like data/sales.csv")
    return path


def spelled(name: str) -> str:
    """The name as it may stand in a message: nothing in it acts, and it is short."""
    shown = name if len(name) <= 80 else f"{name[:80]}…"
    return ascii(shown)


def _fault(path: str) -> str:
    if not path:
        return "it is empty"
    if path.startswith("/"):
        return "it must be relative to the work folder"
    if path.count("/") >= DEEPEST:
        return f"it is deeper than {DEEPEST} folders"
    return next((why for char in path if (why := _character(char))), "")


def _character(char: str) -> str:
    if char in _TURNING:
        return "it holds a mark that turns the direction of text"
    if char == "\ufffd":  # what stands where bytes were no UTF-8
        return "it is not valid Unicode"
    if char == "\\":
        return "folders are parted by /"
    category = unicodedata.category(char)
    if category == "Cc":
        return "it holds a line break" if char in "\r\n" else "it holds a control character"
    if category in ("Zl", "Zp"):
        return "it holds a line break"
    return "it is not valid Unicode" if category == "Cs" else ""


def _part(part: str) -> str:
    if part in ("", "."):
        return "a part of it is empty"
    if not part.strip("."):
        return "it leads out of the work folder" if part == ".." else "a part of it is dots"
    if part != part.strip():
        return "a part of it begins or ends with a space"
    if part.startswith("-"):
        return "a part of it begins with a dash, which programs take for an option"
    if len(part.encode()) > LONGEST:
        return f"a part of it is longer than {LONGEST} bytes"
    return ""
