"""Real calls over loopback: whose fault a failure is, and whether a stream was held back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from headgate.cli.probe import Ride, judge, judge_ride, probe, ride
from headgate.gateway import serve
from headgate.providers import Account, Provider, read_all
from headgate.sim.app import Options, Simulator
from headgate.sim.scenario import Scenario
from headgate.wire.model import Fault
from tests.peers import listening

KEY = "sk-ant-api03-test"


def provider(kind: str, base_url: str, **more: str) -> Provider:
    preset = read_all()[kind]
    return Provider(
        kind, kind, base_url, preset.paths, preset.auth,
        api_key=KEY, key_env="THE_KEY", credentials=more.get("credentials", "house"),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def simulator(options: Options | None = None) -> AsyncIterator[tuple[Simulator, str]]:
    sim = Simulator(options)
    server = await serve.start(sim, serve.Listen())
    try:
        yield sim, server.url
    finally:
        await server.stop(at_once=True)


async def test_a_working_key_costs_one_cheap_call() -> None:
    async with simulator() as (sim, url):
        providers = [provider("anthropic", url), provider("openai", url), provider("groq", url)]
        found = await probe(providers)
    assert [each.state for each in found] == ["ok", "ok", "ok"]
    assert all("THE_KEY works" in each.what for each in found)
    assert sorted(call.path for call in sim.calls) == [
        "/v1/chat/completions",
        "/v1/messages",
        "/v1/models",
    ]


async def test_a_refused_key_is_the_keys_fault_and_a_dead_address_the_networks() -> None:
    async with simulator(Options(scenario=Scenario(bad_keys=(KEY,)))) as (_, url):
        (refused,) = await probe([provider("anthropic", url)])
    (dead,) = await probe([provider("openai", url)])
    assert (refused.state, "the key fails: THE_KEY is not accepted" in refused.what) == (
        "fail",
        True,
    )
    assert (dead.state, "the network fails" in dead.what) == ("fail", True)
    assert KEY not in refused.what + dead.what


async def test_every_account_has_a_call_of_its_own() -> None:
    accounts = (Account("GOOD", KEY), Account("BAD", "hunter2"))
    async with simulator(Options(scenario=Scenario(bad_keys=("hunter2",)))) as (sim, url):
        found = await probe([replace(provider("anthropic", url), api_keys=accounts)])
    assert [each.state for each in found] == ["ok", "fail"]
    assert "GOOD works" in found[0].what
    assert "BAD is not accepted" in found[1].what
    assert sorted(call.key for call in sim.calls) == ["hunter2", KEY]


async def test_a_key_that_is_not_ours_is_not_tried() -> None:
    (found,) = await probe([provider("anthropic", "http://127.0.0.1:9", credentials="client")])
    assert found.state == "info"


@pytest.mark.parametrize(
    ("status", "body", "state", "words"),
    [
        (200, b"{}", "ok", "THE_KEY works"),
        (200, b"<!DOCTYPE html><html>log in</html>", "fail", "the network fails: a web page"),
        (401, b'{"error": {"message": "invalid x-api-key"}}', "fail", "the key fails"),
        (403, b'{"error": {"message": "not allowed"}}', "fail", "may not do this"),
        (400, b'{"error": {"message": "credit balance is too low"}}', "fail", "account fails"),
        (402, b"{}", "fail", "the account fails"),
        (429, b'{"error": {"code": "insufficient_quota"}}', "fail", "account fails"),
        (429, b'{"error": {"message": "slow down"}}', "warn", "its rate limit"),
        (404, b'{"error": "model not found"}', "warn", "model or path is unknown"),
        (529, b'{"error": {"type": "overloaded_error"}}', "warn", "the provider fails (529)"),
        (502, b"\xff\x00", "warn", "the provider fails (502)"),
        (418, b"[1]", "warn", "unexpected answer 418"),
    ],
)  # fmt: skip
def test_an_answer_is_laid_at_the_right_door(
    status: int, body: bytes, state: str, words: str
) -> None:
    found = judge(provider("anthropic", "http://127.0.0.1:9"), status, body, 12.0)
    assert found.state == state
    assert words in found.what


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "/v1/chat/completions", "/v1/responses"])
async def test_a_paced_stream_is_seen_to_flow(path: str) -> None:
    scenario = Scenario(always={"events": 30, "pace": 0.03})
    async with simulator(Options(scenario=scenario, allow_header_faults=False)) as (_, url):
        seen = await ride(url + path, "claude-haiku-5-5" if not path else "gpt-6-luna", KEY)
    (found,) = judge_ride(url, seen)
    assert (found.state, "flows" in found.what) == ("ok", True), found


@contextlib.asynccontextmanager
async def scripted(
    reply: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reply(writer)

    async with listening(answer) as port:
        yield f"http://127.0.0.1:{port}"


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


@pytest.mark.slow
async def test_a_stream_that_was_held_back_is_seen_whatever_its_headers_say() -> None:
    async def hold(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.4)
        writer.write(HEAD + b"data: {}\n\n" * 30)
        await writer.drain()

    async with scripted(hold) as url:
        (found,) = judge_ride(url, await ride(url, "m", KEY))
    assert (found.state, "held back" in found.what) == ("fail", True)
    assert "unbuffered-sse" in found.hint


async def test_a_quick_answer_proves_nothing_and_says_so() -> None:
    async def hurry(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"data: {}\n\n")
        await writer.drain()

    async with scripted(hurry) as url:
        (found,) = judge_ride(url, await ride(url, "m", KEY))
    assert (found.state, "too quick to tell" in found.what) == ("warn", True)


def seen(*arrivals: float, status: int = 200, **headers: str) -> Ride:
    fields = {"content_type": "text/event-stream"} | headers
    return Ride(
        status,
        [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()],
        0.1,
        tuple((at, 10) for at in arrivals),
        b'{"error": {"message": "unknown model"}}',
    )


def test_lumps_compression_and_rewritten_types_are_told() -> None:
    lumpy = judge_ride("u", seen(0.2, 0.3, 0.4, 1.9, 2.0))
    assert [(each.state, "lumps" in each.what) for each in lumpy] == [("warn", True)]
    steady = [0.1 * at for at in range(1, 20)]
    assert [each.state for each in judge_ride("u", seen(*steady))] == ["ok"]
    packed = judge_ride("u", seen(*steady, content_encoding="gzip"))
    assert [each.state for each in packed] == ["warn", "ok"]
    rewritten = judge_ride("u", seen(*steady, content_type="text/html"))
    assert [each.state for each in rewritten] == ["fail", "ok"]


def test_a_refusal_is_told_in_its_own_words() -> None:
    (found,) = judge_ride("http://u", seen(status=404))
    assert found.what == "http://u answers 404: unknown model"


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        await ride("localhost:9", "m", KEY)
    with pytest.raises(Fault):
        await ride("http://127.0.0.1:9", "m", KEY)
