"""Reads JSON that a tool printed, whole or one document to a line, into records of ours.

Rule 1: what is not JSON, or has another shape, is Unreadable: it never counts as no problem.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from headgate.validate.check import Unreadable

T = TypeVar("T")


def whole(text: str, kind: type[T]) -> T:
    """One document."""
    try:
        return msgspec.json.decode(text.encode(), type=kind)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"its JSON cannot be read: {error}") from error


def by_line(text: str, kind: type[T]) -> list[T]:
    """A document to a line; lines that do not begin one are words for people."""
    lines = (line for line in text.splitlines() if line.startswith("{"))
    return [whole(line, kind) for line in lines]
