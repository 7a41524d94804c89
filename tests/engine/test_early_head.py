"""A caller of a stream hears from us while the upstream has not begun to answer.

The price is told on the same page: once a head of ours is out, nothing else is tried.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from headgate.wire import anthropic
from tests.kit import Field, Got, chat, message, read_head, response, running, send
from tests.upstream.scripted import HOLD, BlackHole, End, Step, Upstream, chunk
from tests.wire.streams import canned_reply

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

PATHS = {"/v1/messages": message, "/v1/chat/completions": chat, "/v1/responses": response}
TOML = """
ping_s = 0.15
[retry]
waits_s = [0.01]
[models]
m = { ladder = ["one:m x3", "one:n"], canned = "Nobody answers." }
[providers.one]
kind = "anthropic"
base_url = "http://127.0.0.1:{port}"
api_key = "env:ANTHROPIC_API_KEY"
"""
QUIET_S = 0.4
"""longer than the time to the first ping, with the sweep's 50 ms"""
SSE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
ANSWER = canned_reply(anthropic, "hello", stream=True)
ASKED = message("m", stream=True)


def reply(status: str, body: bytes) -> bytes:
    length = b"content-length: %d\r\n" % len(body)
    kind = b"content-type: application/json\r\n"
    return b"HTTP/1.1 %b\r\n" % status.encode() + kind + length + b"\r\n" + body


def error(kind: str, words: str) -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": words}}).encode()


@contextlib.asynccontextmanager
async def behind(
    *answers: Sequence[Step], more: str = "", toml: str = TOML
) -> AsyncIterator[tuple[Field, Upstream]]:
    upstream = Upstream(*answers)
    await upstream.start()
    try:
        text = toml.replace("{port}", str(upstream.port)).replace("api_key", f"{more}\napi_key")
        async with running(text) as field:
            yield field, upstream
    finally:
        await upstream.stop()


def is_ours(got: Got) -> bool:
    """Did the caller get a head of our own, and a ping with it?"""
    assert got.status == 200
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert got.headers["x-accel-buffering"] == "no"
    assert got.headers["x-request-id"]
    return got.body.startswith(anthropic.PING)


@pytest.mark.parametrize("path", PATHS)
async def test_a_caller_hears_pings_before_the_upstream_has_begun(path: str) -> None:
    async with running("ping_s = 0.15\n") as field:
        begun = time.monotonic()
        asked = {"x-headgate-sim": "head-delay=1.2"}
        body = PATHS[path](stream=True)
        reader, writer = await send(field.opened.server.port, "POST", path, body, asked)
        status, headers = await read_head(reader)
        assert 0.14 < time.monotonic() - begun < 1.1
        assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert headers["x-request-id"]
        assert headers["x-headgate-target"]
        text = await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.close()
        before, _, after = text.partition(b"data: {" if "messages" not in path else b"_start")
        ping = b"event: ping\ndata: {" if "messages" in path else b": ping\n\n"
        assert before.count(ping) >= 3
        assert after.count(ping) <= 1
        row = await field.row()
        assert (row["status"], row["ending"], row["fault"]) == (200, "complete", "")
        assert row["usage_from"] == "provider"
        assert row["ttft_us"] > 1_000_000


async def test_an_answer_that_comes_late_is_relayed_whole_beneath_our_head() -> None:
    async with behind([QUIET_S, SSE, chunk(ANSWER), chunk(b"")]) as (field, _):
        got = await field.post("/v1/messages", ASKED)
        assert is_ours(got)
        assert got.whole
        assert got.body.replace(anthropic.PING, b"") == ANSWER
        row = await field.row()
        assert (row["ending"], row["tries"], row["reply_bytes"]) == ("complete", 1, len(ANSWER))


async def test_beneath_our_head_nothing_is_held_back_for_its_first_content() -> None:
    opening = ANSWER[: ANSWER.index(b"event: content_block_delta")]
    async with behind([QUIET_S, SSE, chunk(opening), HOLD]) as (field, _):
        port = field.opened.server.port
        reader, writer = await send(port, "POST", "/v1/messages", ASKED, None)
        async with asyncio.timeout(3):
            await reader.readuntil(b"content_block_start")
        writer.close()


async def test_before_the_first_ping_is_due_every_fault_can_still_fall_back() -> None:
    answers: tuple[list[Step], ...] = (
        [0.05, reply("529 x", b"{}")],
        [SSE, chunk(ANSWER), chunk(b"")],
    )
    async with behind(*answers) as (field, _):
        got = await field.post("/v1/messages", ASKED)
        assert got.body == ANSWER
        assert (await field.row())["tries"] == 2


async def test_time_spent_on_failed_tries_costs_a_later_try_nothing() -> None:
    """Each try may be silent for as long as the first before it becomes the last."""
    slow: list[Step] = [0.09, reply("529 x", b"{}")]
    async with behind(slow, slow, slow, [0.05, SSE, chunk(ANSWER), chunk(b"")]) as (field, _):
        got = await field.post("/v1/messages", ASKED)
        assert got.body == ANSWER
        assert got.headers["x-headgate-tries"] == "4"
        assert got.headers["x-headgate-target"] == "one:n"


async def test_a_pause_between_tries_is_not_the_upstreams_silence() -> None:
    toml = TOML.replace("[0.01]", "[0.5]\njitter = 0")
    answers = ([reply("529 x", b"{}")], [SSE, chunk(ANSWER), chunk(b"")])
    async with behind(*answers, toml=toml) as (field, _):
        got = await field.post("/v1/messages", ASKED)
        assert got.body == ANSWER
        assert (await field.row())["tries"] == 2


