"""Finds brackets that belong together, and the pieces that separators leave.

Rule 1: what never closes is an error, not a guess.
"""

from __future__ import annotations


def closing(text: str, at: int) -> int:
    """Where the bracket at `at` closes."""
    pairs = {"(": ")", "[": "]", "{": "}", "<": ">"}
    left, right, depth = text[at], pairs[text[at]], 0
    for place in range(at, len(text)):
        if text[place] == left:
            depth += 1
        elif text[place] == right and text[place - 1] != "-" and text[place - 1] != "=":
            depth -= 1
            if depth == 0:
                return place
    raise ValueError("a bracket that is never closed")


def split(text: str, by: str = ",") -> list[str]:
    """The pieces between separators that stand outside of all brackets."""
    pieces, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        if sign in "([{<":
            depth += 1
        elif sign in ")]}>" and text[place - 1 : place + 1] not in ("->", "=>"):
            depth -= 1
        elif sign == by and depth == 0:
            pieces.append(text[start:place].strip())
            start = place + 1
    return [it for it in (*pieces, text[start:].strip()) if it]
