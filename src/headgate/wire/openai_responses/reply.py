"""What a Response object towards a caller looks like: its frame, its items, its usage.

Rule 1: ids are made from the call's id and the item's place, so that they can be made again.
Rule 2: a Response repeats what the caller asked for; what the caller left out, it repeats with
OpenAI's defaults, as clients check for the fields.
Rule 3: reasoning is sealed for the caller to send back only if the caller asked for that.

Facts: API reference "The response object", as of 2026-11-20; openai 3.52 parses it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from headgate.wire import seal
from headgate.wire.citation import PAGE, placed
from headgate.wire.meaning import Object, Refusal, Stop, Text, Thought, ToolCall
from headgate.wire.model import Terms, Usage
from headgate.wire.voice import Voice

_encode = msgspec.json.encode
_REPEATED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""what a Response says of its request, and what it says where the request did not"""
_NULL = b"null"
_TIERS = ("flex", "priority", "scale", "fast")
_REASONS = {
    Stop.LENGTH: "max_output_tokens",
    Stop.CONTEXT: "max_output_tokens",
    Stop.REFUSAL: "content_filter",
}
"""which ends make an answer incomplete"""
_FILES = ("file_citation", "container_file_citation", "file_path")
"""citations of files in OpenAI's own store"""


class Frame(NamedTuple):
    """Everything of a Response but what the model said."""

    voice: Voice
    id: str
    model: str
    created_s: int
    echo: bytes
    """the repeated members, as they stand in every Response of the call"""

    def opened(self) -> bytes:
        """The Response of which nothing was said yet."""
        return self._response("in_progress", None, b"", b"null", b"")

    def closed(self, stop: Stop, items: list[bytes], usage: Usage, terms: Terms) -> bytes:
        tier = terms.tier if terms.tier in _TIERS else "default"
        return self._response(
            status(stop),
            _REASONS.get(stop),
            b",".join(items),
            _encode(said_usage(usage)),
            b',"service_tier":"%b"' % tier.encode(),
        )

    def _response(
        self, status: str, reason: str | None, output: bytes, usage: bytes, tier: bytes
    ) -> bytes:
        head = {
            "id": self.id,
            "object": "response",
            "created_at": self.created_s,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": reason} if reason is not None else None,
            "model": self.model,
        }
        return b'%b,%b%b,"output":[%b],"usage":%b}' % (
            _encode(head)[:-1],
            self.echo,
            tier,
            output,
            usage,
        )


def frame(voice: Voice, id: str, model: str, created_s: int = 0) -> Frame:
    """`id` and `model` are the upstream's; empty where it did not say."""
    if not id.startswith("resp_"):
        id = f"resp_{id or voice.call_id}"
    repeated = {name: _repeat(voice, name) for name in _REPEATED}
    echo = _encode(repeated)[1:-1]
    return Frame(voice, id, model or voice.model, created_s or voice.at_s, echo)


def _repeat(voice: Voice, name: str) -> Any:
    raw = voice.echo.get(name)
    return _REPEATED[name] if raw is None or bytes(raw).strip() == _NULL else raw


def wants_seals(voice: Voice) -> bool:
    """Did the caller ask for reasoning that it can send back?"""
    raw = voice.echo.get("include")
    return raw is not None and b'"reasoning.encrypted_content"' in bytes(raw)


def status(stop: Stop) -> str:
    return "incomplete" if stop in _REASONS else "completed"


def said_usage(usage: Usage) -> Object:
    long = usage.cache_write_1h + usage.cache_write_12h
    short = usage.cache_write_5m + usage.cache_write_30m
    details: Object = {
        "cached_tokens": usage.cache_read,
        "cache_write_tokens": short + long,
    }
    if long:
        details["cache_write_tokens_details"] = {
            "ttl_30m_tokens": short,
            "ttl_12h_tokens": long,
        }
    return {
        "input_tokens": usage.input_total,
        "input_tokens_details": details,
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_of_output},
        "total_tokens": usage.input_total + usage.output,
    }


def message(id: str, content: list[Object], status: str) -> Object:
    return {
        "id": id,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def words(part: Text | Refusal) -> Object:
    """A part of a message's content."""
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    annotations = [said for one in part.citations if (said := _annotation(one, part.text))]
    return {
        "type": "output_text",
        "text": part.text,
        "annotations": annotations,
        "logprobs": [],
    }


def _annotation(citation: Object, text: str) -> Object:
    """A citation in OpenAI's words; empty when it has none for it."""
    kind = citation.get("type")
    if kind == PAGE:
        return placed(citation, len(text))
    return citation if kind in _FILES else {}


def call(part: ToolCall, id: str, status: str) -> Object:
    """A tool call as an item."""
    item: Object = {
        "id": id,
        "type": "custom_tool_call" if part.custom else "function_call",
        "status": status,
        "call_id": part.id,
        "name": part.name,
    }
    if part.namespace:
        item["namespace"] = part.namespace
    if part.custom:
        item["input"] = part.arguments
    else:
        item["arguments"] = part.arguments
    return item


def search(query: str, id: str, status: str) -> Object:
    """A vendor's own search of the web as an item."""
    action = {"type": "search", "query": query}
    return {"id": id, "type": "web_search_call", "status": status, "action": action}


def reasoning(thought: Thought, id: str, *, sealed: bool) -> Object:
    """A thought as an item; the seal holds all of it, for whoever made it to know it again."""
    summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
    item: Object = {"id": id, "type": "reasoning", "summary": summary}
    if sealed:
        item["encrypted_content"] = seal.wrap(thought)
    return item


def item_id(prefix: str, voice: Voice, at: int) -> str:
    return f"{prefix}_{voice.call_id}_{at}"
