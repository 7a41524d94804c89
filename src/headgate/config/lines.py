"""On which line of a TOML text a key stands: for messages, so it may miss but never lie.

Rule 1: it is asked after the text was parsed, so it need not judge syntax.
Rule 2: what it cannot follow (keys inside an inline table) has no line of its own.
"""

from __future__ import annotations

import re

_KEY_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = rf"{_KEY_PART}(?:\s*\.\s*{_KEY_PART})*"
_HEAD = re.compile(rf"^\s*\[\[?\s*({_KEY})\s*\]\]?")
_PAIR = re.compile(rf"^\s*({_KEY})\s*=")
_PARTS = re.compile(_KEY_PART)
_LONG = ('"""', "'''")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def index_lines(text: str) -> dict[str, int]:
    """Dotted path -> line number, counted from 1; a table's path stands at its header."""
    lines: dict[str, int] = {}
    table: list[str] = []
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if head := _HEAD.match(line):
            table = _split(head[1])
            lines.setdefault(".".join(table), number)
        elif pair := _PAIR.match(line):
            lines.setdefault(".".join([*table, *_split(pair[1])]), number)
            rest = line[pair.end() :]
            closing = next((mark for mark in _LONG if rest.count(mark) == 1), "")
    return lines


def _split(key: str) -> list[str]:
    return [_plain(part) for part in _PARTS.findall(key)]


def _plain(part: str) -> str:
    """One spelling per key: quotes only where TOML needs them."""
    inner = part[1:-1] if part[0] in "\"'" else part
    return inner if _BARE.fullmatch(inner) else f'"{inner}"'
