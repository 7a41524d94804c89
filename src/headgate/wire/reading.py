"""What has been learned from a reply so far: tokens, terms, names, and whether it is finished.

Rule 1: token counts never decrease: a later event may add to them, not take away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from headgate.wire.model import STANDARD, Fault, Terms, Usage

NOTHING = Usage()


class Hasher(Protocol):
    def update(self, data: bytes, /) -> object: ...
    def digest(self, length: int, /) -> bytes: ...


@dataclass(slots=True)
class Reading:
    usage: Usage = NOTHING
    usage_seen: bool = False
    """did the provider report tokens at all"""
    terms: Terms = STANDARD
    model: str = ""
    reply_id: str = ""
    stop: str = ""
    text_chars: int = 0
    """characters of text, reasoning and tool arguments received"""
    text: list[str] = field(default_factory=list)
    keep_text_chars: int = 0
    """how many characters of text to keep; the gateway keeps none"""
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
    warnings: list[str] = field(default_factory=list)

    def hear(self, text: str | None) -> None:
        """A piece of the answer's text."""
        if not text:
            return
        self.content = True
        room = self.keep_text_chars - self.text_chars
        if room > 0:
            self.text.append(text[:room])
        self.text_chars += len(text)
        if self.hasher is not None:
            self.hasher.update(text.encode("utf-8", "replace"))

    def think(self, text: str | None) -> None:
        """A piece of reasoning or of a tool's arguments: output, but not the answer's text."""
        if text:
            self.content = True
            self.text_chars += len(text)

    def count(self, usage: Usage) -> None:
        old = self.usage
        self.usage_seen = True
        if old is NOTHING:
            self.usage = usage
            return
        self.usage = Usage(
            max(old.input_fresh, usage.input_fresh),
            max(old.cache_read, usage.cache_read),
            max(old.cache_write_5m, usage.cache_write_5m),
            max(old.cache_write_1h, usage.cache_write_1h),
            max(old.cache_write_30m, usage.cache_write_30m),
            max(old.cache_write_12h, usage.cache_write_12h),
            max(old.output, usage.output),
            max(old.reasoning_of_output, usage.reasoning_of_output),
            max(old.web_searches, usage.web_searches),
        )

    def warn(self, name: str) -> None:
        if name not in self.warnings:
            self.warnings.append(name)
