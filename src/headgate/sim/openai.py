"""The Chat Completions and Embeddings wires as OpenAI writes them, its errors, its models.

Rule 1: pure: no clock, no socket; bodies that OpenAI refuses raise Refused with its wording.
Rule 2: the usage chunk comes only when asked for, and `[DONE]` only after a whole reply.
"""

from __future__ import annotations

import base64
import hashlib
import math
import sys
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from headgate.sim.answer import Answer, Ask, Frame, Part, Tool, distort
from headgate.sim.checks import Refused
from headgate.sim.models import MODELS, Model, charges_writes
from headgate.sim.text import encode
from headgate.sim.vector import vector
from headgate.wire.model import Terms, Usage

DONE = Frame(b"data: [DONE]\n\n")
FINGERPRINT = "fp_simulated"
IMAGE_CHARS = 3_060
"""an image counts as 765 tokens, whatever its bytes"""

_KINDS = {401: "invalid_request_error", 429: "requests", 500: "server_error"}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_WORDS = {
    401: "Incorrect API key provided.",
    429: "Rate limit reached.",
    500: "The server had an error while processing your request.",
    503: "The server is overloaded or not ready yet.",
}
_SECRETIVE = ("gpt-*", "o[1-9]*", "chatgpt-*", "claude-*")
_ROLES = ("developer", "system", "user", "assistant", "tool", "function")
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")


def error_value(status: int, message: str, kind: str, code: str, param: str | None) -> Any:
    usual = "server_error" if status >= 500 else "invalid_request_error"
    return {
        "message": f"[simulated] {message or _WORDS.get(status, f'status {status}')}",
        "type": kind or _KINDS.get(status, usual),
        "param": param,
        "code": code or _CODES.get(status),
    }


def error_body(
    status: int, message: str = "", kind: str = "", code: str = "", param: str | None = None
) -> bytes:
    """An error in OpenAI's shape; what is empty takes the usual value of the status."""
    return encode({"error": error_value(status, message, kind, code, param)})


def error_frame(kind: str, message: str = "") -> Frame:
    error = error_value(500, message, kind or "server_error", kind, None)
    return Frame(b"data: " + encode({"error": error}) + b"\n\n")


def need(truth: bool, message: str, param: str | None = None) -> None:
    if not truth:
        raise Refused(message, param=param)


def check_body(body: Any, listed: str) -> None:
    """What Chat and Responses refuse alike; `listed` is where the conversation is."""
    need(isinstance(body, dict), "We could not parse the JSON body of your request.")
    model = body.get("model")
    need(isinstance(model, str) and model != "", "you must provide a model parameter", "model")
    need(listed in body, f"Missing required parameter: '{listed}'.", listed)
    tier = body.get("service_tier") or "auto"
    need(tier in _TIERS, f"Invalid value: '{tier}' for service_tier.", "service_tier")
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        most = body.get(name)
        good = most is None or (type(most) is int and most >= 1)
        need(good, f"Invalid '{name}': integer above or equal to 1 expected.", name)
    for name in ("stream_options", "response_format", "text", "reasoning"):
        good = isinstance(body.get(name) or {}, dict)
        need(good, f"Invalid type for '{name}': expected an object.", name)
    tools = body.get("tools") or []
    good = isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools)
    need(good, "Invalid type for 'tools': expected an array of objects.", "tools")


def read(body: Any) -> Ask:
    """The Ask of a Chat Completions body."""
    check_body(body, "messages")
    messages = body["messages"]
    need(
        isinstance(messages, list),
        "Invalid type for 'messages': expected an array.",
        "messages",
    )
    need(len(messages) > 0, "Invalid 'messages': empty array.", "messages")
    for i, message in enumerate(messages):
        place = f"messages[{i}]"
        need(isinstance(message, dict), f"Invalid type for '{place}'.", place)
        role = message.get("role")
        need(role in _ROLES, f"Invalid value: '{role}' for {place}.role.", f"{place}.role")
    copies = body.get("n") or 1
    need(type(copies) is int and 1 <= copies <= 128, "Invalid 'n': expected 1 to 128.", "n")
    options = body.get("stream_options") or {}
    return Ask(
        model=body["model"],
        stream=body.get("stream") is True,
        max_output=body.get("max_completion_tokens") or body.get("max_tokens") or 0,
        tools=_tools(body.get("tools") or []),
        forced=forced_tool(body.get("tool_choice")),
        after_tool=messages[-1].get("role") in ("tool", "function"),
        schema=json_schema(body.get("response_format") or {}),
        terms=Terms(tier=served_tier(body)),
        copies=copies,
        with_usage=options.get("include_usage") is True,
    )


