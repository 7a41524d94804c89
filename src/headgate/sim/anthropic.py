"""The Messages wire as Anthropic writes it: a body -> an Ask, an Answer -> bytes.

Rule 1: pure: no clock, no socket; bodies that Anthropic refuses raise Refused with its wording.
Rule 2: blocks of a stream never overlap, and usage in `message_delta` is cumulative.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from headgate.sim.answer import Answer, Ask, Frame, Part, Tool, distort
from headgate.sim.checks import check_messages
from headgate.sim.models import MODELS, Model
from headgate.sim.text import encode
from headgate.wire.model import Terms

PING = Frame(b'event: ping\ndata: {"type":"ping"}\n\n')

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_WORDS = {
    401: "invalid x-api-key",
    404: "not found",
    429: "This request would exceed your organization's rate limit.",
    500: "Internal server error",
    529: "Overloaded",
}


def error_body(
    status: int, request_id: str, message: str = "", kind: str = "", code: str = ""
) -> bytes:
    """An error in Anthropic's shape; what is empty takes the usual value of the status."""
    error: dict[str, Any] = {
        "type": kind or _TYPES.get(status, "api_error"),
        "message": f"[simulated] {message or _WORDS.get(status, f'status {status}')}",
    }
    if code:
        error["details"] = {"error_code": code}
    return encode({"type": "error", "error": error, "request_id": request_id})


def error_frame(kind: str, request_id: str, message: str = "") -> Frame:
    body = {
        "type": "error",
        "error": {"type": kind, "message": f"[simulated] {message or kind}"},
        "request_id": request_id,
    }
    if kind == "overloaded_error" and not message:
        body["error"] = {"type": kind, "message": "[simulated] Overloaded"}
    return _event("error", body)


def read(body: Any, version: str, *, counting: bool = False) -> Ask:
    """The Ask of a request body; Refused says what Anthropic would not take."""
    check_messages(body, version, counting=counting)
    choice = body.get("tool_choice") or {}
    forced = {"any": "any", "tool": str(choice.get("name", ""))}.get(
        str(choice.get("type")), ""
    )
    last = body["messages"][-1]
    content = last.get("content")
    blocks = content if isinstance(content, list) else []
    output = body.get("output_config") or {}
    form = output.get("format") or {}
    offered = [] if choice.get("type") == "none" else body.get("tools") or []
    return Ask(
        model=body["model"],
        stream=body.get("stream") is True,
        max_output=body.get("max_tokens") or 0,
        prewarm=body.get("max_tokens") == 0,
        tools=tuple(
            Tool(tool["name"], tool.get("input_schema"))
            for tool in offered
            if "input_schema" in tool and not tool.get("defer_loading")
        ),
        forced=forced,
        after_tool=any(block.get("type") == "tool_result" for block in blocks),
        schema=form.get("schema") if form.get("type") == "json_schema" else None,
        terms=Terms(
            speed="fast" if body.get("speed") == "fast" else "",
            geo=str(body.get("inference_geo") or ""),
        ),
    )


def _usage(answer: Answer, output: int) -> dict[str, Any] | None:
    used = answer.usage
    usage: dict[str, Any] = {
        "input_tokens": used.input_fresh,
        "cache_creation_input_tokens": used.cache_write_5m + used.cache_write_1h,
        "cache_read_input_tokens": used.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.cache_write_5m,
            "ephemeral_1h_input_tokens": used.cache_write_1h,
        },
        "output_tokens": output,
        "service_tier": answer.terms.tier or "standard",
        "inference_geo": answer.terms.geo or "global",
    }
    if answer.terms.speed:
        usage["speed"] = answer.terms.speed
    if used.reasoning_of_output and output == used.output:
        usage["output_tokens_details"] = {"thinking_tokens": used.reasoning_of_output}
    if used.web_searches:
        usage["server_tool_use"] = {
            "web_search_requests": used.web_searches,
            "web_fetch_requests": 0,
        }
    return distort(usage, answer.bad_usage)


def _stop(answer: Answer) -> str:
    usual = {"end": "end_turn", "length": "max_tokens", "tool": "tool_use"}
    return answer.scripted_stop or usual[answer.stop]


def _block(part: Part) -> dict[str, Any]:
    if part.kind == "think":
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    return {
        "type": "tool_use",
        "id": f"toolu_01{part.id}",
        "name": part.name,
        "input": msgspec.json.decode(part.text),
    }


def reply_id(letters: str) -> str:
    """The id of a reply."""
    return f"msg_01{letters[:22]}"


