"""Runs one version of the openai SDK against a URL; prints what it understood as JSON.

Rule 1: plain calls that every version of the SDK from 1.30 on knows; what one lacks is null.
Rule 2: it judges nothing: the tests that start it do.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import openai

TOOL: dict[str, Any] = {
    "name": "weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
ASK: dict[str, Any] = {
    "model": "gpt-5.6-terra",
    "messages": [{"role": "user", "content": "Say hi."}],
}
ASK_TOOL = ASK | {"tools": [{"type": "function", "function": TOOL}]}
RESPOND: dict[str, Any] = {"model": "gpt-5.6-terra", "input": "Say hi."}
RESPOND_TOOL = RESPOND | {"tools": [{"type": "function", "strict": False, **TOOL}]}
CALL_TOOL = {"x-headgate-sim": 'tool=weather;tool-input={"city":"Oslo"}'}


def chat(client: Any, ask: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    reply = client.chat.completions.create(**ask, extra_headers=headers)
    message = reply.choices[0].message
    return {
        "text": message.content or "",
        "tools": [
            [call.function.name, json.loads(call.function.arguments)]
            for call in message.tool_calls or []
        ],
        "stop": reply.choices[0].finish_reason,
        "input": reply.usage.prompt_tokens,
        "output": reply.usage.completion_tokens,
    }


def chat_streamed(
    client: Any, ask: dict[str, Any], headers: dict[str, str], **more: Any
) -> dict[str, Any]:
    text, arguments, name, stop, usage, chunks = "", "", "", None, None, 0
    for chunk in client.chat.completions.create(
        **ask, **more, stream=True, extra_headers=headers
    ):
        chunks += 1
        usage = getattr(chunk, "usage", None) or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            stop = choice.finish_reason or stop
            for call in choice.delta.tool_calls or []:
                name += call.function.name or ""
                arguments += call.function.arguments or ""
    return {
        "text": text,
        "tools": [[name, json.loads(arguments)]] if name else [],
        "stop": stop,
        "chunks": chunks,
        "usage": [usage.prompt_tokens, usage.completion_tokens] if usage else None,
    }


def respond(client: Any, ask: dict[str, Any], headers: dict[str, str]) -> dict[str, Any] | None:
    if not hasattr(client, "responses"):
        return None
    return whole_response(client.responses.create(**ask, extra_headers=headers))


def whole_response(reply: Any) -> dict[str, Any]:
    return {
        "text": reply.output_text,
        "tools": [
            [item.name, json.loads(item.arguments)]
            for item in reply.output
            if item.type == "function_call"
        ],
        "status": reply.status,
        "input": reply.usage.input_tokens,
        "output": reply.usage.output_tokens,
    }


def respond_streamed(
    client: Any, ask: dict[str, Any], headers: dict[str, str]
) -> dict[str, Any] | None:
    if not hasattr(client, "responses"):
        return None
    kinds, last = [], None
    for event in client.responses.create(**ask, stream=True, extra_headers=headers):
        kinds.append(event.type)
        last = event
    assert last is not None
    return whole_response(last.response) | {"first": kinds[0], "last": kinds[-1]}


def raised(client: Any, words: str, **ask: Any) -> dict[str, Any]:
    try:
        client.chat.completions.create(**(ASK | ask), extra_headers={"x-headgate-sim": words})
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "body": error.body,
            "request_id": error.response.headers.get("x-request-id"),
            "should_retry": error.response.headers.get("x-should-retry"),
        }
    return {"class": None}


def embed(client: Any, **more: Any) -> list[int | float]:
    """The SDK asks for base64 by itself, unless told otherwise, and decodes it."""
    reply = client.embeddings.create(
        model="text-embedding-3-small", input=["one", "two"], **more
    )
    first = reply.data[0].embedding
    return [len(reply.data), len(first), round(sum(x * x for x in first), 3)]


async def asynchronous(url: str, key: str) -> dict[str, Any]:
    async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as client:
        whole = await client.chat.completions.create(**ASK)
        stream = await client.chat.completions.create(**ASK, stream=True)
        parts = [
            choice.delta.content or "" async for chunk in stream for choice in chunk.choices
        ]
    return {"whole": whole.choices[0].message.content, "streamed": "".join(parts)}


def main(url: str, key: str) -> None:
    client: Any = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    stranger: Any = openai.OpenAI(base_url=url, api_key="hg-wrong", max_retries=0)
    report = {
        "version": openai.__version__,
        "plain": chat(client, ASK, {}),
        "streamed": chat_streamed(client, ASK, {}),
        "streamed_usage": chat_streamed(
            client, ASK, {}, stream_options={"include_usage": True}
        ),
        "tool": chat(client, ASK_TOOL, CALL_TOOL),
        "tool_streamed": chat_streamed(client, ASK_TOOL, CALL_TOOL),
        "response": respond(client, RESPOND, {}),
        "response_streamed": respond_streamed(client, RESPOND, {}),
        "response_tool": respond(client, RESPOND_TOOL, CALL_TOOL),
        "invalid": raised(client, "400;message=no such thing"),
        "unknown_model": raised(client, "", model="no-such-model"),
        "wrong_key": raised(stranger, ""),
        "overloaded": raised(client, "503"),
        "embedded": embed(client),
        "embedded_floats": embed(client, encoding_format="float"),
        "models": [model.id for model in client.models.list()],
        "model": client.models.retrieve("gpt-5.6-terra").id,
        "async": asyncio.run(asynchronous(url, key)),
    }
    print(json.dumps(report))


main(*sys.argv[1:])
