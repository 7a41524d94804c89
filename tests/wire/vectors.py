"""How a translation vector is read: abbreviated requests made whole, and placeholders matched.

A vector's `input` is the interesting part of a request or an answer, its `expect` the part of
the result that it speaks of. `messages_tail` stands after an ordinary beginning, `->model` for
the target, `<8hex>` and the like for what has a form but no fixed value.
"""

from __future__ import annotations

import re
from typing import Any

from headgate.config import load
from headgate.config.capability import abilities
from headgate.wire.ability import Abilities
from headgate.wire.meaning import Thought
from headgate.wire.seal import wrap

DIALECTS = {"anthropic": "anthropic", "chat": "openai_chat", "responses": "openai_responses"}
PLACEHOLDER = re.compile(r"<[^<>]+>|\.\.\.")
FORMS = {
    "<8hex>": r"[0-9a-f]{8}",
    "<hash>": r"[0-9a-f]{16,128}",
    "...": r".+",
    "gw1.<b64 of thinking+signature>": r"gw1\..+",
}
KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-api03-" + "0aZ9bY8cX7" * 9,
    "OPENAI_API_KEY": "sk-proj-" + "0aZ9bY8cX7" * 9,
}
CONFIG = load("", KEYS, source="vectors")
VENDORS = {"anthropic": "anthropic", "openai_chat": "openai", "openai_responses": "openai"}


def ends(direction: str) -> tuple[str, str]:
    """The dialects a vector goes from and to, by the words of its `dir`."""
    named = re.findall(r"anthropic|chat|responses", direction)
    return DIALECTS[named[0]], DIALECTS[named[-1]]


def abilities_of(dialect: str, model: str) -> Abilities:
    """What the catalogue says of a model that a vector names."""
    provider = next(p for p in CONFIG.providers if p.name == VENDORS[dialect])
    return abilities(CONFIG, provider, model)


def target(vector: dict[str, Any]) -> str:
    """The model that the vector aims at; empty when any will do."""
    model = vector["input"].get("model", "") if isinstance(vector["input"], dict) else ""
    return str(model).removeprefix("->") if str(model).startswith("->") else ""


def request(vector: dict[str, Any]) -> dict[str, Any]:
    """The vector's request, made whole."""
    source, _ = ends(vector["dir"])
    body: dict[str, Any] = sealed(vector["input"])
    tail = body.pop("messages_tail", None)
    body["model"] = "the-model"
    if "tools" in body:
        body["tools"] = [_tool(source, tool) for tool in body["tools"]]
    if source == "anthropic":
        body.setdefault("max_tokens", 1024)
    if tail is not None:
        stays = isinstance(vector["expect"], dict) and "error" in vector["expect"]
        body["messages"] = [*_beginning(source, tail), *tail, *([] if stays else _end(tail))]
    elif source == "openai_responses":
        body.setdefault("input", "hi")
    else:
        body.setdefault("messages", [{"role": "user", "content": "hi"}])
    return body


def _tool(source: str, tool: Any) -> Any:
    """A tool that the vector gives by its name alone."""
    if not isinstance(tool, str):
        return tool
    if source == "anthropic":
        return {"name": tool, "input_schema": {"type": "object", "properties": {}}}
    return {"type": "function", "function": {"name": tool}}


def _beginning(source: str, tail: list[Any]) -> list[dict[str, Any]]:
    """What must have been said before: at least the calls that the tail answers."""
    start = [{"role": "user", "content": "start"}]
    if tail[0]["role"] == "user" and not isinstance(tail[0]["content"], str):
        ids = [b["tool_use_id"] for b in tail[0]["content"] if b["type"] == "tool_result"]
        if ids:
            uses = [{"type": "tool_use", "id": id, "name": "a", "input": {}} for id in ids]
            return [*start, {"role": "assistant", "content": uses}]
    return start if tail[0]["role"] == "assistant" else []


def _end(tail: list[Any]) -> list[dict[str, Any]]:
    """A turn for the model to answer, where the tail ends with its own words."""
    last = tail[-1]
    calls = last.get("tool_calls") or "tool_use" in str(last.get("content"))
    if last["role"] != "assistant" or calls:
        return []
    return [{"role": "user", "content": "go on"}]


def sealed(value: Any) -> Any:
    """A copy, with a seal of ours where the vector asks for one."""
    if isinstance(value, dict):
        return {name: sealed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [sealed(member) for member in value]
    if isinstance(value, str) and value.startswith("gw1.<"):
        return wrap(Thought("...", "...", maker="anthropic"))
    return value


def alike(expected: Any, actual: Any, *, whole: bool) -> bool:
    """Is it what the vector expects; `whole`: objects have no more members than it names."""
    if isinstance(expected, str) and isinstance(actual, dict):  # a tool by its name alone
        return bool(expected == actual.get("name"))
    if isinstance(expected, str) and isinstance(actual, str) and PLACEHOLDER.search(expected):
        return _formed(expected).fullmatch(actual) is not None
    if type(expected) is not type(actual):
        return False
    if isinstance(expected, dict):
        named = expected.keys() == actual.keys() if whole else expected.keys() <= actual.keys()
        return named and all(alike(v, actual[n], whole=whole) for n, v in expected.items())
    if isinstance(expected, list):
        pairs = zip(expected, actual, strict=False)
        same = len(expected) == len(actual)
        return same and all(alike(a, b, whole=whole) for a, b in pairs)
    return bool(expected == actual)


def _formed(expected: str) -> re.Pattern[str]:
    at, pattern = 0, ""
    for found in PLACEHOLDER.finditer(expected):
        pattern += re.escape(expected[at : found.start()])
        pattern += FORMS.get(found[0], ".+")
        at = found.end()
    return re.compile(pattern + re.escape(expected[at:]), re.DOTALL)


def stands_in(window: list[Any], among: list[Any]) -> bool:
    """Do these messages follow one another somewhere."""
    starts = range(len(among) - len(window) + 1)
    return any(alike(window, among[n : n + len(window)], whole=True) for n in starts)


def reply(dialect: str, more: dict[str, Any]) -> dict[str, Any]:
    """A whole answer of the dialect that holds what the vector gives."""
    if dialect == "anthropic":
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-any",
            "content": [{"type": "text", "text": "hi"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 3, "output_tokens": 2},
            **more,
        }
    if dialect == "openai_chat":
        whole: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1763000000,
        }
        whole |= {"model": "gpt-any", **more}
        choice = {"index": 0, "finish_reason": "stop", "message": {"content": "hi"}}
        choices = [choice | given for given in whole.get("choices", [{}])]
        for each in choices:
            each["message"] = {"role": "assistant", **each["message"]}
        return {**whole, "choices": choices}
    item = {"type": "output_text", "text": "hi", "annotations": []}
    said = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1763000000,
        "status": "completed",
        "model": "gpt-any",
        "output": [{**said, "content": [item]}],
        **more,
    }
