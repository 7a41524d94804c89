"""How long is waited for what: silence, whole calls, held heads, pings, durability."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
import time
from pathlib import Path

import pytest

from headgate.engine import closing, story
from tests.kit import (
    PROVIDERS,
    Got,
    chat,
    message,
    read_head,
    request,
    response,
    running,
    send,
)

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
PATHS = ["/v1/messages", "/v1/chat/completions", "/v1/responses"]


def body_of(path: str, **more: object) -> dict[str, object]:
    make = message if "messages" in path else chat if "chat" in path else response
    return {**make(), **more}


def providers(setting: str) -> str:
    return PROVIDERS.replace("api_key", f"{setting}\napi_key")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("is_stream", [False, True])
async def test_silence_before_the_head_is_idle_a_504_and_may_have_been_billed(
    path: str, is_stream: bool
) -> None:
    async with running(providers("silence_s = 0.3")) as field:
        begun = time.monotonic()
        got = await field.post(
            path, body_of(path, stream=is_stream), {"x-headgate-sim": "silence=head"}
        )
        assert got.status == 504
        assert 0.28 < time.monotonic() - begun < 1
        assert "0.3 s" in got.json["error"]["message"]
        row = await field.row()
        assert (row["fault"], row["tries"], row["maybe_billed"]) == ("idle", 1, 1)
        assert row["ending"] == "idle"
        assert field.sim.open_connections == 0


async def test_a_route_may_have_limits_of_its_own() -> None:
    limits = "silence_s = 0.2, call_s = 9"
    toml = f'[models]\nm = {{ ladder = ["anthropic:claude-haiku-5-5"], {limits} }}\n'
    async with running(toml) as field:
        asked = {"x-headgate-sim": "silence=head"}
        assert (await field.post("/v1/messages", message("m"), asked)).status == 504
        slow = {"x-headgate-sim": "head-delay=0.5"}
        assert (await field.post("/v1/messages", message(), slow)).status == 200


async def test_a_whole_call_has_a_limit_although_bytes_keep_coming() -> None:
    async with running(providers("call_s = 0.5")) as field:
        begun = time.monotonic()
        got = await field.post("/v1/messages", message(), {"x-headgate-sim": "head-delay=3"})
        assert got.status == 504
        assert 0.45 < time.monotonic() - begun < 1.2
        assert "0.5 s" in got.json["error"]["message"]
        row = await field.row()
        assert (row["fault"], row["maybe_billed"]) == ("timeout", 1)


async def test_the_whole_calls_limit_is_not_for_streams() -> None:
    async with running(providers("call_s = 0.3")) as field:
        asked = {"x-headgate-sim": "events=12;pace=0.05"}
        got = await field.post("/v1/messages", message(stream=True), asked)
        assert got.events[-1]["type"] == "message_stop"


async def test_a_ladder_whose_time_is_over_still_ends_in_its_canned_answer() -> None:
    toml = """
