"""What a translation tells of a request goes to logs and headers, and holds no text of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from headgate.wire.ability import Abilities, Aim
from headgate.wire.model import Fault
from headgate.wire.translate import translate
from tests.wire.translated import CODECS

PLANTED = "the patient's name is Ada Lovelace"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
MESSAGES = {
    "model": "m",
    "max_tokens": 9,
    "system": [
        {"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "5m"}}
    ],
    "service_tier": "auto",
    "metadata": {"user_id": "u"},
    "stop_sequences": ["x"],
    "tools": [
        {"name": "f", "input_schema": SCHEMA},
        {"type": "web_search_20250305", "name": "web_search"},
    ],
    "tool_choice": {"type": "tool", "name": "f"},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "image", "source": {"type": "url", "url": "u"}},
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                },
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}],
        },
    ],
}
CHAT = {
    "model": "m",
    "service_tier": "auto",
    "reasoning_effort": "low",
    "stop": ["x"],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {
                    "type": "file",
                    "file": {"filename": "f", "file_data": "data:text/csv;base64,AAAA"},
                },
            ],
        },
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "t", "content": "r"},
    ],
}
RESPONSES = {
    "model": "m",
    "service_tier": "auto",
    "include": ["reasoning.encrypted_content"],
    "reasoning": {"effort": "low", "summary": "auto"},
    "tools": [
        {"type": "function", "name": "f", "parameters": SCHEMA},
        {
            "type": "custom",
            "name": "c",
            "format": {"type": "grammar", "syntax": "lark", "definition": "d"},
        },
        {"type": "web_search"},
    ],
    "tool_choice": {"type": "function", "name": "f"},
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "function_call", "call_id": "t", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "t", "output": "r"},
    ],
}
ASKS = {"anthropic": MESSAGES, "openai_chat": CHAT, "openai_responses": RESPONSES}
PAIRS = [(of, to) for of in ASKS for to in ASKS if of != to]


def planted_anywhere(value: Any) -> Iterator[Any]:
    """The value with the text in the place of each string in turn, and beside each member."""
    if isinstance(value, str):
        yield PLANTED
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from ([*value[:at], new, *value[at + 1 :]] for new in planted_anywhere(each))
    elif isinstance(value, dict):
        yield {**value, PLANTED: 1}
        for name, each in value.items():
            yield from ({**value, name: new} for new in planted_anywhere(each))


def told(of: str, to: str, body: Any) -> str:
    raw = json.dumps(body).encode()
    try:
        said = translate(raw, CODECS[of], CODECS[to], Aim("m", Abilities(), False))
    except Fault as fault:
        return fault.message
    return "; ".join(map(str, said.losses))


@pytest.mark.parametrize(("of", "to"), PAIRS)
def test_no_loss_and_no_refusal_repeats_text_from_any_place_of_a_request(
    of: str, to: str
) -> None:
    assert "Lovelace" not in told(of, to, ASKS[of])
    for body in planted_anywhere(ASKS[of]):
        assert "Lovelace" not in told(of, to, body), body


def test_a_word_of_the_api_that_is_not_known_is_repeated() -> None:
    asked = {**CHAT, "messages": [{"role": "robot", "content": "x"}]}
    assert told("openai_chat", "anthropic", asked).endswith("not 'robot'")