def _message(answer: Answer, content: list[Any], stop: str | None, output: int) -> Any:
    message: dict[str, Any] = {
        "id": reply_id(answer.id),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
    }
    if stop == "refusal":
        message["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    usage = _usage(answer, output)
    if usage is not None:
        message["usage"] = usage
    return message


def whole(answer: Answer, ask: Ask) -> Any:
    """The reply in one piece."""
    blocks = [block for part in answer.parts for block in _blocks(part)]
    message = _message(answer, blocks, _stop(answer), answer.usage.output)
    return {**message, **_container(answer), **ask.echo}


def _blocks(part: Part) -> list[dict[str, Any]]:
    if part.ran is None:
        return [_block(part)]
    use = {
        "type": "server_tool_use",
        "id": f"srvtoolu_01{part.id}",
        "name": "bash_code_execution",
        "input": {"command": part.text},
    }
    content = {
        "type": "bash_code_execution_result",
        "stdout": part.ran.logs,
        "stderr": "",
        "return_code": 0,
        "content": [
            {"type": "bash_code_execution_output", "file_id": id} for id in part.ran.files
        ],
    }
    kind = "bash_code_execution_tool_result"
    return [use, {"type": kind, "tool_use_id": use["id"], "content": content}]


def _container(answer: Answer) -> dict[str, Any]:
    ran = next((part.ran for part in answer.parts if part.ran is not None), None)
    if ran is None:
        return {}
    return {"container": {"id": ran.container, "expires_at": "2026-12-31T00:00:00Z"}}


def _event(name: str, data: Any, *, content: bool = False) -> Frame:
    return Frame(b"event: %s\ndata: %s\n\n" % (name.encode(), encode(data)), content)


def stream(answer: Answer, ask: Ask) -> Iterator[Frame]:
    """The reply as events, from message_start to message_stop."""
    begun = min(1, answer.usage.output)
    message = {**_message(answer, [], None, begun), **ask.echo}
    yield _event("message_start", {"type": "message_start", "message": message})
    index = 0
    for part in answer.parts:
        yield from _ran_events(index, part) if part.ran else _part_events(index, part)
        if index == 0 and not part.pieces:
            yield PING
        index += 2 if part.ran else 1
    yield from _closing(answer)


def _part_events(index: int, part: Part) -> Iterator[Frame]:
    empty = {**_block(part), **_EMPTY[part.kind]}
    start = {"type": "content_block_start", "index": index, "content_block": empty}
    yield _event("content_block_start", start)
    if index == 0:
        yield PING
    kind, slot = _DELTAS[part.kind]
    for piece in part.pieces:
        delta = {"type": kind, slot: piece}
        data = {"type": "content_block_delta", "index": index, "delta": delta}
        yield _event("content_block_delta", data, content=True)
    if part.kind == "think":
        delta = {"type": "signature_delta", "signature": part.signature}
        data = {"type": "content_block_delta", "index": index, "delta": delta}
        yield _event("content_block_delta", data)
    yield _event("content_block_stop", {"type": "content_block_stop", "index": index})


def _ran_events(index: int, part: Part) -> Iterator[Frame]:
    use, result = _blocks(part)
    start = {"type": "content_block_start", "index": index}
    yield _event("content_block_start", {**start, "content_block": {**use, "input": {}}})
    delta = {"type": "input_json_delta", "partial_json": encode(use["input"]).decode()}
    data = {"type": "content_block_delta", "index": index, "delta": delta}
    yield _event("content_block_delta", data, content=True)
    yield _event("content_block_stop", {"type": "content_block_stop", "index": index})
    start["index"] = index + 1
    yield _event("content_block_start", {**start, "content_block": result})
    yield _event("content_block_stop", {"type": "content_block_stop", "index": index + 1})


_EMPTY: dict[str, dict[str, Any]] = {
    "think": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool": {"input": {}},
}
_DELTAS = {
    "think": ("thinking_delta", "thinking"),
    "text": ("text_delta", "text"),
    "tool": ("input_json_delta", "partial_json"),
}
_CUMULATIVE = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
)


def _closing(answer: Answer) -> Iterator[Frame]:
    output = 0 if answer.bad_usage == "shrinking" else answer.usage.output
    usage = _usage(answer, output)
    delta: dict[str, Any] = {
        "type": "message_delta",
        "delta": {
            "stop_reason": _stop(answer),
            "stop_sequence": None,
            **_container(answer),
        },
    }
    if usage is not None:
        delta["usage"] = {key: usage[key] for key in _CUMULATIVE if key in usage}
    yield _event("message_delta", delta)
    yield _event("message_stop", {"type": "message_stop"})


def listed(model: Model) -> dict[str, Any]:
    """A model as GET /v1/models shows it."""
    return {
        "id": model.id,
        "type": "model",
        "display_name": model.display,
        "created_at": f"{model.created}T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": model.context,
        "max_tokens": model.max_output,
    }


def model_list(query: dict[str, str]) -> dict[str, Any]:
    """A page of the list: after_id, before_id and limit as Anthropic has them."""
    models = [listed(model) for model in MODELS if model.vendor == "anthropic"]
    return page(models, query)


def page(items: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    """A page of anything that has ids, in Anthropic's envelope."""
    ids = [item["id"] for item in items]
    limit = query.get("limit", "20")
    most = min(1000, max(1, int(limit))) if limit.isdigit() else 20
    first = ids.index(query["after_id"]) + 1 if query.get("after_id") in ids else 0
    last = ids.index(query["before_id"]) if query.get("before_id") in ids else len(ids)
    if query.get("before_id") in ids:
        first = max(first, last - most)
    found = items[first:last][:most]
    return {
        "data": found,
        "has_more": bool(found) and ids.index(found[-1]["id"]) < last - 1,
        "first_id": found[0]["id"] if found else None,
        "last_id": found[-1]["id"] if found else None,
    }
