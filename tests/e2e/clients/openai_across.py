"""Runs the openai SDK's helpers against models of every vendor; prints what they made of it.

Rule 1: arguments are a URL, a key and a JSON object: surface -> {model, thinker}, with
`calm` where no stream shall break: the SDK itself does not survive every way of it.
Rule 2: it judges nothing: the tests that start it do.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import openai
from pydantic import BaseModel

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMB"
    "AQDJ/pLvAAAAAElFTkSuQmCC"
)
IMAGE = f"data:image/png;base64,{PNG}"
OVERFLOW = {"messages": "400;message=prompt is too long: 300000 tokens > 200000 maximum"}
PACED = "events=60;output=400;pace=0.003"
CITIES = [{"city": "Oslo", "days": 2}, {"city": "Łódź 🌧", "days": 3}]
CALL = f"tool=Visit;tool-input={json.dumps(CITIES[1])}"
CALLS = f"tool=Visit;tool-input={json.dumps(CITIES)}"
LONG = "events=400;output=2000;pace=0.02"


class Visit(BaseModel):
    """A stay in a city."""

    city: str
    days: int


def scripted(words: str) -> dict[str, Any]:
    return {"extra_headers": {"x-headgate-sim": words}}


def raised(work: Any) -> dict[str, Any]:
    try:
        return {"class": None, "result": str(work())}
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "message": str(error),
            "code": error.code,
            "retry_after": error.response.headers.get("retry-after"),
            "id": error.request_id,
        }
    except openai.APIError as error:
        return {"class": type(error).__name__, "message": str(error)}


class Chat:
    """The Chat Completions surface."""

    tool: Any = openai.pydantic_function_tool(Visit)

    def __init__(self, client: Any, model: str, thinker: str) -> None:
        self.client, self.model, self.thinker = client.chat.completions, model, thinker

    def ask(self, text: Any = "Say hi.", **more: Any) -> dict[str, Any]:
        return {"model": self.model, "messages": [{"role": "user", "content": text}], **more}

    def understood(self, completion: Any) -> dict[str, Any]:
        choice = completion.choices[0]
        return {
            "text": choice.message.content or "",
            "tools": [
                [call.id, call.function.name, json.loads(call.function.arguments)]
                for call in choice.message.tool_calls or []
            ],
            "stop": choice.finish_reason,
            "output": completion.usage.completion_tokens if completion.usage else None,
        }

    def create(self, words: str = "", **more: Any) -> Any:
        return self.client.create(**(self.ask() | more), **scripted(words))

    def streamed(self, words: str = "", **more: Any) -> dict[str, Any]:
        options = {"stream_options": {"include_usage": True}}
        call = self.ask(**more) | options
        with self.client.stream(**call, **scripted(words)) as stream:
            said = "".join(e.delta for e in stream if e.type == "content.delta")
            return self.understood(stream.get_final_completion()) | {"said": said}

    def tools(self) -> dict[str, Any]:
        """A tool made of a pydantic class: called, streamed, and its result sent back."""
        call = self.ask(tools=[self.tool])
        parsed = self.client.parse(**call, **scripted(CALL))
        called = parsed.choices[0].message
        turns = [
            *call["messages"],
            called.model_dump(exclude_none=True, exclude={"parsed"}),
            {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "7 degrees"},
        ]
        for each in turns[1]["tool_calls"]:
            each["function"].pop("parsed_arguments", None)
        after = self.client.create(**(call | {"messages": turns}))
        return {
            "parsed": dict(called.tool_calls[0].function.parsed_arguments.model_dump()),
            "streamed": self.streamed(CALL, tools=[self.tool]),
            "after": self.understood(after),
        }

    def parallel(self) -> dict[str, Any]:
        return self.streamed(CALLS, tools=[self.tool])

    def image(self) -> dict[str, Any]:
        look = [
            {"type": "text", "text": "Look."},
            {"type": "image_url", "image_url": {"url": IMAGE}},
        ]
        return self.understood(self.client.create(**self.ask(look)))

    def structured(self) -> dict[str, Any]:
        whole = self.client.parse(**self.ask(), response_format=Visit)
        with self.client.stream(**self.ask(), response_format=Visit) as stream:
            last = stream.until_done().get_final_completion()
        found = [each.choices[0].message.parsed for each in (whole, last)]
        return {"parsed": [type(each).__name__ for each in found]}

    def thinking(self) -> dict[str, Any]:
        """Chat shows no thoughts; how hard to think is asked, and what it took is counted."""
        call = self.ask(reasoning_effort="high") | {"model": self.thinker}
        completion = self.client.create(**call, **scripted("think=20"))
        details = completion.usage.completion_tokens_details
        return self.understood(completion) | {"thought": details.reasoning_tokens}

    def broken(self, words: str) -> dict[str, Any]:
        return raised(lambda: self.streamed(words))

    def leave(self) -> int:
        call = self.ask("leave early", stream=True)
        stream = self.client.create(**call, **scripted(LONG))
        seen = [chunk for chunk, _ in zip(stream, range(4), strict=False)]
        stream.close()
        return len(seen)


class Responses(Chat):
    """The Responses surface, asked for the same things."""

    tool: Any = openai.pydantic_function_tool(Visit)

    def __init__(self, client: Any, model: str, thinker: str) -> None:
        self.client, self.model, self.thinker = client.responses, model, thinker
        function = self.tool["function"]
        self.tool = dict(function, type="function")

    def ask(self, text: Any = "Say hi.", **more: Any) -> dict[str, Any]:
        if not isinstance(text, str):
            text = [{"role": "user", "content": text}]
        return {"model": self.model, "input": text, **more}

    def understood(self, response: Any) -> dict[str, Any]:
        calls = [item for item in response.output if item.type == "function_call"]
        return {
            "text": response.output_text,
            "tools": [[call.call_id, call.name, json.loads(call.arguments)] for call in calls],
            "stop": response.status,
            "output": response.usage.output_tokens,
        }

    def streamed(self, words: str = "", **more: Any) -> dict[str, Any]:
        with self.client.stream(**self.ask(**more), **scripted(words)) as stream:
            said = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
            return self.understood(stream.get_final_response()) | {"said": said}

    def broken(self, words: str) -> dict[str, Any]:
        """This surface has an event for it; the SDK's helper then has no final response."""
        call = self.ask(stream=True)
        last = list(self.client.create(**call, **scripted(words)))[-1]
        helped = None
        try:
            self.streamed(words)
        except RuntimeError as error:
            helped = str(error)
        told = last.response.error if last.type == "response.failed" else last
        return {"class": last.type, "message": told.message, "helped": helped}

    def tools(self) -> dict[str, Any]:
        call = self.ask(tools=[self.tool])
        parsed = self.client.parse(**call, **scripted(CALL))
        (called,) = [item for item in parsed.output if item.type == "function_call"]
        result = {
            "type": "function_call_output",
            "call_id": called.call_id,
            "output": "7 degrees",
        }
        sent = called.model_dump(exclude_none=True, exclude={"parsed_arguments"})
        turns = [{"role": "user", "content": "Say hi."}, sent, result]
        return {
            "parsed": json.loads(called.arguments),
            "streamed": self.streamed(CALL, tools=[self.tool]),
            "after": self.understood(self.client.create(**(call | {"input": turns}))),
        }

    def image(self) -> dict[str, Any]:
        look = [
            {"type": "input_text", "text": "Look."},
            {"type": "input_image", "image_url": IMAGE, "detail": "auto"},
        ]
        return self.understood(self.client.create(**self.ask(look)))

    def structured(self) -> dict[str, Any]:
        whole = self.client.parse(**self.ask(), text_format=Visit)
        with self.client.stream(**self.ask(), text_format=Visit) as stream:
            last = stream.until_done().get_final_response()
        return {"parsed": [type(each.output_parsed).__name__ for each in (whole, last)]}

    def thinking(self) -> dict[str, Any]:
        """A sealed reasoning item comes, and goes back with the next question."""
        more: Any = {"reasoning": {"effort": "high", "summary": "auto"}, "store": False}
        more["include"] = ["reasoning.encrypted_content"]
        call = self.ask(**more) | {"model": self.thinker}
        first = self.client.create(**call, **scripted("think=20"))
        items = [item.model_dump(exclude_none=True) for item in first.output]
        (thought,) = [item for item in items if item["type"] == "reasoning"]
        turns = [
            {"role": "user", "content": "Say hi."},
            *items,
            {"role": "user", "content": "Go on."},
        ]
        again = self.client.create(**(call | {"input": turns}))
        return self.understood(again) | {
            "thought": first.usage.output_tokens_details.reasoning_tokens,
            "summary": thought["summary"][0]["text"],
            "sealed": bool(thought["encrypted_content"]),
        }


