"""How many tokens a text is likely to be, where nobody counted: aborted replies, intents.

Rule 1: an estimate never replaces a count the provider gave; it is marked as one on the row.
"""

from __future__ import annotations

import re

CHARS_PER_TOKEN = 4.0
"""an agent's English and JSON measured 4.18 on o200k, newer Claude tokenizers about 3.2"""
FEWEST, MOST = 1.5, 8.0
MEMORY = 0.05
LONG_ENOUGH_TOKENS = 50
MODELS_KEPT = 1000
PICTURE_TOKENS = 1500
"""what an image or a page is taken for where only its bytes are known"""
MOST_CHARS_PER_TOKEN = 12
"""a tokenizer that packs more into each token of a whole request is not known"""
_ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{2000,}")


def tokens(chars: int, chars_per_token: float = CHARS_PER_TOKEN) -> int:
    """At least one token for any text at all."""
    return -int(-chars // chars_per_token)


class Ratio:
    """Characters per output token, learned for each model from replies that were counted."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[str, float] = {}

    def learn(self, model: str, chars: int, counted: int) -> None:
        if counted < LONG_ENOUGH_TOKENS or not chars:
            return
        seen = min(max(chars / counted, FEWEST), MOST)
        before = self._of.get(model)
        if before is None and len(self._of) >= MODELS_KEPT:
            return
        self._of[model] = seen if before is None else before + MEMORY * (seen - before)

    def of(self, model: str) -> float:
        return self._of.get(model, CHARS_PER_TOKEN)


def of_body(body: bytes) -> tuple[int, int]:
    """(the tokens a request likely has, those it has for certain); pictures are no text."""
    size, pictures = len(body), 0
    if b"base64" in body:
        runs = [len(run) for run in _ENCODED.findall(body)]
        size, pictures = size - sum(runs), len(runs)
    return tokens(size) + pictures * PICTURE_TOKENS, size // MOST_CHARS_PER_TOKEN
