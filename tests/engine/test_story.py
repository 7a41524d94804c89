"""One call, one settlement: the real gateway against the simulator, through every fault."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from tests.kit import PROVIDERS, chat, message, read_head, response, running, send

LADDER = """
[retry]
waits_s = [0.02, 0.04]
[models]
careful = { ladder = [
  "anthropic:claude-sonnet-5-5 x3",
  "anthropic:claude-sonnet-4-6 x2",
  "anthropic:claude-haiku-5-5",
], canned = "Sorry, no model answers just now. This is not an answer." }
pair = ["anthropic:claude-sonnet-5-5", "anthropic:claude-haiku-5-5"]
"""

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", message()),
        ("/v1/chat/completions", chat()),
        ("/v1/responses", response()),
    ],
)
async def test_a_call_is_answered_and_leaves_exactly_one_priced_row(
    path: str, body: dict[str, object], stream: bool
) -> None:
    async with running() as field:
        got = await field.post(path, {**body, "stream": stream})
        assert (got.status, got.whole) == (200, True)
        assert got.headers["x-headgate-simulated"] == "true"
        row = await field.row()
        assert row["ending"] == "complete"
        assert row["status"] == 200
        assert row["usage_from"] == "provider"
        assert row["output"] > 0
        lines = (
            "input_nusd",
            "cache_read_nusd",
            "cache_write_nusd",
            "output_nusd",
            "search_nusd",
        )
        assert row["cost_nusd"] == sum(row[line] for line in lines) > 0
        assert row["stream"] == int(stream)
        assert row["simulated"] == 1


async def test_a_ladder_is_climbed_to_its_canned_end_and_says_so() -> None:
    async with running(LADDER) as field:
        got = await field.post("/v1/messages", message("careful"), {"x-headgate-sim": "529"})
        assert got.status == 200
        assert got.headers["x-headgate-canned"] == "true"
        assert got.headers["x-headgate-tries"] == "6"
        assert got.json["content"][0]["text"].startswith("Sorry, no model answers")
        row = await field.row()
        assert (row["canned"], row["tries"], row["fault"]) == (1, 6, "overloaded")
        assert row["cost_nusd"] == 0
        models = [note["model"] for note in json.loads(row["tries_json"])]
        assert models == ["claude-sonnet-5-5"] * 3 + ["claude-sonnet-4-6"] * 2 + [
            "claude-haiku-5-5"
        ]


WARNED = """
[models]
dear = "anthropic:claude-of-2031"
late = ["anthropic:claude-of-2031", "anthropic:claude-haiku-5-5"]
safe = { ladder = ["anthropic:claude-of-2031"], canned = "C" }
ours = "mine:llama-of-2031"
[prices]
ceiling_input_mtok = "20"
[providers.mine]
kind = "ollama"
base_url = "{sim}/v1"
"""


@pytest.mark.parametrize("stream", [False, True])
async def test_a_price_nobody_knows_is_told_with_the_reply_and_kept_on_the_row(
    stream: bool,
) -> None:
    async with running(WARNED + PROVIDERS) as field:
        got = await field.post("/v1/messages", message("dear", stream=stream))
        assert got.status == 200
        told = got.headers["x-headgate-warning"]
        assert told.startswith("price_unknown: anthropic:claude-of-2031 ")
        assert "$20 in and $75 out" in told
        row = await field.row()
        assert (row["priced_by"], row["warnings"]) == ("ceiling", "price_unknown")


async def test_no_price_is_warned_of_where_none_is_charged() -> None:
    async with running(WARNED + PROVIDERS) as field:
        asked = [
            await field.post("/v1/messages", message("claude-haiku-5-5")),
            await field.post("/v1/messages", message("late"), {"x-headgate-sim": "529"}),
            await field.post("/v1/messages", message("safe"), {"x-headgate-sim": "529"}),
            await field.post("/v1/messages/count_tokens", message("dear")),
            await field.post("/v1/chat/completions", chat("ours")),
        ]
        assert [got.headers.get("x-headgate-warning") for got in asked] == [None] * 5
        rows = await field.rows(5)
        assert {row["warnings"] for row in rows} == {""}


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
async def test_a_canned_stream_is_a_stream_of_the_callers_dialect(path: str) -> None:
    ladder = '[models]\nm = { ladder = ["openai:x", "anthropic:x"], canned = "C" }'
    async with running(ladder) as field:
        body = {**message("m"), "input": "hi", "stream": True}
        got = await field.post(path, body, {"x-headgate-sim": "500"})
        assert got.status == 200
        assert got.headers["content-type"].startswith("text/event-stream")
        assert got.headers["x-headgate-canned"] == "true"
        assert got.whole
        assert b"C" in got.body


async def test_an_overload_inside_a_200_still_falls_back() -> None:
    async with running(LADDER) as field:
        scenario = {"x-headgate-sim": "overload"}
        got = await field.post("/v1/messages", message("pair", stream=True), scenario)
        assert got.status == 529
        row = await field.row()
        assert row["tries"] == 2
        assert [n["fault"] for n in json.loads(row["tries_json"])] == ["overloaded"] * 2


async def test_a_burst_of_overloads_is_ridden_out_by_retries() -> None:
    async with running() as field:
        headers = {"x-headgate-sim": "529"}
        first = await field.post("/v1/messages", message(), headers)
        assert first.status == 529
        assert first.json["error"]["type"] == "overloaded_error"
        assert (await field.row())["tries"] == 3


async def test_a_stream_that_breaks_late_ends_in_an_error_event_and_is_not_retried() -> None:
    async with running() as field:
        body = message(stream=True, max_tokens=400)
        got = await field.post(
            "/v1/messages", body, {"x-headgate-sim": "reset=3000;output=400;pace=0.002"}
        )
        assert got.status == 200
        assert got.whole
        assert got.events[-1]["type"] == "error"
        row = await field.row()
        assert (row["ending"], row["tries"], row["maybe_billed"]) == ("truncated", 1, 1)
        assert row["usage_from"] == "estimate"
        assert row["output"] > 0
        assert row["cost_nusd"] > 0


async def test_a_clean_end_without_a_terminal_event_is_never_a_fake_success() -> None:
    async with running() as field:
        body = message(stream=True, max_tokens=400)
        got = await field.post(
            "/v1/messages", body, {"x-headgate-sim": "cut=3000;output=400;pace=0.002"}
        )
        assert got.events[-1]["type"] == "error"
        assert (await field.row())["ending"] == "truncated"


async def test_an_error_event_of_the_upstream_passes_as_it_came_and_ends_the_call() -> None:
    async with running() as field:
        body = message(stream=True, max_tokens=400)
        got = await field.post(
            "/v1/messages", body, {"x-headgate-sim": "error-after=6;output=100;pace=0.01"}
        )
        assert got.events[-1]["type"] == "error"
        row = await field.row()
        assert (row["ending"], row["tries"]) == ("error", 1)


async def test_silence_after_content_ends_idle_and_our_pings_do_not_postpone_it() -> None:
    toml = PROVIDERS.replace("api_key", "silence_s = 0.6\napi_key")
    async with running("ping_s = 0.1\n" + toml) as field:
        body = message(stream=True, max_tokens=400)
        started = time.monotonic()
        got = await field.post("/v1/messages", body, {"x-headgate-sim": "silence=5"})
        assert 0.5 < time.monotonic() - started < 1.5
        assert got.body.count(b"event: ping") >= 3
        assert got.events[-1]["error"]["type"] == "timeout_error"
        row = await field.row()
        assert (row["ending"], row["fault"]) == ("idle", "idle")


async def test_a_caller_that_leaves_mid_stream_costs_what_was_served() -> None:
    async with running() as field:
        body = message(stream=True, max_tokens=4000)
        reader, writer = await send(
            field.opened.server.port,
            "POST",
            "/v1/messages",
            body,
            {"x-headgate-sim": "events=200;pace=0.02"},
        )
        status, _ = await read_head(reader)
        assert status == 200
        await reader.readuntil(b"content_block_delta")
        await asyncio.sleep(0.2)
        writer.transport.abort()
        await asyncio.sleep(0.05)
        assert field.sim.open_connections == 0
        row = await field.row()
        assert (row["ending"], row["usage_from"]) == ("client_gone", "estimate")
        assert row["output"] > 0


async def test_a_caller_that_leaves_before_the_head_frees_the_upstream_within_50_ms() -> None:
    async with running() as field:
        _, writer = await send(
            field.opened.server.port,
            "POST",
            "/v1/messages",
            message(),
            {"x-headgate-sim": "head-delay=20"},
        )
        await asyncio.sleep(0.3)
        assert field.sim.open_connections == 1
        writer.transport.abort()
        await asyncio.sleep(0.05)
        assert field.sim.open_connections == 0
        row = await field.row()
        assert (row["ending"], row["status"], row["maybe_billed"]) == ("client_gone", 0, 1)


async def test_an_upstream_that_refuses_connections_is_a_502_within_a_second() -> None:
    toml = """
