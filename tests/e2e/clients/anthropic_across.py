"""Runs the anthropic SDK's helpers against models of every vendor; prints what they made of it.

Rule 1: arguments are a URL, a key and a JSON object: surface -> {model, thinker}, with
`calm` where no stream shall break: the SDK itself does not survive every way of it.
Rule 2: it judges nothing: the tests that start it do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any

import anthropic
from pydantic import BaseModel

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMB"
    "AQDJ/pLvAAAAAElFTkSuQmCC"
)
OVERFLOW = {"messages": "400;message=prompt is too long: 300000 tokens > 200000 maximum"}
PACED = "events=60;output=400;pace=0.003"
WEATHER: Any = {
    "name": "weather",
    "description": "Weather of a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
CITIES = [{"city": "Oslo"}, {"city": "Łódź 🌧"}]


class Visit(BaseModel):
    city: str
    days: int


def ask(model: str, text: str = "Say hi.", **more: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": text}]
    return {"model": model, "max_tokens": 2000, "messages": turns, **more}


def scripted(words: str) -> dict[str, Any]:
    return {"extra_headers": {"x-headgate-sim": words}}


def understood(message: Any) -> dict[str, Any]:
    blocks = [block.model_dump(mode="json") for block in message.content]
    return {
        "text": "".join(b["text"] for b in blocks if b["type"] == "text"),
        "tools": [[b["id"], b["name"], b["input"]] for b in blocks if b["type"] == "tool_use"],
        "thoughts": [
            [b["thinking"], b["signature"]] for b in blocks if b["type"] == "thinking"
        ],
        "stop": message.stop_reason,
        "output": message.usage.output_tokens,
    }


def streamed(client: Any, words: str = "", **call: Any) -> dict[str, Any]:
    with client.messages.stream(**call, **scripted(words)) as stream:
        seen = list(stream)
        whole = understood(stream.get_final_message())
    said = "".join(event.text for event in seen if event.type == "text")
    return whole | {"said": said, "first": seen[0].type, "last": seen[-1].type}


def runner(client: Any, model: str, inputs: Any) -> dict[str, Any]:
    """The tool runner calls the function by itself until the model is content."""
    asked: list[str] = []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """Weather of a city.

        Args:
            city: Which one.
        """
        asked.append(city)
        return f"{city}: 7 degrees"

    words = f"tool=weather;tool-input={json.dumps(inputs, ensure_ascii=True)}"
    run = client.beta.messages.tool_runner(**ask(model), tools=[weather], **scripted(words))
    return {"asked": asked, "last": understood(run.until_done())}


def image(client: Any, model: str) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    content = [{"type": "text", "text": "Look."}, {"type": "image", "source": source}]
    turns = [{"role": "user", "content": content}]
    return understood(client.messages.create(model=model, max_tokens=99, messages=turns))


def parsed(client: Any, model: str) -> dict[str, Any]:
    message = client.messages.parse(**ask(model), output_format=Visit)
    assert isinstance(message.parsed_output, Visit)
    return dict(message.parsed_output.model_dump())


def thinking(client: Any, model: str) -> dict[str, Any]:
    """Think aloud, then say the thought back with a further question."""
    on: Any = {"thinking": {"type": "adaptive", "display": "summarized"}}
    call = ask(model, **on)
    with client.messages.stream(**call, **scripted("think=20")) as stream:
        first = stream.get_final_message()
    said = [block.model_dump(exclude_none=True) for block in first.content]
    turns = [
        *call["messages"],
        {"role": "assistant", "content": said},
        {"role": "user", "content": "Go on."},
    ]
    again = client.messages.create(**(call | {"messages": turns}))
    return {"first": understood(first), "again": understood(again)}


def raised(work: Any) -> dict[str, Any]:
    try:
        return {"class": None, "result": str(work())}
    except anthropic.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "message": str(error),
            "retry_after": error.response.headers.get("retry-after"),
            "id": error.request_id,
        }
    except anthropic.APIError as error:
        return {"class": type(error).__name__, "message": str(error)}


def errors(client: Any, upstream: str, model: str) -> dict[str, Any]:
    def failing(words: str, **more: Any) -> dict[str, Any]:
        call = ask(model) | more
        return raised(lambda: client.messages.create(**call, **scripted(words)))

    overload = "529" if upstream == "messages" else "503"
    return {
        "limited": failing("429;retry-after=77"),
        "limited_stream": raised(lambda: streamed(client, "429;retry-after=77", **ask(model))),
        "field": failing("", messages=[{"role": "nobody", "content": "hi"}]),
        "refused": failing("400;message=no such thing"),
        "overloaded": failing(overload),
        "too_long": failing(OVERFLOW.get(upstream, "400;code=context_length_exceeded")),
    }


def cut(client: Any, model: str) -> dict[str, Any]:
    ways = ("cut=30", "error-after=30", "reset=4000")
    return {
        way.partition("=")[0]: raised(
            lambda way=way: streamed(client, f"{PACED};{way}", **ask(model))
        )
        for way in ways
    }


def leave(client: Any, model: str) -> int:
    """Read a little of a long answer, and go."""
    call = ask(model, "leave early")
    words = "events=400;output=2000;pace=0.02"
    with client.messages.stream(**call, **scripted(words)) as stream:
        return len([text for text, _ in zip(stream.text_stream, range(3), strict=False)])


def counted(client: Any, model: str) -> Any:
    call = {name: value for name, value in ask(model).items() if name != "max_tokens"}
    with contextlib.suppress(anthropic.APIStatusError):
        return client.messages.count_tokens(**call).input_tokens
    return raised(lambda: client.messages.count_tokens(**call))


async def asynchronous(url: str, key: str, model: str) -> dict[str, Any]:
    async with anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0) as client:
        async with client.messages.stream(**ask(model)) as stream:
            parts = [text async for text in stream.text_stream]
        visit = await client.messages.parse(**ask(model), output_format=Visit)
    return {"streamed": "".join(parts), "parsed": type(visit.parsed_output).__name__}


def main(url: str, key: str, models: str) -> None:
    client: Any = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
    report: dict[str, Any] = {"version": anthropic.__version__}
    inputs = json.dumps(CITIES)
    for upstream, names in json.loads(models).items():
        model = names["model"]
        report[upstream] = {
            "streamed": streamed(client, **ask(model)),
            "runner": runner(client, model, CITIES[1]),
            "runner_parallel": runner(client, model, CITIES),
            "parallel": streamed(
                client, f"tool=weather;tool-input={inputs}", **ask(model, tools=[WEATHER])
            ),
            "image": image(client, model),
            "parsed": parsed(client, model),
            "thinking": thinking(client, names["thinker"]),
            "errors": errors(client, upstream, model),
            "cut": cut(client, model) if not names.get("calm") else {},
            "left": leave(client, model),
            "counted": counted(client, model),
            "async": asyncio.run(asynchronous(url, key, model)),
        }
    print(json.dumps(report))


main(*sys.argv[1:])
