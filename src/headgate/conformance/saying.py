"""Answers as vendors send them, whole or event by event, from parts in words of no dialect."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

Event = dict[str, Any] | str


class Bit(NamedTuple):
    """One part of an answer, cut into the pieces it is streamed in."""

    kind: str
    """text, thought, refusal, tool or custom"""
    pieces: tuple[str, ...] = ()
    id: str = ""
    name: str = ""
    seal: str = ""
    cited: tuple[str, ...] = ()
    """the pages that all of a text comes from"""

    @property
    def whole(self) -> str:
        return "".join(self.pieces)


STOPS = {
    "anthropic": {
        "end": "end_turn",
        "tools": "tool_use",
        "length": "max_tokens",
        "refusal": "refusal",
    },
    "openai_chat": {
        "end": "stop",
        "tools": "tool_calls",
        "length": "length",
        "refusal": "content_filter",
    },
    "openai_responses": {
        "end": "completed",
        "tools": "completed",
        "length": "max_output_tokens",
        "refusal": "content_filter",
    },
}
MODELS = {
    "anthropic": "claude-opus-5-5",
    "openai_chat": "gpt-6-luna",
    "openai_responses": "gpt-6.1-sol",
}
ANTHROPIC_USAGE = {
    "input_tokens": 76,
    "cache_creation_input_tokens": 100,
    "cache_read_input_tokens": 1024,
    "output_tokens": 1,
}
CHAT_USAGE = {
    "prompt_tokens": 1200,
    "completion_tokens": 50,
    "total_tokens": 1250,
    "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
RESPONSES_USAGE = {
    "input_tokens": 1200,
    "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 100},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 30},
    "total_tokens": 1250,
}


def stream_of(dialect: str, bits: list[Bit], stop: str) -> list[Event]:
    """The whole stream: `stop` is end, tools, length or refusal."""
    word = STOPS[dialect][stop]
    if dialect == "anthropic":
        return _messages(bits, word)
    if dialect == "openai_chat":
        return _chat(bits, word)
    return _responses(bits, word)


def _messages(bits: list[Bit], stop: str) -> list[Event]:
    message: dict[str, Any] = {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": ANTHROPIC_USAGE,
    }
    out: list[Event] = [{"type": "message_start", "message": message}, {"type": "ping"}]
    for index, bit in enumerate(bits):
        block, field = {
            "thought": ({"type": "thinking", "thinking": "", "signature": ""}, "thinking"),
            "tool": (
                {"type": "tool_use", "id": bit.id, "name": bit.name, "input": {}},
                "partial_json",
            ),
        }.get(bit.kind, ({"type": "text", "text": ""}, "text"))
        kind = {"partial_json": "input_json_delta"}.get(field, f"{field}_delta")
        deltas: list[dict[str, Any]] = [{"type": kind, field: it} for it in bit.pieces]
        if bit.kind == "thought":
            deltas.append({"type": "signature_delta", "signature": bit.seal})
        deltas += [{"type": "citations_delta", "citation": each} for each in found(bit)]
        at = {"index": index}
        out.append({"type": "content_block_start", **at, "content_block": block})
        out += [{"type": "content_block_delta", **at, "delta": delta} for delta in deltas]
        out.append({"type": "content_block_stop", **at})
    last = {"stop_reason": stop, "stop_sequence": None}
    out.append({"type": "message_delta", "delta": last, "usage": {"output_tokens": 50}})
    out.append({"type": "message_stop"})
    return out


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk of a Chat Completions stream."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1763000000,
        "model": "gpt-6-luna",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


_CHAT_MEMBERS = {"text": "content", "thought": "reasoning_content", "refusal": "refusal"}


def _chat(bits: list[Bit], stop: str) -> list[Event]:
    out: list[Event] = [chunk({"role": "assistant", "content": ""})]
    index, said = -1, 0
    for bit in bits:
        if bit.kind in _CHAT_MEMBERS:
            out += [chunk({_CHAT_MEMBERS[bit.kind]: piece}) for piece in bit.pieces]
            if bit.cited:
                out.append(chunk({"annotations": cited(bit, said)}))
            said += len(bit.whole) if bit.kind == "text" else 0
            continue
        index += 1
        kind, member = (
            ("custom", "input") if bit.kind == "custom" else ("function", "arguments")
        )
        first = {
            "index": index,
            "id": bit.id,
            "type": kind,
            kind: {"name": bit.name, member: ""},
        }
        out.append(chunk({"tool_calls": [first]}))
        out += [
            chunk({"tool_calls": [{"index": index, kind: {member: piece}}]})
            for piece in bit.pieces
        ]
    out.append(chunk({}, stop))
    out.append({**chunk({}), "choices": [], "usage": CHAT_USAGE})
    out.append("[DONE]")
    return out


def cited(bit: Bit, before: int = 0) -> list[dict[str, Any]]:
    """Chat Completions' citations of a text before which so many characters were said."""
    place = {"start_index": before, "end_index": before + len(bit.whole)}
    kind = "url_citation"
    pages = [{"url": url, "title": "A page", **place} for url in bit.cited]
    return [{"type": kind, kind: page} for page in pages]


def found(bit: Bit) -> list[dict[str, Any]]:
    """Anthropic's."""
    kind = {"type": "web_search_result_location", "cited_text": "As it says."}
    return [
        {**kind, "url": url, "title": "A page", "encrypted_index": "Eo8B"} for url in bit.cited
    ]


def _response(status: str, output: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1763000000,
        "status": status,
        "model": "gpt-6.1-sol",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "usage": None,
        **more,
    }


