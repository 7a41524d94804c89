"""Runs one version of the anthropic SDK against a URL; prints what it understood as JSON.

Rule 1: plain calls that every version of the SDK from 0.39 on knows; what one lacks is null.
Rule 2: it judges nothing: the tests that start it do.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import anthropic

TOOL = {
    "name": "weather",
    "description": "Weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
ASK: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 200,
    "messages": [{"role": "user", "content": "Say hi."}],
}
ASK_TOOL = ASK | {"tools": [TOOL]}
CALL_TOOL = {"x-headgate-sim": 'tool=weather;tool-input={"city":"Oslo"}'}


def understood(message: Any) -> dict[str, Any]:
    usage = message.usage
    return {
        "text": "".join(part.text for part in message.content if part.type == "text"),
        "tools": [
            [part.name, part.input] for part in message.content if part.type == "tool_use"
        ],
        "stop": message.stop_reason,
        "model": message.model,
        "input": usage.input_tokens,
        "output": usage.output_tokens,
    }


def streamed(client: Any, ask: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    with client.messages.stream(**ask, extra_headers=headers) as stream:
        seen = list(stream)
        return understood(stream.get_final_message()) | {"events": len(seen)}


def raised(client: Any, words: str, **ask: Any) -> dict[str, Any]:
    try:
        client.messages.create(**(ASK | ask), extra_headers={"x-headgate-sim": words})
    except anthropic.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "body": error.body,
            "request_id": error.response.headers.get("request-id"),
            "should_retry": error.response.headers.get("x-should-retry"),
        }
    return {"class": None}


def broken_stream(client: Any) -> str | None:
    """An error event in the middle of a stream."""
    try:
        streamed(client, ASK, {"x-headgate-sim": "error-after=2"})
    except anthropic.APIError as error:
        return type(error).__name__
    return None


def counted(client: Any) -> int | None:
    place = (
        client.messages if hasattr(client.messages, "count_tokens") else client.beta.messages
    )
    ask = {name: ASK[name] for name in ("model", "messages")}
    return int(place.count_tokens(**ask).input_tokens)


def models(client: Any) -> dict[str, Any] | None:
    if not hasattr(client, "models"):
        return None
    listed = [model.id for model in client.models.list()]
    return {"listed": listed, "one": client.models.retrieve("claude-opus-5-5").id}


async def asynchronous(url: str, key: str) -> dict[str, Any]:
    async with anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0) as client:
        whole = await client.messages.create(**ASK)
        async with client.messages.stream(**ASK) as stream:
            parts = [part async for part in stream.text_stream]
    return {"whole": understood(whole), "streamed": "".join(parts)}


def main(url: str, key: str) -> None:
    client: Any = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
    stranger: Any = anthropic.Anthropic(base_url=url, api_key="hg-wrong", max_retries=0)
    report = {
        "version": anthropic.__version__,
        "plain": understood(client.messages.create(**ASK)),
        "streamed": streamed(client, ASK, {}),
        "tool": understood(client.messages.create(**ASK_TOOL, extra_headers=CALL_TOOL)),
        "tool_streamed": streamed(client, ASK_TOOL, CALL_TOOL),
        "invalid": raised(client, "400;message=no such thing"),
        "unknown_model": raised(client, "", model="no-such-model"),
        "wrong_key": raised(stranger, ""),
        "overloaded": raised(client, "529"),
        "broken_stream": broken_stream(client),
        "counted": counted(client),
        "models": models(client),
        "async": asyncio.run(asynchronous(url, key)),
    }
    print(json.dumps(report))


main(*sys.argv[1:])
