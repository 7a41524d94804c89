"""The words that replies and streams of Chat Completions have in common.

Facts: API reference "Chat" and "Streaming", as of 2026-11-20.
Rule 1: a call without an id gets one that depends on the reply alone, so that a reply read
twice is the same reply.
"""

from __future__ import annotations

import hashlib
from typing import Any

from headgate.wire.citation import PAGE, page, placed
from headgate.wire.meaning import Object, Stop, Text
from headgate.wire.model import Terms, Usage

DECLINED = "The model declined to answer."
"""what a refusal says that came without words"""

_FINISH: dict[Stop, str] = {
    Stop.END: "stop",
    Stop.SEQUENCE: "stop",
    Stop.PAUSE: "stop",
    Stop.LENGTH: "length",
    Stop.CONTEXT: "length",
    Stop.TOOLS: "tool_calls",
    Stop.REFUSAL: "content_filter",
}
_STOPS = {"length": Stop.LENGTH, "content_filter": Stop.REFUSAL, "model_length": Stop.CONTEXT}
_CALLED = ("tool_calls", "function_call")
BROKE_OFF = ("error", "insufficient_system_resource")
"""finish reasons that confess a failure: OpenRouter's and DeepSeek's (as of 2026-11-20)"""
_TIERS = ("flex", "scale", "priority", "fast")


def stop_of(finish: str, *, called: bool, refused: bool) -> Stop:
    """Why an answer ended; servers say `stop` although they call tools, and the reverse."""
    stop = _STOPS.get(finish)
    if stop is not None:
        return stop
    if refused and not (called and finish in _CALLED):
        return Stop.REFUSAL
    return Stop.TOOLS if called else Stop.END


def finish_of(stop: Stop, *, called: bool) -> str:
    """The finish reason a caller hears; one that runs tools looks at nothing else."""
    finish = _FINISH[stop]
    if finish in ("stop", "tool_calls"):
        return "tool_calls" if called else "stop"
    return finish


def minted_id(at: int, reply: str) -> str:
    """The id of a reply's tool call where the server gave none."""
    digest = hashlib.sha256(reply.encode("utf-8", "replace")).hexdigest()[:8]
    return f"call_{at}_{digest}"


def pages_in(annotations: Any) -> list[Object]:
    """The pages that a message cites; some servers write them flat."""
    found: list[Object] = []
    for one in annotations if isinstance(annotations, list) else ():
        if isinstance(one, dict) and one.get("type") == PAGE:
            inner = one.get(PAGE)
            known = page(inner if isinstance(inner, dict) else one)
            found += [known] if known is not None else []
    return found


def annotations_of(text: Text, length: int, before: int) -> list[Object]:
    """What a message says of the pages of a text so long, before which it says so much."""
    return [
        {"type": PAGE, PAGE: {k: v for k, v in said.items() if k != "type"}}
        for one in text.citations
        if one.get("type") == PAGE
        for said in (placed(one, length, before),)
    ]


def usage_members(usage: Usage) -> Object:
    total_input = usage.input_total
    written = total_input - usage.input_fresh - usage.cache_read
    return {
        "prompt_tokens": total_input,
        "completion_tokens": usage.output,
        "total_tokens": total_input + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": written,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_of_output},
    }


def tier_members(terms: Terms) -> Object:
    return {"service_tier": terms.tier} if terms.tier in _TIERS else {}