def _responses(bits: list[Bit], stop: str) -> list[Event]:
    opening = _response("in_progress", [])
    out: list[Event] = [
        {"type": "response.created", "response": opening},
        {"type": "response.in_progress", "response": opening},
    ]
    items = []
    for index, bit in enumerate(bits):
        item, events = _item(bit, index)
        items.append(item)
        out += events
    status = "completed" if stop == "completed" else "incomplete"
    details = None if stop == "completed" else {"reason": stop}
    whole = _response(status, items, usage=RESPONSES_USAGE, incomplete_details=details)
    out.append({"type": f"response.{status}", "response": whole})
    return [
        {**event, "sequence_number": n} if isinstance(event, dict) else event
        for n, event in enumerate(out)
    ]


def _item(bit: Bit, index: int) -> tuple[dict[str, Any], list[Event]]:
    id = f"item_{index}"
    if bit.kind in ("text", "refusal"):
        member, kind = ("text", "output_text") if bit.kind == "text" else ("refusal", "refusal")
        item = {"id": id, "type": "message", "role": "assistant", "status": "completed"}
        part: dict[str, Any] = {"type": kind, member: bit.whole}
        if kind == "output_text":
            part["annotations"] = [{**it.pop("url_citation"), **it} for it in cited(bit)]
        where = {"content_index": 0}
        steps = ("content_part", kind)
        whole = {**item, "content": [part]}
        started = {**item, "status": "in_progress", "content": []}
    elif bit.kind == "thought":
        item = {"id": id, "type": "reasoning", "encrypted_content": bit.seal}
        member, part = "text", {"type": "summary_text", "text": bit.whole}
        where = {"summary_index": 0}
        steps = ("reasoning_summary_part", "reasoning_summary_text")
        whole, started = {**item, "summary": [part]}, {**item, "summary": []}
    else:
        return _call(bit, id, index)
    at = {"item_id": id, "output_index": index, **where}
    events: list[Event] = [
        {"type": "response.output_item.added", "output_index": index, "item": started},
        {"type": f"response.{steps[0]}.added", **at, "part": {**part, member: ""}},
        *({"type": f"response.{steps[1]}.delta", **at, "delta": piece} for piece in bit.pieces),
        *_annotations(at, part),
        {"type": f"response.{steps[1]}.done", **at, member: bit.whole},
        {"type": f"response.{steps[0]}.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": index, "item": whole},
    ]
    return whole, events


def _annotations(at: dict[str, Any], part: dict[str, Any]) -> list[Event]:
    kind = "response.output_text.annotation.added"
    given = enumerate(part.get("annotations", ()))
    return [{"type": kind, **at, "annotation_index": n, "annotation": it} for n, it in given]


def _call(bit: Bit, id: str, index: int) -> tuple[dict[str, Any], list[Event]]:
    kind, member, step = (
        ("custom_tool_call", "input", "custom_tool_call_input")
        if bit.kind == "custom"
        else ("function_call", "arguments", "function_call_arguments")
    )
    pieces = bit.pieces if bit.whole or bit.kind == "custom" else ("{}",)
    item = {"id": id, "type": kind, "call_id": bit.id, "name": bit.name}
    whole = {**item, "status": "completed", member: "".join(pieces)}
    started = {**item, "status": "in_progress", member: ""}
    at = {"item_id": id, "output_index": index}
    return whole, [
        {"type": "response.output_item.added", "output_index": index, "item": started},
        *({"type": f"response.{step}.delta", **at, "delta": piece} for piece in pieces),
        {"type": f"response.{step}.done", **at, member: whole[member]},
        {"type": "response.output_item.done", "output_index": index, "item": whole},
    ]


def sent(dialect: str, events: list[Event]) -> list[bytes]:
    """The events on the wire, one by one."""
    out = []
    for event in events:
        if isinstance(event, str):
            out.append(f"data: {event}\n\n".encode())
            continue
        named = dialect != "openai_chat" and isinstance(event.get("type"), str)
        name = f"event: {event['type']}\n" if named else ""
        out.append(f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
    return out


def whole_of(dialect: str, bits: list[Bit], stop: str) -> dict[str, Any]:
    """The same answer in one piece."""
    word = STOPS[dialect][stop]
    if dialect == "anthropic":
        return _whole_message(bits, word)
    if dialect == "openai_chat":
        return _whole_chat(bits, word)
    events = _responses(bits, word)
    last = events[-1]
    return last["response"] if isinstance(last, dict) else {}


def _whole_message(bits: list[Bit], stop: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for bit in bits:
        if bit.kind == "tool":
            use = {"type": "tool_use", "id": bit.id, "name": bit.name}
            content.append({**use, "input": json.loads(bit.whole or "{}")})
        elif bit.kind == "thought":
            sealed = {"type": "thinking", "thinking": bit.whole, "signature": bit.seal}
            content.append(sealed)
        else:
            cites = {"citations": found(bit)} if bit.cited else {}
            content.append({"type": "text", "text": bit.whole, **cites})
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": MODELS["anthropic"],
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {**ANTHROPIC_USAGE, "output_tokens": 50},
    }


def _whole_chat(bits: list[Bit], stop: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    calls = []
    for bit in bits:
        if bit.kind in _CHAT_MEMBERS:
            member = _CHAT_MEMBERS[bit.kind]
            said = message.get(member) or ""
            message[member] = said + bit.whole
            if bit.cited:
                message.setdefault("annotations", []).extend(cited(bit, len(said)))
            continue
        if bit.kind == "custom":
            body = {"type": "custom", "custom": {"name": bit.name, "input": bit.whole}}
        else:
            function = {"name": bit.name, "arguments": bit.whole or "{}"}
            body = {"type": "function", "function": function}
        calls.append({"id": bit.id, **body})
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": stop}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1763000000,
        "model": MODELS["openai_chat"],
        "choices": [choice],
        "usage": CHAT_USAGE,
    }
