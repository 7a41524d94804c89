"""Calls that cross from one dialect to another: what arrives, what comes back, what is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.conformance.grammar.check import check
from headgate.sim.turn import Received
from headgate.wire.meaning import Thought
from headgate.wire.seal import wrap
from tests.kit import Field, chat, message, read_head, response, running, send

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

TOML = """
[retry]
waits_s = [0.02, 0.04]
[providers.anthropic]
base_url = "{sim}"
api_key = "env:ANTHROPIC_API_KEY"
[providers.openai]
base_url = "{sim}/v1"
api_key = "env:OPENAI_API_KEY"
[providers.plain]
kind = "openai-compatible"
base_url = "{sim}/v1"
api_key = "env:OPENAI_API_KEY"
[models]
claude = "anthropic:claude-opus-5-5 x1"
chatty = "plain:gpt-4.1 x1"
newest = "openai:gpt-5.6-terra x1"
blind = "plain:blind x1"
either = ["plain:blind x1", "anthropic:claude-haiku-5-5 x1"]
both = ["plain:gpt-4.1 x1", "openai:gpt-5.6-terra x1"]
[capabilities.blind]
images = false
"""
WAYS = [
    ("/v1/messages", message, "chatty", "/v1/chat/completions"),
    ("/v1/messages", message, "newest", "/v1/responses"),
    ("/v1/chat/completions", chat, "claude", "/v1/messages"),
    ("/v1/responses", response, "claude", "/v1/messages"),
    ("/v1/responses", response, "chatty", "/v1/chat/completions"),
]
GRAMMAR = {
    "/v1/messages": "anthropic",
    "/v1/chat/completions": "openai_chat",
    "/v1/responses": "openai_responses",
}
IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
}
TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {}}}


def arrived(field: Field) -> Received:
    return field.sim.calls[-1]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "ask", "model", "upstream"), WAYS)
async def test_a_call_crosses_and_is_priced_as_what_served_it(
    path: str, ask: Any, model: str, upstream: str, stream: bool
) -> None:
    async with running(TOML) as field:
        got = await field.post(path, {**ask(model), "stream": stream})
        assert (got.status, got.whole) == (200, True), got.body
        assert got.headers["x-headgate-simulated"] == "true"
        assert arrived(field).path == upstream
        assert arrived(field).json()["model"] != model
        row = await field.row()
        assert (row["ending"], row["status"], row["stream"]) == ("complete", 200, int(stream))
        assert row["usage_from"] == "provider"
        assert row["cost_nusd"] > 0
        assert row["priced_by"] != "ceiling"
        if stream:
            verdict = check(GRAMMAR[path], got.body)
            assert not verdict.violations, verdict.violations
            assert got.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize(("path", "ask", "model", "upstream"), WAYS)
@pytest.mark.parametrize("how", ["cut=3", "error-after=2", "reset=2700", "malformed=2"])
async def test_a_broken_stream_ends_in_the_callers_error(
    path: str, ask: Any, model: str, upstream: str, how: str
) -> None:
    async with running(TOML) as field:
        got = await field.post(
            path,
            {**ask(model), "stream": True},
            {"x-headgate-sim": f"events=16;pace=0.01;{how}"},
        )
        assert got.status == 200, got.body
        verdict = check(GRAMMAR[path], got.body)
        assert not verdict.violations, verdict.violations
        assert verdict.error
        row = await field.row()
        assert row["ending"] in ("error", "truncated")
        assert row["fault"]


async def test_what_is_not_carried_is_told_in_the_head_and_on_the_row() -> None:
    async with running(TOML) as field:
        got = await field.post("/v1/messages", {**message("chatty"), "top_k": 5})
        assert got.status == 200
        assert got.headers["x-headgate-warning"].startswith("top_k: ")
        assert "top_k" in (await field.row())["warnings"]
        assert "top_k" not in arrived(field).json()


async def test_what_would_change_the_meaning_is_refused_by_name() -> None:
    async with running(TOML) as field:
        got = await field.post("/v1/chat/completions", {**chat("claude"), "n": 2})
        assert got.status == 400
        assert got.json["error"]["message"].startswith("n: ")
        assert got.json["error"]["type"] == "invalid_request_error"
        assert got.headers["x-should-retry"] == "false"
        assert not field.sim.calls
        row = await field.row()
        assert (row["fault"], row["tries"], row["cost_nusd"]) == ("untranslatable", 0, 0)


def with_image(model: str) -> dict[str, object]:
    turn = {"role": "user", "content": [{"type": "text", "text": "what?"}, IMAGE]}
    return {**message(model), "messages": [turn]}


async def test_claude_code_is_told_what_it_can_mend_by_itself() -> None:
    async with running(TOML) as field:
        agent = {"user-agent": "claude-cli/2.1.329 (external, sdk-cli)"}
        got = await field.post("/v1/messages", with_image("blind"), agent)
        assert got.status == 400
        assert got.json["error"]["message"] == "capability_rejected: image_block"
        got = await field.post("/v1/messages", with_image("blind"))
        assert got.json["error"]["message"].startswith("messages[0].content[1]")


async def test_the_next_rung_may_carry_what_this_one_cannot() -> None:
    async with running(TOML) as field:
        got = await field.post("/v1/messages", with_image("either"))
        assert got.status == 200
        assert got.headers["x-headgate-target"] == "anthropic:claude-haiku-5-5"
        assert "x-headgate-warning" not in got.headers
        assert arrived(field).json()["messages"][0]["content"][1] == IMAGE


@pytest.mark.parametrize(
    ("how", "status", "kind"),
    [
        ("529", 529, "overloaded_error"),
        ("429;retry-after=7", 429, "rate_limit_error"),
        ("401", 502, "api_error"),
        ("500", 502, "api_error"),
    ],
)
async def test_an_upstreams_error_is_told_in_the_callers_words(
    how: str, status: int, kind: str
) -> None:
    async with running(TOML) as field:
        got = await field.post("/v1/messages", message("chatty"), {"x-headgate-sim": how})
        assert (got.status, got.json["error"]["type"]) == (status, kind), got.body
        assert got.json["request_id"] == got.headers["request-id"]
        if "retry-after" in how:
            assert got.headers["retry-after"] == "7"


async def test_a_canned_answer_and_a_second_vendor_follow_the_first() -> None:
    async with running(TOML) as field:
        field.sim.world.director.coming.append({"status": 500})
        got = await field.post("/v1/messages", {**message("both"), "stream": True})
        assert got.status == 200
        assert [one.path for one in field.sim.calls] == [
            "/v1/chat/completions",
            "/v1/responses",
        ]
        assert not check("anthropic", got.body).violations


async def test_nothing_of_the_callers_vendor_travels_in_header_fields() -> None:
    async with running(TOML) as field:
        sent = {
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "some-beta",
            "x-stainless-lang": "js",
            "x-claude-code-session-id": "s",
            "user-agent": "me/1",
        }
        await field.post("/v1/messages?beta=true", message("chatty"), sent)
        got = arrived(field)
        assert got.query == ""
        names = {name.decode() for name, _ in got.headers}
        assert not {*sent} - {"user-agent"} & names
        assert got.header("user-agent") == "me/1"


async def test_our_own_seals_never_reach_a_vendor() -> None:
    seal = wrap(Thought("hm", "sig", maker="openai_responses"))
    turns = [
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": seal},
                {"type": "text", "text": "ok"},
            ],
        },
        {"role": "user", "content": "on"},
    ]
    async with running(TOML) as field:
        for model in ("claude", "chatty", "newest"):
            got = await field.post("/v1/messages", {**message(model), "messages": turns})
            assert got.status == 200, got.body
            assert b"gw1." not in arrived(field).body


async def test_a_leaver_of_a_translated_stream_ends_the_upstream_too() -> None:
    async with running(TOML) as field:
        body = {**message("chatty"), "stream": True}
        reader, writer = await send(
            field.opened.server.port,
            "POST",
            "/v1/messages",
            body,
            {"x-headgate-sim": "silence=3"},
        )
        await read_head(reader)
        writer.close()
        row = await field.row()
        assert row["ending"] == "client_gone"
        assert arrived(field).lost_at is not None


async def test_a_tool_call_and_its_result_keep_their_id_on_the_way_there_and_back() -> None:
    async with running(TOML) as field:
        body = {**message("chatty"), "tools": [TOOL]}
        got = await field.post("/v1/messages", body, {"x-headgate-sim": "tool=look"})
        call = got.json["content"][-1]
        assert (got.json["stop_reason"], call["type"], call["name"]) == (
            "tool_use",
            "tool_use",
            "look",
        )
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": "seen"}
        turns = [
            *message("chatty")["messages"],  # type: ignore[misc]  # a list
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ]
        got = await field.post("/v1/messages", {**body, "messages": turns})
        assert got.status == 200, got.body
        sent = arrived(field).json()["messages"][-2:]
        assert sent[0]["tool_calls"][0]["id"] == sent[1]["tool_call_id"] == call["id"]
        assert json.loads(sent[0]["tool_calls"][0]["function"]["arguments"]) == call["input"]
