"""What has been learned from a reply so far: tokens, terms, names, and whether it is finished.

Rule 1: total input and output never decrease: a later event may add to them or sort the input
into other classes, not take away.
Rule 2: a count that cannot be true is not believed, and is named in the warnings.
Rule 3: a report of nothing but zeros is no report: no prompt is empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from headgate.wire.model import STANDARD, Fault, Terms, Usage

NOTHING = Usage()
MOST_TOKENS = 1_000_000_000
"""of one class in one reply; more is a broken counter"""


class Hasher(Protocol):
    def update(self, data: bytes, /) -> object: ...
    def digest(self) -> bytes: ...


class CacheMiss(NamedTuple):
    """What a provider says of a prompt that its cache did not hold."""

    why: str
    """in its words, such as system_changed"""
    tokens: int
    """how many were missed; 0: it did not say"""


@dataclass(slots=True)
class Reading:
    usage: Usage = NOTHING
    usage_seen: bool = False
    """did the provider report any tokens"""
    terms: Terms = STANDARD
    model: str = ""
    reply_id: str = ""
    created_at: float = 0.0
    """when the provider says that its reply began, in seconds since 1970; 0: it did not say"""
    stop: str = ""
    text_chars: int = 0
    """characters of text, reasoning and tool arguments received"""
    text: list[str] = field(default_factory=list)
    keep_text_chars: int = 0
    """how many more characters of text to keep; the gateway keeps none"""
    hasher: Hasher | None = None
    """takes in the answer's text, where its fingerprint is wanted"""
    tools_called: int = 0
    last_sequence: int = -1
    """the last sequence number seen, where the dialect numbers its events"""
    content: bool = False
    """has anything arrived that the caller would miss if we started over"""
    done: bool = False
    """was the dialect's terminal event seen"""
    fault: Fault | None = None
    """the error the upstream reported inside the stream"""
    cache_miss: CacheMiss | None = None
    """why the prompt cache did not hold the prompt, where the provider says so"""
    warnings: list[str] = field(default_factory=list)

    def hear(self, text: str | None) -> None:
        """A piece of the answer's text."""
        if not text:
            return
        self.content = True
        if self.keep_text_chars > 0:
            self.text.append(text[: self.keep_text_chars])
            self.keep_text_chars -= len(text)
        self.text_chars += len(text)
        if self.hasher is not None:
            self.hasher.update(text.encode("utf-8", "replace"))

    def think(self, text: str | None) -> None:
        """A piece of reasoning or of a tool's arguments: output, but not the answer's text."""
        if text:
            self.content = True
            self.text_chars += len(text)

    def count(self, usage: Usage) -> None:
        """Enter a report of the whole reply so far, as the provider counts it."""
        if min(usage) < 0 or max(usage) > MOST_TOKENS:
            self.warn("impossible_usage")
            usage = Usage(*(min(max(part, 0), MOST_TOKENS) for part in usage))
        if not any(usage):
            return
        self.usage_seen = True
        old = self.usage
        self.usage = usage if old is NOTHING else _later(old, usage)

    def warn(self, name: str) -> None:
        if name not in self.warnings:
            self.warnings.append(name)


def _later(old: Usage, new: Usage) -> Usage:
    """The later of two reports, where it does not take away.

    Input that is no less than before may be sorted anew: some servers tell of cached tokens, or
    of how long a cache write lives, only in their last event.
    """
    largest = [max(pair) for pair in zip(old, new, strict=True)]
    if new.input_total >= old.input_total:
        largest[:6] = new[:6]
    return Usage(*largest)