[retry]
waits_s = [5]
[models]
slow = { ladder = ["anthropic:claude-sonnet-5-5", "anthropic"], canned = "C", call_s = 0.4 }
busy = { ladder = ["anthropic:claude-opus-5-5 x3", "anthropic"], canned = "C", call_s = 2 }
"""
    async with running(toml) as field:
        for model, script, tries in (("slow", "head-delay=3", 1), ("busy", "529", 2)):
            got = await field.post("/v1/messages", message(model), {"x-headgate-sim": script})
            assert (got.status, got.headers["x-headgate-canned"]) == (200, "true")
            row = await field.row_of(got.headers["x-request-id"])
            assert (row["canned"], row["tries"]) == (1, tries)


async def test_a_held_head_is_released_in_time_and_then_there_is_no_second_try() -> None:
    pair = '["anthropic:claude-sonnet-5-5", "anthropic:claude-haiku-5-5"]'
    toml = f"[retry]\nhold_ms = 200\n[models]\nm = {pair}\n"
    async with running(toml) as field:
        begun = time.monotonic()
        asked = {"x-headgate-sim": "first-delay=1.5;error-after=1;error=overloaded_error"}
        port = field.opened.server.port
        reader, writer = await send(
            port, "POST", "/v1/messages", message("m", stream=True), asked
        )
        assert (await read_head(reader))[0] == 200
        assert 0.18 < time.monotonic() - begun < 1.3
        async with asyncio.timeout(3):
            await reader.readuntil(b"overloaded_error")
        writer.close()
        row = await field.row()
        assert (row["tries"], row["ending"]) == (1, "error")


@pytest.mark.parametrize("path", PATHS)
async def test_a_silent_upstream_is_covered_by_pings_in_the_callers_dialect(path: str) -> None:
    toml = "ping_s = 0.1\n[retry]\nhold_ms = 0\n"
    async with running(toml) as field:
        asked = {"x-headgate-sim": "first-delay=0.7"}
        got = await field.post(path, body_of(path, stream=True), asked)
        assert got.whole
        if "messages" in path:
            assert got.body.count(b"event: ping\ndata: {") >= 4
        else:
            comments = [line for line in got.body.split(b"\n") if line.startswith(b":")]
            assert len(comments) >= 4
        assert (await field.row())["ending"] == "complete"


@pytest.mark.parametrize("path", PATHS)
async def test_no_ping_is_sent_while_the_upstream_speaks(path: str) -> None:
    async with running("ping_s = 0.3\n") as field:
        asked = {"x-headgate-sim": "events=20;pace=0.03"}
        got = await field.post(path, body_of(path, stream=True), asked)
        pings = got.body.count(b"event: ping") + got.body.count(b"\n: ")
        assert pings <= 1  # the vendor's own


def count(ledger: Path, id: str) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM call WHERE id = ?", (id,)).fetchone()[0])


@pytest.mark.parametrize("path", PATHS)
async def test_with_strict_durability_the_end_arrives_only_once_the_row_is_safe(
    path: str,
) -> None:
    toml = '[ledger]\ndurability = "strict"\nlinger_ms = 60\n'
    async with running(toml) as field:
        for is_stream in (False, True):
            for script in ("output=5", "400", "cut=1"):
                id = f"{is_stream}-{script.replace('=', '')}"
                asked = {"x-headgate-sim": script, "x-request-id": id}
                got = await field.post(path, body_of(path, stream=is_stream), asked)
                assert got.whole
                assert await asyncio.to_thread(count, field.ledger, id) == 1, (
                    is_stream,
                    script,
                )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fails", ["before it is sent", "after it is answered"])
async def test_with_strict_durability_a_ledger_that_cannot_be_written_is_told_not_waited_for(
    fails: str, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, limit in ((story, "ROOM_S"), (closing, "SAFE_S"), (closing, "TROUBLED_S")):
        monkeypatch.setattr(module, limit, 0.2)
    async with running('[ledger]\ndurability = "strict"\nlinger_ms = 0\n') as field:
        blocker = await asyncio.to_thread(
            sqlite3.connect, field.ledger, isolation_level=None, check_same_thread=False
        )
        asked = {"x-headgate-sim": "first-delay=0.4;head-delay=0.4"}
        if fails == "before it is sent":
            await asyncio.to_thread(blocker.execute, "BEGIN EXCLUSIVE")
        calling = asyncio.ensure_future(
            field.post("/v1/messages", message(stream=stream), asked)
        )
        if fails == "after it is answered":
            while not field.sim.running:  # noqa: ASYNC110 - it has no event to wait for
                await asyncio.sleep(0.001)
            await asyncio.to_thread(blocker.execute, "BEGIN EXCLUSIVE")
        async with asyncio.timeout(5):
            got = await calling
        assert b"the ledger cannot be written" in got.body
        assert b"message_stop" not in got.body
        assert field.sim.total_calls == (fails == "after it is answered")
        await asyncio.to_thread(blocker.execute, "ROLLBACK")
        await asyncio.to_thread(blocker.close)
        assert len(await field.rows(1)) == 1


async def test_with_strict_durability_the_intent_is_safe_before_anything_is_sent() -> None:
    async with running('[ledger]\ndurability = "strict"\nlinger_ms = 60\n') as field:
        asked = {"x-headgate-sim": "silence=head"}
        port = field.opened.server.port
        _, writer = await send(port, "POST", "/v1/messages", message(), asked)
        while not field.sim.running:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.001)

        def intents() -> int:
            with contextlib.closing(sqlite3.connect(field.ledger)) as db:
                return int(db.execute("SELECT count(*) FROM intent").fetchone()[0])

        assert await asyncio.to_thread(intents) == 1
        writer.transport.abort()


async def test_cooling_is_skipped_where_there_is_another_and_ignored_where_there_is_none() -> (
    None
):
    toml = '[models]\npair = ["anthropic:claude-sonnet-5-5", "anthropic:claude-haiku-5-5"]\n'
    async with running(toml + "[retry]\nwaits_s = [0]\n") as field:
        field.sim.next("529")
        assert (await field.post("/v1/messages", message("pair"))).headers[
            "x-headgate-tries"
        ] == "2"
        got = await field.post("/v1/messages", message("pair"))
        assert got.headers["x-headgate-target"] == "anthropic:claude-haiku-5-5"
        assert "x-headgate-tries" not in got.headers
        alone = await field.post("/v1/messages", message("claude-sonnet-5-5"))
        assert alone.status == 200
        back = await field.post("/v1/messages", message("pair"))
        assert back.headers["x-headgate-target"] == "anthropic:claude-sonnet-5-5"


@pytest.mark.parametrize("path", PATHS)
async def test_an_error_body_of_the_upstream_passes_byte_for_byte(path: str) -> None:
    words = "prompt is too long: 210000 tokens > 200000 maximum"
    async with running("[retry]\ntries = 1\n") as field:
        for status in (400, 404, 409, 413, 422, 429, 500, 529):
            script = f"{status};message={words};retry-after=7"
            got = await field.post(path, body_of(path), {"x-headgate-sim": script})
            direct = await direct_answer(field.sim_server.port, path, script)
            assert words in got.json["error"]["message"]
            assert got.status == (direct.status if status != 500 else 502)
            assert without_id(got.body) == without_id(direct.body)
            if status in (429, 529):
                assert got.headers["retry-after"] == "7"
            if status < 429:
                assert got.headers["x-should-retry"] == "false"


def without_id(body: bytes) -> bytes:
    return re.sub(rb"req_[A-Za-z0-9_]+", b"req", body)


async def direct_answer(port: int, path: str, script: str) -> Got:
    headers = {"x-headgate-sim": script, "x-api-key": "sk-x", "authorization": "Bearer sk-x"}
    if "messages" in path:
        headers["anthropic-version"] = "2023-06-01"
    return await request(port, "POST", path, body_of(path), headers)


async def test_patterns_send_models_to_different_providers_and_exact_names_win() -> None:
    toml = """