FAILURES: dict[str, tuple[list[Step], str, str, int]] = {
    # what comes after the silence, the fault, a word the caller reads, may it have been billed
    "an overload": (
        [reply("529 x", error("overloaded_error", "too busy"))],
        "overloaded",
        "too busy",
        0,
    ),
    "a bad request": (
        [reply("400 x", error("invalid_request_error", "max_tokens: no"))],
        "upstream_invalid",
        "max_tokens: no",
        0,
    ),
    "a rejected credential": (
        [reply("401 x", error("authentication_error", "secret"))],
        "upstream_auth",
        "headgate doctor",
        0,
    ),
    "a redirect": ([reply("302 x", b"")], "upstream", "302", 0),
    "a reset": ([End.RST], "connection", "", 1),
    "a close": ([End.FIN], "connection", "", 1),
    "nonsense": ([b"HELLO\r\n\r\n", End.FIN], "upstream", "", 1),
    "HTML": ([reply("200 OK", b"<html>")], "upstream", "not", 1),
    "a cut stream": ([SSE, chunk(ANSWER[:-60]), End.FIN], "truncated", "in the middle of", 1),
    "silence": ([HOLD], "idle", "0.6 s", 1),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_beneath_our_head_is_one_error_event_and_the_last_try(
    name: str,
) -> None:
    steps, fault, words, billed = FAILURES[name]
    async with behind([QUIET_S, *steps], more="silence_s = 0.6") as (field, upstream):
        got = await field.post("/v1/messages", ASKED)
        assert is_ours(got)
        assert got.whole
        assert [event["type"] for event in got.events].count("error") == 1
        assert got.events[-1]["type"] == "error"
        assert words in got.events[-1]["error"]["message"]
        assert "secret" not in got.events[-1]["error"]["message"]
        row = await field.row()
        assert (row["fault"], row["tries"], row["canned"]) == (fault, 1, 0)
        assert (row["status"], row["maybe_billed"]) == (200, billed)
        assert row["ending"] == {"idle": "idle", "truncated": "truncated"}.get(fault, "error")
        assert len(upstream.requests) == 1


@pytest.mark.parametrize("path", PATHS)
async def test_the_error_is_one_of_the_callers_dialect(path: str) -> None:
    async with running("ping_s = 0.1\n[retry]\ntries = 1\n") as field:
        asked = {"x-headgate-sim": "head-delay=0.4;529"}
        got = await field.post(path, PATHS[path](stream=True), asked)
        assert (got.status, got.whole) == (200, True)
        last = got.events[-1]
        found = last["response"]["error"] if "responses" in path else last["error"]
        assert found["message"]
        assert (await field.row())["fault"] == "overloaded"


async def test_a_whole_answer_that_comes_too_late_is_an_error_and_still_paid_for() -> None:
    whole = json.loads(canned_reply(anthropic, "hello"))
    whole["usage"] = {"input_tokens": 40, "output_tokens": 2}
    answer = reply("200 OK", json.dumps(whole).encode())
    toml = TOML.replace('"one:m x3"', '"one:claude-haiku-5-5"')
    async with behind([QUIET_S, answer], toml=toml) as (field, _):
        got = await field.post("/v1/messages", ASKED)
        assert is_ours(got)
        assert "whole reply" in got.events[-1]["error"]["message"]
        row = await field.row()
        assert (row["fault"], row["ending"], row["status"]) == ("upstream", "error", 200)
        assert (row["input_fresh"], row["output"], row["usage_from"]) == (40, 2, "provider")
        assert row["cost_nusd"] > 0


async def test_a_connection_that_is_never_made_is_told_beneath_our_head_too() -> None:
    """The connect limit may be set longer than a caller bears silence."""
    hole = BlackHole()
    toml = TOML.replace("{port}", str(hole.port)).replace("api_key", "connect_s = 0.4\napi_key")
    try:
        async with running(toml) as field:
            got = await field.post("/v1/messages", ASKED)
            assert is_ours(got)
            assert got.events[-1]["error"]["type"] == "timeout_error"
            row = await field.row()
            assert (row["fault"], row["tries"], row["maybe_billed"]) == ("timeout", 1, 0)
    finally:
        hole.close()


async def test_a_caller_that_leaves_beneath_our_head_has_seen_a_200() -> None:
    async with behind([HOLD]) as (field, upstream):
        port = field.opened.server.port
        reader, writer = await send(port, "POST", "/v1/messages", ASKED, None)
        assert (await read_head(reader))[0] == 200
        writer.transport.abort()
        await asyncio.sleep(0.05)
        assert upstream.open == 0
        row = await field.row()
        assert (row["ending"], row["status"], row["maybe_billed"]) == ("client_gone", 200, 1)


@pytest.mark.parametrize("body", [message("m"), message("m", stream=False)])
async def test_a_caller_of_a_whole_reply_waits_for_its_status(body: object) -> None:
    async with behind([QUIET_S, reply("400 x", error("invalid_request_error", "no"))]) as (
        field,
        _,
    ):
        assert (await field.post("/v1/messages", body)).status == 400


async def test_an_error_whose_body_is_slow_keeps_its_status() -> None:
    head, _, rest = reply("400 x", error("invalid_request_error", "no")).partition(b"\r\n\r\n")
    async with behind([head + b"\r\n\r\n", QUIET_S, rest]) as (field, _):
        got = await field.post("/v1/messages", ASKED)
        assert (got.status, got.json["error"]["message"]) == (400, "no")


async def test_with_strict_durability_the_row_is_safe_before_the_error_event() -> None:
    strict = TOML + '[ledger]\ndurability = "strict"\n'
    async with behind([QUIET_S, reply("529 x", b"{}")], toml=strict) as (field, _):
        got = await field.post("/v1/messages", ASKED)
        assert got.events[-1]["type"] == "error"
        assert len(await field.rows(1)) == 1
