"""Writes the parts of a page: the whole of it, its tables, what is folded away.

Rule 1: whatever somebody wrote is text: no markup, and it turns nothing round beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from headgate.draw.style import SHEET

_TURNS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\n"), ord("\t")}
_SHOWN = dict.fromkeys((*_TURNS, *_CONTROLS), "\N{REPLACEMENT CHARACTER}")


def plain(text: str) -> str:
    """Text as it stands, with a mark for each character that would steer what is shown."""
    return escape(text.replace("\r\n", "\n").translate(_SHOWN))


def page(title: str, parts: Iterable[str]) -> str:
    """One file that needs no other."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{plain(title)}</title><style>{SHEET}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int]
) -> str:
    """`numbers`: the columns that are set to the right."""

    def cell(tag: str, at: int, words: str) -> str:
        kind = ' class="n"' if at in numbers else ""
        return f"<{tag}{kind}>{plain(words)}</{tag}>"

    head = "".join(cell("th", at, words) for at, words in enumerate(heads))
    body = "".join(
        f"<tr>{''.join(cell('td', at, words) for at, words in enumerate(row))}</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def beside(parts: Iterable[str]) -> str:
    """Parts, HTML already, next to each other where there is room."""
    return f'<div class="beside">{"".join(f"<div>{it}</div>" for it in parts)}</div>'


def folded(title: str, inside: str) -> str:
    """`inside` is HTML already."""
    return f"<details><summary>{plain(title)}</summary>{inside}</details>"


def items(words: Iterable[str], kind: str = "soft") -> str:
    """A list; nothing of nothing."""
    told = "".join(f"<li>{plain(word)}</li>" for word in words)
    return f'<ul class="{kind}">{told}</ul>' if told else ""
