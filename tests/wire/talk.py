"""Requests and random conversations in each dialect, made from a seed."""

from __future__ import annotations

import json
import random
from typing import Any

MEMBERS = [
    *(
        "model",
        "messages",
        "input",
        "system",
        "instructions",
        "role",
        "content",
        "type",
        "text",
    ),
    *("tools", "tool_choice", "name", "id", "tool_calls", "function", "arguments", "source"),
    *("tool_use_id", "call_id", "output", "thinking", "signature", "cache_control", "metadata"),
    *("stop", "stop_sequences", "max_tokens", "temperature", "reasoning", "response_format"),
    *("image_url", "url", "file", "summary", "encrypted_content", "input_schema", "parameters"),
]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
PNG = "iVBORw0KGgo="
IMAGE_URL = f"data:image/png;base64,{PNG}"
ASKS: dict[str, dict[str, Any]] = {
    "anthropic": {
        "model": "m",
        "max_tokens": 100,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "t", "signature": "c2ln"},
                    {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "content": [{"type": "text", "text": "noon"}],
                        "is_error": False,
                    },
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
                    },
                ],
            },
        ],
        "tools": [{"name": "now", "description": "d", "input_schema": SCHEMA}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_config": {
            "effort": "high",
            "format": {"type": "json_schema", "schema": SCHEMA},
        },
        "metadata": {"user_id": "u"},
        "stop_sequences": ["END"],
    },
    "openai_chat": {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": IMAGE_URL}}],
            },
            {
                "role": "assistant",
                "content": "ok",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "now", "arguments": "{}"},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "noon"},
        ],
        "tools": [{"type": "function", "function": {"name": "now", "parameters": SCHEMA}}],
        "tool_choice": {"type": "function", "function": {"name": "now"}},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "r", "schema": SCHEMA},
        },
        "reasoning_effort": "high",
        "stop": ["END"],
        "metadata": {"a": "b"},
        "stream_options": {"include_usage": True},
    },
    "openai_responses": {
        "model": "m",
        "instructions": "s",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "hi"}],
            },
            {"role": "user", "content": [{"type": "input_image", "image_url": IMAGE_URL}]},
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "t"}],
                "encrypted_content": "c2ln",
            },
            {"type": "function_call", "call_id": "call_1", "name": "now", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "noon"},
        ],
        "tools": [{"type": "function", "name": "now", "parameters": SCHEMA, "strict": False}],
        "tool_choice": {"type": "function", "name": "now"},
        "reasoning": {"effort": "high", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "r", "schema": SCHEMA}},
        "include": ["reasoning.encrypted_content"],
        "metadata": {"a": "b"},
    },
}
"""a request with something of everything"""

WORDS = ("hi", "go on", "\U0001f600", "and now?", "a\nb", "Tool result: x")
NAMES = ("now", "get_weather", "fs.read/file", "mcp__" + "a" * 90)


def conversation(dialect: str, seed: int) -> list[list[dict[str, Any]]]:
    """Exchanges in the dialect, each from the model's words to the caller's."""
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    exchanges: list[list[dict[str, Any]]] = [[_user(dialect, dice)]]
    for at in range(dice.randint(1, 5)):
        calls = [
            (f"{dice.choice(('call', 'functions.now:'))}_{at}_{n}", dice.choice(NAMES))
            for n in range(dice.choice((0, 0, 1, 2)))
        ]
        said = dice.choice(("", *WORDS)) if calls else dice.choice(WORDS)
        exchange = _assistant(dialect, said, calls, thinking=dice.random() < 0.3)
        exchange += _results(dialect, calls, dice)
        if not calls or dice.random() < 0.5:
            exchange = _with_user(dialect, exchange, dice)
        exchanges.append(exchange)
    return exchanges


def _user(dialect: str, dice: random.Random) -> dict[str, Any]:
    text = dice.choice(WORDS)
    if dialect == "openai_responses":
        shown: dict[str, Any] = {"type": "input_text", "text": text}
        return {"type": "message", "role": "user", "content": [shown]}
    content: Any = text if dice.random() < 0.5 else [{"type": "text", "text": text}]
    return {"role": "user", "content": content}


def _assistant(
    dialect: str, said: str, calls: list[tuple[str, str]], *, thinking: bool
) -> list[dict[str, Any]]:
    arguments = '{"city":"Oslo"}'
    if dialect == "anthropic":
        thought = {"type": "thinking", "thinking": "t", "signature": "c2ln"}
        content: list[Any] = [thought] if thinking else []
        content += [{"type": "text", "text": said}] if said else []
        content += [
            {"type": "tool_use", "id": id, "name": name, "input": json.loads(arguments)}
            for id, name in calls
        ]
        return [{"role": "assistant", "content": content}]
    if dialect == "openai_chat":
        message: dict[str, Any] = {"role": "assistant", "content": said or None}
        if thinking:
            message["reasoning_content"] = "t"
        if calls:
            message["tool_calls"] = [
                {
                    "id": id,
                    "type": "function",
                    "function": {"name": name, "arguments": arguments},
                }
                for id, name in calls
            ]
        return [message]
    items: list[dict[str, Any]] = []
    if thinking:
        items.append({"type": "reasoning", "summary": [], "encrypted_content": "c2ln"})
    if said:
        part = {"type": "output_text", "text": said, "annotations": []}
        items.append({"type": "message", "role": "assistant", "content": [part]})
    called = {"type": "function_call", "arguments": arguments}
    return items + [{**called, "call_id": id, "name": name} for id, name in calls]


def _results(
    dialect: str, calls: list[tuple[str, str]], dice: random.Random
) -> list[dict[str, Any]]:
    answers = [(id, dice.choice(WORDS)) for id, _ in calls]
    dice.shuffle(answers)
    if dialect == "openai_chat":
        return [{"role": "tool", "tool_call_id": id, "content": text} for id, text in answers]
    if dialect == "openai_responses":
        output = {"type": "function_call_output"}
        return [{**output, "call_id": id, "output": text} for id, text in answers]
    if not answers:
        return []
    result = {"type": "tool_result"}
    blocks = [{**result, "tool_use_id": id, "content": text} for id, text in answers]
    return [{"role": "user", "content": blocks}]


def _with_user(
    dialect: str, exchange: list[dict[str, Any]], dice: random.Random
) -> list[dict[str, Any]]:
    """The exchange with words of the user at its end; Anthropic's stand beside the results."""
    user = _user(dialect, dice)
    if dialect == "anthropic" and exchange[-1]["role"] == "user":
        words = user["content"]
        block = [{"type": "text", "text": words}] if isinstance(words, str) else words
        last = {"role": "user", "content": [*exchange[-1]["content"], *block]}
        return [*exchange[:-1], last]
    return [*exchange, user]