[providers.one]
kind = "anthropic"
base_url = "{sim}/one"
api_key = "env:ANTHROPIC_API_KEY"
[providers.two]
kind = "anthropic"
base_url = "{sim}/two"
api_key = "env:ANTHROPIC_API_KEY"
[models]
"claude-haiku-*" = ["one"]
"claude-opus-*" = ["two"]
"claude-opus-4-6" = ["one"]
"""
    async with running(toml) as field:
        for model, path in (
            ("claude-haiku-5-5", "/one/v1/messages"),
            ("claude-opus-5-5", "/two/v1/messages"),
            ("claude-opus-4-6", "/one/v1/messages"),
        ):
            assert (await field.post("/v1/messages", message(model))).status == 200
            assert field.sim.calls[-1].path == path


async def test_a_provider_that_cannot_count_tokens_says_501_and_not_to_ask_again() -> None:
    async with running("") as field:
        got = await field.post("/v1/messages/count_tokens", message("gpt-6-luna"))
        assert got.status == 501
        assert got.headers["x-should-retry"] == "false"
        assert got.json["type"] == "error"
        assert field.sim.total_calls == 0


async def test_a_reset_after_the_request_was_sent_may_have_been_billed() -> None:
    async with running("[retry]\ntries = 1\n") as field:
        got = await field.post("/v1/messages", message(), {"x-headgate-sim": "reset=head"})
        assert got.status == 502
        row = await field.row()
        assert (row["fault"], row["maybe_billed"]) == ("connection", 1)
        assert json.loads(row["tries_json"])[0]["maybe_billed"] is True


async def test_a_refused_connection_cannot_have_been_billed() -> None:
    toml = "[retry]\ntries = 1\n" + PROVIDERS.replace("{sim}", "http://127.0.0.1:9")
    async with running(toml) as field:
        assert (await field.post("/v1/messages", message())).status == 502
        assert (await field.row())["maybe_billed"] == 0


async def test_retries_and_calls_are_one_log_line_each_with_words_a_person_reads() -> None:
    async with running("[retry]\nwaits_s = [0.01, 0.02]\njitter = 0\n") as field:
        field.sim.next("429", "529", "")
        assert (
            await field.post("/v1/messages", message(), {"x-request-id": "told"})
        ).status == 200
        await field.row_of("told")
        lines = [line for line in field.logged() if line.get("id") == "told"]
        assert [line["event"] for line in lines] == ["retry", "retry", "call"]
        assert lines[0]["message"] == "rate limited, waiting 0.01 s, try 2 of 3"
        assert lines[1]["message"] == "overloaded, waiting 0.02 s, try 3 of 3"
        assert lines[2]["tries"] == 3
        assert json.dumps(lines).isascii()
