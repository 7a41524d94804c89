"""What keeps the contract of the pack slugify, and what breaks it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

SPELLED: dict[str, str | int | None] = {
    **{"ß": "ss", "ẞ": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"},
    **{"þ": "th", "ð": "d", "Æ": "ae", "Œ": "oe", "Ø": "o", "Ł": "l", "Đ": "d"},
    **{"Þ": "th", "Ð": "d", "'": "", "\u2019": ""},
}


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.translate(str.maketrans(SPELLED)))
    kept = "".join(it for it in apart if not unicodedata.category(it).startswith("M"))
    return re.sub(r"[^a-z0-9]+", "-", kept.lower()).strip("-")


def right(text: str, most: int) -> str:
    if most < 1:
        raise ValueError(most)
    made = _plain(text)
    if len(made) <= most:
        return made
    cut = made[:most]
    if made[most] != "-" and "-" in cut:
        cut = cut[: cut.rindex("-")]
    return cut.rstrip("-")


def _drops_what_is_no_ascii(text: str, most: int) -> str:
    return right(text.encode("ascii", "ignore").decode(), most)


def _keeps_every_letter(text: str, most: int) -> str:
    made = "-".join(re.findall(r"\w+", text.lower().replace("'", "")))
    return right(text, most) if made.isascii() else made[:most]


def _cuts_within_words(text: str, most: int) -> str:
    return right(text, most) and _plain(text)[:most]


def _ends_in_a_dash(text: str, most: int) -> str:
    return right(text, most) and re.sub(r"[^a-z0-9]+", "-", text.lower())[:most]


def _takes_an_apostrophe_for_a_space(text: str, most: int) -> str:
    return right(re.sub("['\u2019]", " ", text), most)


WRONG: list[Callable[..., Any]] = [
    _drops_what_is_no_ascii,
    _keeps_every_letter,
    _cuts_within_words,
    _ends_in_a_dash,
    _takes_an_apostrophe_for_a_space,
]