[retry]
tries = 1
[providers.anthropic]
base_url = "http://127.0.0.1:9"
api_key = "env:ANTHROPIC_API_KEY"
"""
    async with running(toml) as field:
        started = time.monotonic()
        got = await field.post("/v1/messages", message())
        assert time.monotonic() - started < 1
        assert got.status == 502
        assert got.json["error"]["type"] == "api_error"
        assert (await field.row())["fault"] == "connection"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_rejection_of_our_credential_is_never_shown_as_the_callers(status: int) -> None:
    async with running() as field:
        got = await field.post("/v1/messages", message(), {"x-headgate-sim": str(status)})
        assert got.status == 502
        assert got.headers["x-should-retry"] == "false"
        assert "doctor" in got.json["error"]["message"]


async def test_a_4xx_of_the_callers_making_passes_unmodified_and_is_final() -> None:
    async with running() as field:
        direct: dict[str, Any] = message(max_tokens=-1)
        got = await field.post("/v1/messages", direct)
        assert got.status == 400
        assert got.json["type"] == "error"
        assert (await field.row())["tries"] == 1


async def test_html_with_200_is_never_shown_as_an_answer() -> None:
    async with running() as field:
        got = await field.post("/v1/messages", message(), {"x-headgate-sim": "html"})
        assert got.status == 502
        assert b"<html" not in got.body


async def test_a_retry_after_is_waited_for_when_it_is_short() -> None:
    async with running() as field:
        started = time.monotonic()
        headers = {"x-headgate-sim": "429;retry-after=1"}
        got = await field.post("/v1/messages", message(), headers)
        assert got.status == 429
        assert got.headers["retry-after"] == "1"
        assert 1.9 < time.monotonic() - started < 4
        retries = [line for line in field.logged() if line["event"] == "retry"]
        assert retries[0]["message"] == "rate limited, waiting 1 s, try 2 of 3"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_strict_row_knows_the_try_that_answered(stream: bool) -> None:
    strict = '[ledger]\ndurability = "strict"\n[retry]\nwaits_s = [0.02]\n'
    async with running(strict) as field:
        field.sim.next("529", "")
        got = await field.post("/v1/messages", message(stream=stream))
        row = await field.row()
        assert (row["tries"], row["status"]) == (2, 200)
        assert row["upstream_id"] == got.headers["x-headgate-upstream-request-id"]
        assert [n["fault"] for n in json.loads(row["tries_json"])] == ["overloaded", ""]


async def test_with_every_default_a_refused_upstream_is_a_502_within_a_second() -> None:
    toml = """
[providers.anthropic]
base_url = "http://127.0.0.1:9"
api_key = "env:ANTHROPIC_API_KEY"
"""
    async with running(toml) as field:
        started = time.monotonic()
        got = await field.post("/v1/messages", message())
        assert (got.status, time.monotonic() - started < 1) == (502, True)
        assert (await field.row())["tries"] == 3


async def test_a_move_to_the_next_rung_is_a_log_line() -> None:
    async with running(LADDER) as field:
        field.sim.next("529", "")
        await field.post("/v1/messages", message("pair"))
        moves = [line for line in field.logged() if line["event"] == "fallback"]
        assert [line["message"] for line in moves] == [
            "anthropic:claude-sonnet-5-5: overloaded, trying anthropic:claude-haiku-5-5"
        ]
