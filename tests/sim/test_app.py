"""The simulator as official clients and bare sockets meet it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import msgspec
import openai
import pytest

from headgate.sim.app import Options, Simulator
from headgate.sim.scenario import read, shipped

Serve = Callable[..., Awaitable[Any]]
SCENARIOS = shipped()
HI = [{"role": "user", "content": "hi"}]
OLD = "anthropic-version: 2023-06-01\r\nx-api-key: k\r\n"
BASH: Any = {
    "name": "Bash",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
}


def claude(url: str, key: str = "k") -> Any:
    return anthropic.AsyncAnthropic(api_key=key, base_url=url, max_retries=0)


def gpt(url: str, key: str = "k") -> Any:
    return openai.AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0)


def scripted(text: str) -> dict[str, str]:
    return {"x-headgate-sim": text}


async def send(live: Any, method: str, path: str, body: Any = None, extra: str = OLD) -> bytes:
    """A whole exchange over a bare socket, until the server closes."""
    reader, writer = await asyncio.open_connection(live.host, live.port)
    data = (
        body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    )
    head = f"{method} {path} HTTP/1.1\r\nhost: sim\r\ncontent-length: {len(data)}\r\n{extra}"
    writer.write(f"{head}connection: close\r\n\r\n".encode() + data)
    reply = b""
    try:
        reply = await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        reply = b"reset"
    finally:
        writer.close()
    return reply


def message(**more: Any) -> dict[str, Any]:
    return {"model": "claude-opus-5-5", "max_tokens": 99, "messages": HI, **more}


@pytest.mark.slow
async def test_the_anthropic_client_reads_replies_streams_counts_and_models(
    serve: Serve,
) -> None:
    live = await serve()
    async with claude(live.url) as client:
        one = await client.messages.create(model="claude-opus-5-5", max_tokens=99, messages=HI)
        assert one.content[0].text.startswith("[simulated]")
        async with client.messages.stream(
            model="claude-opus-5-5",
            max_tokens=999,
            messages=HI,
            tools=[BASH],
            extra_headers=scripted("tool=Bash;think=20"),
        ) as stream:
            two = await stream.get_final_message()
        assert [block.type for block in two.content] == ["thinking", "tool_use"]
        assert two.stop_reason == "tool_use"
        assert two.usage.output_tokens_details.thinking_tokens == 20
        count = await client.messages.count_tokens(model="claude-opus-5-5", messages=HI)
        assert count.input_tokens == one.usage.input_tokens
        listed = await client.models.list(limit=5)
        assert len([model async for model in listed]) > 5
        assert (await client.models.retrieve("claude-opus-5-5")).type == "model"


@pytest.mark.slow
async def test_the_openai_client_reads_chat_responses_embeddings_and_models(
    serve: Serve,
) -> None:
    live = await serve()
    async with gpt(live.url) as client:
        one = await client.chat.completions.create(model="gpt-6.1-sol", messages=HI)
        assert one.choices[0].message.content.startswith("[simulated]")
        chunks = await client.chat.completions.create(
            model="gpt-6.1-sol",
            messages=HI,
            stream=True,
            stream_options={"include_usage": True},
        )
        last = [chunk async for chunk in chunks][-1]
        assert last.usage.total_tokens > 0
        async with client.responses.stream(
            model="gpt-6.1-sol",
            input="hi",
            tools=[{"type": "function", "name": "f", "parameters": {}, "strict": False}],
            extra_headers=scripted("tool=f;think=9"),
        ) as stream:
            final = await stream.get_final_response()
        assert [item.type for item in final.output] == ["reasoning", "function_call"]
        assert final.usage.output_tokens_details.reasoning_tokens == 9
        packed = await client.embeddings.create(model="text-embedding-3-small", input="hi")
        assert len(packed.data[0].embedding) == 1536
        assert (await client.models.retrieve("gpt-5")).object == "model"
        assert len((await client.models.list()).data) > 5


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("429;retry-after=2", anthropic.RateLimitError),
        ("529", anthropic.OverloadedError),
        ("500", anthropic.InternalServerError),
        ("503", anthropic.ServiceUnavailableError),
        ("401", anthropic.AuthenticationError),
        ("overload", anthropic.OverloadedError),
        ("error-after=1", anthropic.InternalServerError),
        ("reset=head", anthropic.APIConnectionError),
        ("reset=90", anthropic.APIConnectionError),
        ("wrong-length=10", anthropic.APIConnectionError),
    ],
)
async def test_a_scripted_fault_reaches_the_client(
    serve: Serve, script: str, error: type[Exception]
) -> None:
    live = await serve()
    async with claude(live.url) as client:
        with pytest.raises(error) as raised:
            await client.messages.create(
                model="m", max_tokens=9, messages=HI, extra_headers=scripted(script)
            )
    reply = getattr(raised.value, "response", None)
    if reply is not None:
        assert reply.headers["x-headgate-simulated"] == "true"
        body = getattr(raised.value, "body", None) or {}
        assert reply.headers["request-id"] == body["request_id"]
        assert reply.headers.get("retry-after") == ("2" if "429" in script else None)


STREAM_FAULTS = {
    "": rb"message_stop",
    "overload": rb'message_start.*\n\nevent: error\ndata: .*"overloaded_error".*\n\n\r\n0\r\n',
    "error-after=2": rb"content_block_delta.*event: error\ndata: .*api_error",
    "cut=2": rb"text_delta[^\r]*\n\n\r\n0\r\n\r\n$",
    "malformed=1": rb"\xff\xfe no field",
    "html": rb"text/html.*<h1>502",
    "empty": rb'message_start"(?!.*content_block_start).*message_stop',
    "bad-usage=missing": rb'message_start"(?!.*input_tokens).*message_stop',
}


@pytest.mark.parametrize("script", STREAM_FAULTS)
async def test_a_stream_breaks_as_scripted(serve: Serve, script: str) -> None:
    live = await serve()
    extra = f"{OLD}x-headgate-sim: {script}\r\n" if script else OLD
    reply = await send(live, "POST", "/v1/messages?beta=true", message(stream=True), extra)
    assert re.search(STREAM_FAULTS[script], reply, re.DOTALL), reply
    assert (b"message_stop" in reply) == (
        script in ("", "malformed=1", "empty", "bad-usage=missing")
    )


async def test_a_stream_is_reset_after_exactly_so_many_bytes(serve: Serve) -> None:
    live = await serve()
    reader, writer = await asyncio.open_connection(live.host, live.port)
    data = msgspec.json.encode(message(stream=True))
    head = f"POST /v1/messages HTTP/1.0\r\n{OLD}content-length: {len(data)}\r\n"
    writer.write(f"{head}x-headgate-sim: reset=400\r\n\r\n".encode() + data)
    pieces: list[bytes] = []

    async def read_on() -> None:
        while piece := await reader.read(1 << 16):
            pieces.append(piece)

    with pytest.raises(ConnectionResetError):
        await read_on()
    writer.close()
    reply = b"".join(pieces)
    body = reply.partition(b"\r\n\r\n")[2]
    assert len(re.sub(rb"^[0-9a-f]+\r\n|\r\n$", b"", body)) == 400
    assert live.sim.calls[0].lost_at is None


async def until(fact: Callable[[], bool], seconds: float = 2.0) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("script", ["silence", "silence=2", "head-delay=60", "first-delay=60"])
async def test_a_client_that_leaves_is_noticed_at_once_and_noted(
    serve: Serve, script: str
) -> None:
    live = await serve()
    reader, writer = await asyncio.open_connection(live.host, live.port)
    data = msgspec.json.encode(message(stream=True))
    head = f"POST /v1/messages HTTP/1.1\r\n{OLD}content-length: {len(data)}\r\n"
    writer.write(f"{head}x-headgate-sim: {script}\r\n\r\n".encode() + data)
    if script in ("silence=2", "first-delay=60"):
        await reader.readuntil(b"content_block_start")
    await until(lambda: live.sim.running == 1)
    assert live.sim.open_connections == 1
    left = time.monotonic()
    writer.close()
    await until(lambda: live.sim.running == 0)
    (call,) = live.sim.calls
    assert call.lost_at is not None
    assert call.lost_at - left < 0.05
    await until(lambda: live.sim.open_connections == 0)


async def test_calls_are_kept_with_what_was_sent_and_their_number_is_bounded(
    serve: Serve,
) -> None:
    live = await serve(Options(keep_calls=3))
    for _ in range(5):
        await send(live, "POST", "/v1/messages?beta=true", message())
    assert [call.n for call in live.sim.calls] == [3, 4, 5]
    call = live.sim.calls[-1]
    assert (call.method, call.path, call.query, call.status) == (
        "POST",
        "/v1/messages",
        "beta=true",
        200,
    )
    assert call.header("X-API-Key") == call.key == "k"
    assert call.json() == message()
    assert live.sim.total_calls == 5


async def test_kept_bodies_are_bounded_in_bytes(serve: Serve) -> None:
    live = await serve(Options(keep_bytes=50_000))
    for _ in range(4):
        await send(live, "POST", "/v1/messages", message(system="x" * 20_000))
    assert len(live.sim.calls) == 2


async def test_same_seed_and_same_requests_give_the_same_bytes(serve: Serve) -> None:
    replies = []
    for _ in range(2):
        live = await serve(Options(seed=5), clock=lambda: 1_793_836_800.0)
        found = []
        for path, body in (
            ("/v1/messages", message(stream=True)),
            ("/v1/messages", message()),
            ("/v1/chat/completions", {"model": "gpt-5", "messages": HI}),
            ("/v1/responses", {"model": "gpt-5", "input": "hi", "stream": True}),
            ("/v1/messages", b"{"),
        ):
            bearer = f"{OLD}authorization: Bearer k\r\n"
            found.append(await send(live, "POST", path, body, bearer))
        replies.append(found)
    assert replies[0] == replies[1]
    other = await serve(Options(seed=6), clock=lambda: 1_793_836_800.0)
    assert await send(other, "POST", "/v1/messages", message()) != replies[0][1]


@pytest.mark.parametrize(
    ("method", "path", "extra", "status", "shape"),
    [
        (
            "POST",
            "/v1/messages",
            "anthropic-version: 2023-06-01\r\n",
            401,
            "authentication_error",
        ),
        ("POST", "/v1/messages", OLD, 400, "not valid JSON"),
        ("POST", "/v1/chat/completions", OLD, 401, "invalid_api_key"),
        ("GET", "/v1/messages", OLD, 405, "invalid_request_error|api_error"),
        ("GET", "/nowhere", "", 404, '"error":{"message"'),
        ("GET", "/v1/nowhere", OLD, 404, "not_found_error"),
        ("GET", "/v1/responses", "connection: upgrade\r\nupgrade: websocket\r\n", 426, "HTTP"),
        ("HEAD", "/api/hello", "", 200, ""),
    ],
)
async def test_what_cannot_be_served_is_refused_in_the_vendors_shape(
    serve: Serve, method: str, path: str, extra: str, status: int, shape: str
) -> None:
    live = await serve()
    reply = await send(live, method, path, b"{" if method == "POST" else None, extra)
    assert reply.startswith(b"HTTP/1.1 %d " % status)
    assert b"x-headgate-simulated: true" in reply
    assert re.search(shape.encode(), reply)


async def test_a_body_too_large_is_refused_with_413(serve: Serve) -> None:
    live = await serve(Options(max_body_bytes=1_000))
    reply = await send(live, "POST", "/v1/messages", message(system="x" * 2_000))
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b"request_too_large" in reply


async def test_a_header_script_that_cannot_be_read_is_refused_with_a_hint(serve: Serve) -> None:
    live = await serve()
    extra = f"{OLD}x-headgate-sim: paec=1\r\n"
    reply = await send(live, "POST", "/v1/messages", message(), extra)
    assert b"did you mean 'pace'" in reply
    deaf = await serve(Options(allow_header_faults=False))
    assert b"end_turn" in await send(deaf, "POST", "/v1/messages", message(), extra)


async def test_next_scripts_the_coming_calls_in_order(serve: Serve) -> None:
    live = await serve()
    live.sim.next("529", "", "500")
    found = [await send(live, "POST", "/v1/messages", message()) for _ in range(4)]
    assert [reply[9:12] for reply in found] == [b"529", b"200", b"500", b"200"]


async def test_a_scenario_is_changed_while_calls_go_on(serve: Serve) -> None:
    live = await serve()
    for text, status in (
        (b"overloaded", b"529"),
        (b"503", b"503"),
        (b'always = "500"\n', b"500"),
    ):
        reply = await send(live, "PUT", "/sim/scenario", text, "")
        assert reply.startswith(b"HTTP/1.1 200 ")
        assert (await send(live, "POST", "/v1/messages", message()))[9:12] == status
    refused = await send(live, "PUT", "/sim/scenario", b"nonsense", "")
    assert b"unknown word" in refused
    assert b"black-hole" in refused
    state = await send(live, "GET", "/sim", None, "")
    assert b'"running":1' in state
    calls = await send(live, "GET", "/sim/calls", None, "")
    assert calls.count(b'"status":5') == 3


async def test_the_body_of_a_call_is_shown_as_it_came(serve: Serve) -> None:
    live = await serve()
    body = json.dumps(message(), indent=3).encode()
    await send(live, "POST", "/v1/messages", body)
    shown = await send(live, "GET", "/sim/calls/1", None, "")
    assert shown.endswith(b"\r\n\r\n" + body)
    assert b"not kept" in await send(live, "GET", "/sim/calls/99", None, "")


async def test_a_key_listed_as_bad_is_refused_and_an_unknown_model_if_asked(
    serve: Serve,
) -> None:
    scenario = read('bad_keys = ["bad*"]\nknown_models_only = true')
    live = await serve(Options(scenario=scenario))
    async with claude(live.url, "bad-1") as client:
        with pytest.raises(anthropic.AuthenticationError):
            await client.messages.create(model="claude-opus-5-5", max_tokens=9, messages=HI)
    async with claude(live.url) as client:
        await client.messages.create(model="claude-opus-5-5", max_tokens=9, messages=HI)
        with pytest.raises(anthropic.NotFoundError):
            await client.messages.create(model="gpt-mock", max_tokens=9, messages=HI)
        with pytest.raises(anthropic.NotFoundError):
            await client.models.retrieve("gpt-mock")


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"black-hole"}))
async def test_a_shipped_scenario_plays_the_same_way_twice(serve: Serve, name: str) -> None:
    async def no_wait(seconds: float) -> None:
        await asyncio.sleep(0)

    plays = []
    for _ in range(2):
        options = Options(seed=3, scenario=SCENARIOS[name])
        live = await serve(options, clock=lambda: 1_793_836_800.0, sleep=no_wait)
        body = message(stream=True)
        plays.append([await send(live, "POST", "/v1/messages", body) for _ in range(12)])
    assert plays[0] == plays[1]
    assert any(b"message_stop" in reply for reply in plays[0])


async def test_without_a_server_a_lifespan_is_ignored() -> None:
    async def never() -> Any:
        raise AssertionError

    await Simulator()({"type": "lifespan"}, never, lambda message: never())
