"""Words about a conversation that nobody said, where the other side's rules want some.

Rule 1: every dialect says them alike: a conversation that moves from one vendor to the next is
the same conversation.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.wire.broken import BROKEN
from headgate.wire.meaning import Foreign

UNANSWERED = "[tool call was not completed]"
GO_ON = "[continue]"
"""the user's, where a model shall speak after its own words and not go on with them"""

_BILLING = "x-anthropic-billing-header:"
"""begins a block of Claude Code's system prompt that tells its vendor who asks"""
_BLOCK = msgspec.json.Decoder(dict[str, Any])


def instructs(text: str) -> bool:
    """Do these words of the operator's say anything to a model."""
    return bool(text) and not text.startswith(_BILLING)


def outcome(words: str, *, failed: bool) -> str:
    """A tool's result, for vendors whose results cannot say that the tool failed."""
    return f"Error: {words}" if failed else words


def orphan(words: str, *, failed: bool) -> str:
    """The result of a call that nobody made: still words that the model should know."""
    return f"Tool result: {outcome(words, failed=failed)}"


def plain(foreign: Foreign) -> str:
    """What a block of another vendor says in plain words, such as a search result."""
    try:
        block = _BLOCK.decode(foreign.raw)
    except BROKEN:
        return ""
    content = block.get("content")
    inside = content if isinstance(content, list) else [{"text": content}]
    said = [one.get("text") for one in inside if isinstance(one, dict)]
    words = [text for text in said if isinstance(text, str) and text]
    if not words:
        return ""
    heads = (block.get("title"), block.get("source"))
    return "\n".join([*(head for head in heads if isinstance(head, str) and head), *words])