def errors(surface: Chat, upstream: str, wrong: dict[str, Any]) -> dict[str, Any]:
    def failing(words: str, **more: Any) -> dict[str, Any]:
        return raised(lambda: surface.create(words, **more))

    overload = "529" if upstream == "messages" else "503"
    return {
        "limited": failing("429;retry-after=77"),
        "limited_stream": raised(lambda: surface.streamed("429;retry-after=77")),
        "field": failing("", **wrong),
        "refused": failing("400;message=no such thing"),
        "overloaded": failing(overload),
        "too_long": failing(OVERFLOW.get(upstream, "400;code=context_length_exceeded")),
    }


def cut(surface: Chat) -> dict[str, Any]:
    ways = ("cut=30", "error-after=30", "reset=6000")
    return {way.partition("=")[0]: surface.broken(f"{PACED};{way}") for way in ways}


async def asynchronous(url: str, key: str, model: str) -> dict[str, Any]:
    async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as client:
        turns: Any = [{"role": "user", "content": "Say hi."}]
        async with client.chat.completions.stream(model=model, messages=turns) as stream:
            parts = [event.delta async for event in stream if event.type == "content.delta"]
        visit = await client.responses.parse(model=model, input="Hi.", text_format=Visit)
    return {"streamed": "".join(parts), "parsed": type(visit.output_parsed).__name__}


def main(url: str, key: str, models: str) -> None:
    client: Any = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    report: dict[str, Any] = {"version": openai.__version__}
    nobody = [{"role": "nobody", "content": "hi"}]
    kinds = {"chat": (Chat, {"messages": nobody}), "responses": (Responses, {"input": nobody})}
    for name, (kind, wrong) in kinds.items():
        for upstream, names in json.loads(models).items():
            surface = kind(client, names["model"], names["thinker"])
            report[f"{name} at {upstream}"] = {
                "streamed": surface.streamed(),
                "tools": surface.tools(),
                "parallel": surface.parallel(),
                "image": surface.image(),
                "structured": surface.structured(),
                "thinking": surface.thinking(),
                "errors": errors(surface, upstream, wrong),
                "cut": cut(surface) if not names.get("calm") else {},
                "left": surface.leave(),
                "async": asyncio.run(asynchronous(url, key, names["model"])),
            }
    print(json.dumps(report))


main(*sys.argv[1:])
