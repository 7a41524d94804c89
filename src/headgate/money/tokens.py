"""How many tokens a text becomes at one model that another model's tokenizer has counted.

Rule 1: a ratio is an assumption with a source and a date, never applied unless somebody said
which model counted.
Rule 2: between tokenizers of which nothing is known, the count stays as it is.
"""

from __future__ import annotations

import re
from fractions import Fraction

NEW_CLAUDE, OLD_CLAUDE = "Claude 4.7 and newer", "Claude 4.6 and older"

SOURCE = (
    "about 30 % more tokens than Claude 4.6 and older for the same text"
    " (Claude docs, models overview, checked 2026-11-20)"
)

LARGER = Fraction(13, 10)
"""what a text of the older tokenizer grows to at the newer one"""

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?=$|[-@:\[])")


def tokenizer(model: str) -> str:
    """Whose tokenizer a model has; empty: nothing is known of it."""
    found = _VERSION.search(model.lower())
    if found is None:
        return ""
    version = (int(found[1]), int(found[2] or 0))
    return NEW_CLAUDE if version >= (4, 7) else OLD_CLAUDE


def ratio(model: str, counted_with: str) -> Fraction:
    """What to multiply counts of `counted_with` by, to have those of `model`."""
    here, there = tokenizer(model), tokenizer(counted_with)
    if not here or not there or here == there:
        return Fraction(1)
    return LARGER if here == NEW_CLAUDE else 1 / LARGER


def comparable(model: str, counted_with: str) -> bool:
    """Whether the ratio is known: of a model to itself it is."""
    if not counted_with or model.lower() == counted_with.lower():
        return True
    return bool(tokenizer(model) and tokenizer(counted_with))