def _tools(tools: list[dict[str, Any]]) -> tuple[Tool, ...]:
    found = []
    for i, tool in enumerate(tools):
        kind = tool.get("type")
        what = f"Invalid value: '{kind}'. Supported values are: 'function' and 'custom'."
        need(kind in ("function", "custom"), what, f"tools[{i}].type")
        inner = tool.get(kind) if isinstance(kind, str) else None
        good = isinstance(inner, dict) and isinstance(inner.get("name"), str)
        place = f"tools[{i}].{kind}"
        need(good, f"Missing required parameter: '{place}.name'.", place)
        assert isinstance(inner, dict)
        found.append(Tool(inner["name"], inner.get("parameters"), kind == "custom"))
    return tuple(found)


def forced_tool(choice: Any) -> str:
    """any, a tool's name, or empty for a free choice."""
    if choice == "required":
        return "any"
    if not isinstance(choice, dict):
        return ""
    inner = choice.get(str(choice.get("type")))
    named = inner if isinstance(inner, dict) else choice
    if choice.get("type") == "allowed_tools":
        return "any" if named.get("mode") == "required" else ""
    return str(named.get("name") or "")


def json_schema(form: dict[str, Any]) -> Any:
    if form.get("type") == "json_object":
        return {"type": "object", "properties": {"note": {}}, "required": ["note"]}
    inner = form.get("json_schema", form)
    if form.get("type") == "json_schema" and isinstance(inner, dict):
        return inner.get("schema")
    return None


def served_tier(body: dict[str, Any]) -> str:
    """auto is served as default."""
    tier = body.get("service_tier") or "auto"
    return "" if tier in ("auto", "default") else str(tier)


def prompt(body: dict[str, Any]) -> bytes:
    """The conversation as the cache sees it: tools, then items in order."""
    items = [*(body.get("tools") or []), body.get("instructions") or ""]
    listed = body.get("messages", body.get("input"))
    items += listed if isinstance(listed, list) else [listed]
    data = b"".join(encode(item) for item in items if item)
    if b'"data:' in data:
        data = b"".join(encode(small(item)) for item in items if item)
    return data


def small(value: Any) -> Any:
    """Inline images and files stand in at a fixed size, different for different bytes."""
    if isinstance(value, str) and value.startswith("data:"):
        return hashlib.blake2b(value.encode()).hexdigest().ljust(IMAGE_CHARS, ".")
    if isinstance(value, dict):
        return {key: small(each) for key, each in value.items()}
    if isinstance(value, list):
        return [small(each) for each in value]
    return value


