"""What the simulator takes a text's meaning to be: a point near those of texts with like words.

Rule 1: each word has a direction of its own, drawn from its letters; a text's point is the sum
of its words', and a long word says more than a short one. Order and capitals say nothing.
Rule 2: the same words give the same point, whenever and wherever.
"""

from __future__ import annotations

import math
import re
from array import array
from functools import lru_cache
from hashlib import shake_256
from typing import Any

COORDINATES = 48
"""that a word moves"""
MOST_LETTERS = 8
"""from there on a word says no more"""
_WORD = re.compile(r"\w+")
_BYTES = 3


def vector(text: Any, size: int) -> array[float]:
    """The point of a text, or of a list of tokens, at the distance of 1."""
    words = _WORD.findall(text.lower()) if isinstance(text, str) else [str(it) for it in text]
    sums = [0.0] * size
    for word in words or [repr(text)]:
        _add(word, sums)
    if not any(sums):  # they cancel each other out, as can happen in a small space
        sums[len(words) % size] = 1.0
    length = math.sqrt(math.fsum(value * value for value in sums))
    return array("f", [value / length for value in sums])


def _add(word: str, sums: list[float]) -> None:
    weight = float(min(len(word), MOST_LETTERS))
    drawn = _drawn(word)
    for at in range(0, len(drawn), _BYTES):
        place = int.from_bytes(drawn[at : at + 2], "big") % len(sums)
        sums[place] += weight if drawn[at + 2] & 1 else -weight


@lru_cache(maxsize=4096)
def _drawn(word: str) -> bytes:
    return shake_256(word.encode("utf-8", "surrogatepass")).digest(_BYTES * COORDINATES)
