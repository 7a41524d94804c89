"""Ends an answer's text at a stop sequence where the upstream cannot be asked to.

Rule 1: text that may be the beginning of a stop sequence waits until it is known not to be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


class Cutter:
    """Feed it pieces of text; it returns what lies before the first stop sequence."""

    __slots__ = ("_held", "_longest", "_pattern", "_stops", "found")

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        # of two that begin at the same place, the shorter one is complete first
        self._pattern = re.compile("|".join(map(re.escape, sorted(stops, key=len))))
        self._longest = max(map(len, stops))
        self._held = ""
        self.found = ""

    def feed(self, text: str) -> str:
        if self.found:
            return ""
        text = self._held + text
        match = self._pattern.search(text)
        if match is not None:
            self.found, self._held = match[0], ""
            return text[: match.start()]
        at = self._undecided(text)
        self._held = text[at:]
        return text[:at]

    def finish(self) -> str:
        """The text is complete: what waited was none."""
        held, self._held = self._held, ""
        return held

    def _undecided(self, text: str) -> int:
        """From where on the text may still become a stop sequence."""
        first = max(0, len(text) - self._longest + 1)
        for at in range(first, len(text)):
            tail = text[at:]
            if any(stop.startswith(tail) for stop in self._stops):
                return at
        return len(text)
