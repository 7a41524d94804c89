"""A vendor's objections: each rule is broken once, and named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.conformance.hearing import hear
from headgate.conformance.objections import objections

HI: dict[str, Any] = {"role": "user", "content": "hi"}
CALL = {"id": "c1", "type": "function", "function": {"name": "n", "arguments": "{}"}}
USE = {"type": "tool_use", "id": "c1", "name": "n", "input": {}}
DONE = {"type": "tool_result", "tool_use_id": "c1", "content": "x"}
TOOLS = [{"name": "n", "input_schema": {}}]


def told(surface: str, body: dict[str, Any]) -> str:
    return "; ".join(objections(surface, hear(surface, json.dumps(body).encode())))


def messages(*turns: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": list(turns), "tools": TOOLS, **more}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (messages(HI), ""),
        (messages(HI, assistant(USE), user(DONE)), ""),
        (messages(HI, max_tokens=None), "no max_tokens"),
        (messages(assistant(USE), user(DONE)), "the first turn is not the user's"),
        (messages(HI, assistant(USE), HI), "tool calls ['c1'] answered by []"),
        (messages(HI, user(DONE)), "answered by ['c1']"),
        (
            messages(HI, assistant(USE), user({"type": "text", "text": "x"}, DONE)),
            "words before a tool's result",
        ),
        (messages(HI, user()), "a turn without content"),
        (messages(HI, {"role": "tool", "content": "x"}), "a turn of the role 'tool'"),
        (messages(HI, user({"type": "text", "text": " "})), "an empty text"),
        (messages(HI, assistant({**USE, "id": "a:b"}), user({**DONE, "tool_use_id": "a:b"})),
         "the tool call id 'a:b'"),
        (messages(HI, assistant({**USE, "input": "x"}), user(DONE)), "that is no object"),
        (messages(HI, assistant({"type": "text", "text": "x"})), "the last turn"),
        (messages(HI, assistant(USE), user(DONE), tools=[]), "and no tools"),
        (messages(HI, tools=[{"name": "a.b"}]), "the tool name 'a.b'"),
        (messages(HI, stop=["x"]), "unknown fields stop"),
    ],
)  # fmt: skip
def test_messages_are_refused_for_what_anthropic_refuses(
    body: dict[str, Any], rule: str
) -> None:
    assert rule in told("messages", body)
    assert bool(rule) == bool(told("messages", body))


def chat(*turns: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(turns), **more}


CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "x"}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (chat(HI, CALLED, RESULT, HI), ""),
        (chat(HI, stop=list("abcde")), "5 stop sequences"),
        (chat(HI, RESULT), "answers no call"),
        (chat(HI, CALLED, HI), "tool calls without results"),
        (chat(HI, CALLED), "tool calls without results"),
        (chat(HI, CALLED, {**RESULT, "content": [{"type": "image_url"}]}), "else than text"),
        (chat(HI, {**CALLED, "tool_calls": [{**CALL, "function": {"arguments": {}}}]}, RESULT),
         "arguments are no text"),
        (chat(HI, system="x"), "unknown fields system"),
    ],
)  # fmt: skip
def test_chat_completions_are_refused_for_what_openai_refuses(
    body: dict[str, Any], rule: str
) -> None:
    assert rule in told("chat", body)
    assert bool(rule) == bool(told("chat", body))


@pytest.mark.parametrize(
    ("items", "rule"),
    [
        ([{"type": "function_call", "call_id": "c1", "name": "n", "arguments": "{}"}],
         "tool calls without output"),
        ([{"type": "function_call_output", "call_id": "c1", "output": "x"}], "no call"),
        ([{"type": "function_call", "call_id": "c" * 65, "name": "n", "arguments": "{}"},
          {"type": "function_call_output", "call_id": "c" * 65, "output": "x"}],
         "a call_id of 65 characters"),
    ],
)  # fmt: skip
def test_responses_are_refused_for_what_openai_refuses(items: list[Any], rule: str) -> None:
    assert rule in told("responses", {"model": "m", "input": items})
    assert "unknown fields stop" in told("responses", {"model": "m", "input": "x", "stop": []})
