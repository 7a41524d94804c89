"""The Responses wire as OpenAI writes it: items with a full life cycle, numbered events.

Rule 1: pure: no clock, no socket. Rule 2: the last event repeats the whole reply with usage,
because some clients read only that one, and some only the finished items.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headgate.sim.answer import Answer, Ask, Frame, Part, Tool, distort
from headgate.sim.openai import (
    check_body,
    error_value,
    forced_tool,
    json_schema,
    need,
    served_tier,
)
from headgate.sim.text import encode
from headgate.wire.model import Terms

_ECHOED = (
    "instructions",
    "metadata",
    "max_output_tokens",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_options",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "top_p",
    "tool_choice",
    "tools",
    "truncation",
    "parallel_tool_calls",
    "text",
    "user",
)
_STANDING: dict[str, Any] = {
    "instructions": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}


def read(body: Any) -> Ask:
    """The Ask of a Responses body."""
    check_body(body, "input")
    items = body["input"]
    need(isinstance(items, str | list), "Invalid type for 'input'.", "input")
    for i, item in enumerate(items if isinstance(items, list) else []):
        need(isinstance(item, dict), f"Invalid type for 'input[{i}]'.", f"input[{i}]")
    tools = list(_flat(body.get("tools") or []))
    for item in items if isinstance(items, list) else []:
        if item.get("type") == "additional_tools":
            tools += _flat(item.get("tools") or [])
    last = str(items[-1].get("type")) if isinstance(items, list) and items else ""
    form = (body.get("text") or {}).get("format") or {}
    return Ask(
        model=body["model"],
        stream=body.get("stream") is True,
        max_output=body.get("max_output_tokens") or 0,
        tools=tuple(tools),
        forced=forced_tool(body.get("tool_choice")),
        after_tool=last.endswith("_output"),
        schema=json_schema(form) if isinstance(form, dict) else None,
        terms=Terms(tier=served_tier(body)),
        echo={key: body[key] for key in _ECHOED if key in body},
    )


def _flat(tools: Any, namespace: str = "") -> Iterator[Tool]:
    for tool in tools if isinstance(tools, list) else []:
        if not isinstance(tool, dict):
            continue
        kind, name = tool.get("type"), tool.get("name")
        if kind == "namespace":
            yield from _flat(tool.get("tools"), str(name))
        elif kind in ("function", "custom") and isinstance(name, str):
            yield Tool(name, tool.get("parameters"), kind == "custom", namespace)


def _usage(answer: Answer) -> dict[str, Any] | None:
    used = answer.usage
    written = used.cache_write_30m + used.cache_write_12h
    details: dict[str, Any] = {
        "cached_tokens": used.cache_read,
        "cache_write_tokens": written,
    }
    if written:
        details["cache_write_tokens_details"] = {
            "ttl_30m_tokens": used.cache_write_30m,
            "ttl_12h_tokens": used.cache_write_12h,
        }
    usage = {
        "input_tokens": used.input_total,
        "input_tokens_details": details,
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": used.reasoning_of_output},
        "total_tokens": used.input_total + used.output,
    }
    return distort(usage, answer.bad_usage)


def reply_id(letters: str) -> str:
    """The id of a reply."""
    return f"resp_{letters}"


def _body(answer: Answer, ask: Ask, status: str, output: list[Any]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": reply_id(answer.id),
        "object": "response",
        "created_at": answer.created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": answer.model,
        "output": output,
        "service_tier": answer.terms.tier or "default",
        "usage": None,
        **_STANDING,
        **ask.echo,
    }
    if status == "incomplete":
        filtered = answer.scripted_stop == "content_filter"
        reason = "content_filter" if filtered else "max_output_tokens"
        body["incomplete_details"] = {"reason": reason}
    return body


def _status(answer: Answer) -> str:
    cut = answer.stop == "length" or answer.scripted_stop in ("incomplete", "content_filter")
    return "incomplete" if cut else "completed"


def whole(answer: Answer, ask: Ask) -> Any:
    """The reply in one piece."""
    items = [_item(answer, i, part, "completed") for i, part in enumerate(answer.parts)]
    body = _body(answer, ask, _status(answer), items)
    body["usage"] = _usage(answer)
    return body


def _item(answer: Answer, i: int, part: Part, status: str) -> dict[str, Any]:
    done = status == "completed"
    text = part.text if done else ""
    tail = f"{answer.id}{i:02d}"
    if part.kind == "think":
        summary = [{"type": "summary_text", "text": text}] if done else []
        sealed = part.signature if done else ""
        return {
            "id": f"rs_{tail}",
            "type": "reasoning",
            "summary": summary,
            "encrypted_content": sealed,
        }
    if part.kind == "text":
        content = [_text(text)] if done else []
        return {
            "id": f"msg_{tail}",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }
    if part.ran is not None:
        return _ran(part, done=done)
    slot, prefix = ("input", "ctc") if part.is_custom else ("arguments", "fc")
    item = {
        "id": f"{prefix}_{tail}",
        "type": "custom_tool_call" if part.is_custom else "function_call",
        "status": status,
        "call_id": f"call_{part.id}",
        "name": part.name,
        slot: text,
    }
    return {**item, "namespace": part.namespace} if part.namespace else item


def _ran(part: Part, *, done: bool) -> dict[str, Any]:
    assert part.ran is not None
    return {
        "id": f"ci_{part.id}",
        "type": "code_interpreter_call",
        "status": "completed" if done else "in_progress",
        "code": part.text if done else "",
        "container_id": part.ran.container,
        "outputs": [{"type": "logs", "logs": part.ran.logs}] if done else None,
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


@dataclass(slots=True)
class _Count:
    """Numbers the events of one stream."""

    next: int = 0

    def event(self, kind: str, fields: dict[str, Any], *, content: bool = False) -> Frame:
        data = encode({"type": kind, "sequence_number": self.next, **fields})
        self.next += 1
        return Frame(b"event: %s\ndata: %s\n\n" % (kind.encode(), data), content)


def stream(answer: Answer, ask: Ask) -> Iterator[Frame]:
    """The reply as named events, from response.created to the last one."""
    count = _Count()
    opened = _body(answer, ask, "in_progress", [])
    yield count.event("response.created", {"response": opened})
    yield count.event("response.in_progress", {"response": opened})
    for i, part in enumerate(answer.parts):
        added = {"output_index": i, "item": _item(answer, i, part, "in_progress")}
        yield count.event("response.output_item.added", added)
        yield from _part_events(count, answer, i, part)
        done = {"output_index": i, "item": _item(answer, i, part, "completed")}
        yield count.event("response.output_item.done", done)
    yield count.event(f"response.{_status(answer)}", {"response": whole(answer, ask)})


def _part_events(count: _Count, answer: Answer, i: int, part: Part) -> Iterator[Frame]:
    at: dict[str, Any] = {"item_id": _item(answer, i, part, "")["id"], "output_index": i}
    if part.kind == "text":
        at["content_index"] = 0
        yield count.event("response.content_part.added", {**at, "part": _text("")})
        for piece in part.pieces:
            delta = {**at, "delta": piece, "logprobs": []}
            yield count.event("response.output_text.delta", delta, content=True)
        said = {**at, "text": part.text, "logprobs": []}
        yield count.event("response.output_text.done", said)
        yield count.event("response.content_part.done", {**at, "part": _text(part.text)})
        return
    if part.ran is not None:
        name = "response.code_interpreter_call"
        yield count.event(f"{name}.in_progress", at)
        for piece in part.pieces:
            yield count.event(f"{name}_code.delta", {**at, "delta": piece}, content=True)
        yield count.event(f"{name}_code.done", {**at, "code": part.text})
        yield count.event(f"{name}.interpreting", at)
        yield count.event(f"{name}.completed", at)
        return
    if part.kind == "think":
        at["summary_index"] = 0
        summary = {"type": "summary_text", "text": ""}
        yield count.event("response.reasoning_summary_part.added", {**at, "part": summary})
        name, last = "response.reasoning_summary_text", {"text": part.text}
    elif part.is_custom:
        name, last = "response.custom_tool_call_input", {"input": part.text}
    else:
        name = "response.function_call_arguments"
        last = {"name": part.name, "arguments": part.text}
    for piece in part.pieces:
        yield count.event(f"{name}.delta", {**at, "delta": piece}, content=True)
    yield count.event(f"{name}.done", {**at, **last})
    if part.kind == "think":
        summary = {"type": "summary_text", "text": part.text}
        yield count.event("response.reasoning_summary_part.done", {**at, "part": summary})


def error_frame(kind: str, message: str = "") -> Frame:
    """A bare error event, as a server that fails in mid-reply sends it."""
    error = error_value(500, message, "server_error", kind or "server_error", None)
    fields = {"code": error["code"], "message": error["message"], "param": None}
    return _Count(999).event("error", fields)