def _usage(answer: Answer, ask: Ask) -> dict[str, Any] | None:
    used = answer.usage
    written = used.cache_write_30m + used.cache_write_12h
    details = {"cached_tokens": used.cache_read, "audio_tokens": 0}
    if written or charges_writes(ask.model):
        details["cache_write_tokens"] = written
    usage = {
        "prompt_tokens": used.input_total,
        "completion_tokens": used.output,
        "total_tokens": used.input_total + used.output,
        "prompt_tokens_details": details,
        "completion_tokens_details": {
            "reasoning_tokens": used.reasoning_of_output,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    return distort(usage, answer.bad_usage)


def _finish(answer: Answer) -> str:
    usual = {"end": "stop", "length": "length", "tool": "tool_calls"}
    return answer.scripted_stop or usual[answer.stop]


def _call(part: Part, text: str) -> dict[str, Any]:
    if part.is_custom:
        inner = {"name": part.name, "input": text}
        return {"id": f"call_{part.id}", "type": "custom", "custom": inner}
    inner = {"name": part.name, "arguments": text}
    return {"id": f"call_{part.id}", "type": "function", "function": inner}


def _envelope(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": kind,
        "created": answer.created,
        "model": answer.model,
        "service_tier": answer.terms.tier or "default",
        "system_fingerprint": FINGERPRINT,
    }


def whole(answer: Answer, ask: Ask) -> Any:
    """The reply in one piece."""
    said = [part.text for part in answer.parts if part.kind == "text"]
    calls = [_call(part, part.text) for part in answer.parts if part.kind == "tool"]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(said) if said else None,
        "refusal": None,
        "annotations": [],
    }
    thoughts = [part.text for part in answer.parts if part.kind == "think"]
    if thoughts and _shows_thoughts(answer.model):
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    choices = [
        {"index": i, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
        for i in range(ask.copies)
    ]
    reply = {**_envelope(answer, "chat.completion"), "choices": choices}
    usage = _usage(answer, ask)
    return reply if usage is None else {**reply, "usage": usage}


def stream(answer: Answer, ask: Ask) -> Iterator[Frame]:
    """The reply as unnamed chunks, closed by `[DONE]`."""
    envelope = _envelope(answer, "chat.completion.chunk")

    def chunk(choices: list[Any], usage: Any = None, *, content: bool = False) -> Frame:
        body = {**envelope, "choices": choices}
        if ask.with_usage:
            body["usage"] = usage
        return Frame(b"data: " + encode(body) + b"\n\n", content)

    def choice(index: int, delta: Any, finish: str | None = None) -> list[Any]:
        return [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]

    for i in range(ask.copies):
        yield chunk(choice(i, {"role": "assistant", "content": "", "refusal": None}))
        for delta, content in _deltas(answer):
            yield chunk(choice(i, delta), content=content)
        yield chunk(choice(i, {}, _finish(answer)))
    usage = _usage(answer, ask)
    if ask.with_usage and usage is not None:
        yield chunk([], usage)
    yield DONE


def _shows_thoughts(model: str) -> bool:
    """Servers of open models do, in a field that OpenAI does not have."""
    return not any(fnmatchcase(model, glob) for glob in _SECRETIVE)


def _deltas(answer: Answer) -> Iterator[tuple[dict[str, Any], bool]]:
    index = -1
    for part in answer.parts:
        if part.kind == "think" and _shows_thoughts(answer.model):
            yield from (({"reasoning_content": piece}, True) for piece in part.pieces)
        if part.kind == "text":
            yield from (({"content": piece}, True) for piece in part.pieces)
        if part.kind == "tool":
            index += 1
            yield {"tool_calls": [{"index": index, **_call(part, "")}]}, False
            slot, key = ("custom", "input") if part.is_custom else ("function", "arguments")
            for piece in part.pieces:
                yield {"tool_calls": [{"index": index, slot: {key: piece}}]}, True


def embed(body: Any) -> dict[str, Any]:
    """The reply to an embeddings body: unit vectors, near each other where words are."""
    check_body(body, "input")
    texts = body["input"]
    if isinstance(texts, str) or (texts and isinstance(texts, list) and type(texts[0]) is int):
        texts = [texts]
    need(isinstance(texts, list) and 0 < len(texts) <= 2048, "'input' is empty.", "input")
    for text in texts:
        good = isinstance(text, str | list) and len(text) > 0
        need(good, "'input' cannot be an empty string.", "input")
    size = body.get("dimensions") or (3072 if "large" in body["model"] else 1536)
    need(type(size) is int and 1 <= size <= 3072, "Invalid 'dimensions'.", "dimensions")
    form = body.get("encoding_format") or "float"
    need(form in ("float", "base64"), "Invalid 'encoding_format'.", "encoding_format")
    tokens = sum(len(t) if isinstance(t, list) else math.ceil(len(t) / 4) for t in texts)
    data = [
        {"object": "embedding", "index": i, "embedding": _vector(text, size, form)}
        for i, text in enumerate(texts)
    ]
    usage = Usage(input_fresh=tokens)
    return {
        "object": "list",
        "data": data,
        "model": body["model"],
        "usage": {"prompt_tokens": usage.input_total, "total_tokens": usage.input_total},
    }


def _vector(text: Any, size: int, form: str) -> Any:
    point = vector(text, size)
    if form == "float":
        return list(point)
    if sys.byteorder == "big":
        point.byteswap()
    return base64.b64encode(point.tobytes()).decode()


def listed(model: Model) -> dict[str, Any]:
    """A model as GET /v1/models shows it."""
    listed_at = datetime.fromisoformat(f"{model.created}T00:00:00+00:00")
    created = int(listed_at.timestamp())
    return {"id": model.id, "object": "model", "created": created, "owned_by": "system"}


def model_list() -> dict[str, Any]:
    data = [listed(model) for model in MODELS if model.vendor == "openai"]
    return {"object": "list", "data": data}
