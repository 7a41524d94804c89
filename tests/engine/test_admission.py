"""Limits and budgets hold on every surface: what is refused is not sent, what ran is paid."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import pytest

from headgate.engine import admission
from headgate.wire import SURFACES
from tests.kit import Field, Got, chat, message, read_head, response, running, send

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

HAIKU, LUNA = "claude-haiku-5-5", "gpt-6-luna"
TEXT: list[dict[str, object]] = [{"role": "user", "content": "hi"}]
BODIES: dict[str, Callable[[], dict[str, object]]] = {
    "messages": message,
    "count_tokens": lambda: {"model": HAIKU, "messages": TEXT},
    "chat": lambda: chat(max_completion_tokens=64),
    "responses": lambda: response(max_output_tokens=64),
    "embeddings": lambda: {"model": "text-embedding-3-small", "input": "hi"},
}
FREE = ("count_tokens",)
STREAMS = [name for name, surface in SURFACES.items() if surface.streams]
TINY = """
[budgets.house]
day = 0.000000001
kind = "{kind}"
"""
AMPLE = """
[budgets.house]
day = 100
[limits.house]
requests = 1000
input_tokens = 1_000_000
output_tokens = 1_000_000
concurrent = 10
"""


def test_every_surface_there_is_has_its_case_here() -> None:
    assert set(BODIES) == set(SURFACES)


async def post(field: Field, surface: str, **more: object) -> Got:
    return await field.post(SURFACES[surface].path, {**BODIES[surface](), **more})


def asked(field: Field) -> int:
    """Calls that reached the vendors."""
    return sum(1 for seen in field.sim.calls if seen.method == "POST")


@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("surface", BODIES)
async def test_a_budget_that_is_too_small_stops_the_call_before_it_is_sent(
    surface: str, kind: str
) -> None:
    async with running(TINY.format(kind=kind)) as field:
        got = await post(field, surface)
        row = await field.row()
        assert row["charged"] == "house"
        if surface in FREE:
            assert got.status == 200
            return
        assert got.status == 429
        assert got.headers["x-should-retry"] == "false"
        assert got.json["error"]["message"].startswith("spend limit reached (daily; resets 20")
        assert (row["fault"], row["cost_nusd"], row["tries"]) == ("budget", 0, 0)
        if SURFACES[surface].dialect.NAME == "anthropic":
            assert got.json["error"]["type"] == "billing_error"
            assert got.headers["anthropic-ratelimit-unified-status"] == "rejected"
            assert got.headers["anthropic-ratelimit-unified-overage-period"] == "daily"
            assert int(got.headers["retry-after"]) <= 86_400
        else:
            assert got.json["error"]["type"] == "insufficient_quota"
            assert got.json["error"]["code"] == "insufficient_quota"
            assert "retry-after" not in got.headers


@pytest.mark.parametrize("surface", BODIES)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_call_cost_is_what_its_budget_says_it_used(
    surface: str, stream: bool
) -> None:
    if stream and surface not in STREAMS:
        return
    async with running(AMPLE) as field:
        for _ in range(3):
            got = await post(field, surface, **({"stream": True} if stream else {}))
            assert got.status == 200, got.body
        rows = await field.rows(3)
        cost = sum(row["cost_nusd"] for row in rows)
        assert (cost > 0) is (surface not in FREE)
        accounts = field.opened.house.ground.till.payers
        pots = {pot.name: pot for pot in accounts if hasattr(pot, "held")}
        assert pots["house day"].used == cost
        assert all(pot.held == 0 for pot in pots.values())


@pytest.mark.parametrize("surface", BODIES)
async def test_requests_are_counted_and_told_on_every_surface(surface: str) -> None:
    toml = "[limits]\nmax_wait_s = 0.1\n[limits.house]\nrequests = 2\n"
    async with running(toml) as field:
        for left in ("1", "0"):
            got = await post(field, surface)
            assert got.status == 200
            told = "anthropic-ratelimit-requests-remaining"
            if SURFACES[surface].dialect.NAME != "anthropic":
                told = "x-ratelimit-remaining-requests"
            assert got.headers[told] == left
        got = await post(field, surface)
        assert got.status == 429
        assert "2 requests a minute of the whole house" in got.json["error"]["message"]
        assert 1 <= int(got.headers["retry-after"]) <= 31
        assert "x-should-retry" not in got.headers


async def test_calls_beyond_the_limit_of_calls_at_once_wait_their_turn() -> None:
    toml = "[limits.house]\nconcurrent = 2\n"
    async with running(toml) as field:
        slow = {"x-headgate-sim": "head-delay=0.3"}

        async def one() -> Got:
            return await field.post("/v1/messages", message(), slow)

        since = time.monotonic()
        replies = await asyncio.gather(*(one() for _ in range(6)))
        assert [got.status for got in replies] == [200] * 6
        assert 0.85 < time.monotonic() - since < 5
        rows = await field.rows(6)
        assert sum(row["waited_us"] > 200_000 for row in rows) == 4


async def test_whoever_leaves_in_line_leaves_nothing_behind() -> None:
    async with running("[limits.house]\nconcurrent = 1\n") as field:
        port = field.opened.server.port
        slow = {"x-headgate-sim": "head-delay=0.4"}
        first = asyncio.ensure_future(field.post("/v1/messages", message(), slow))
        await asyncio.sleep(0.1)
        for _ in range(5):
            _, writer = await send(port, "POST", "/v1/messages", message(), None)
            await asyncio.sleep(0.03)
            writer.close()
        assert (await first).status == 200
        got = await field.post("/v1/messages", message())
        assert got.status == 200
        rows = await field.rows(7)
        assert sorted(row["ending"] for row in rows) == ["client_gone"] * 5 + ["complete"] * 2
        assert sum(row["tries"] for row in rows) == 2


async def test_a_stream_that_its_client_leaves_is_settled_at_what_was_seen() -> None:
    async with running(AMPLE) as field:
        port = field.opened.server.port
        body = message(stream=True, max_tokens=4000)
        reader, writer = await send(
            port,
            "POST",
            "/v1/messages",
            body,
            {"x-headgate-sim": "output=2000;events=500;pace=0.01"},
        )
        await read_head(reader)
        await asyncio.sleep(0.3)
        writer.close()
        row = await field.row()
        assert row["ending"] == "client_gone"
        (pot,) = [p for p in field.opened.house.ground.till.payers if p.name == "house day"]
        assert pot.used == row["cost_nusd"] > 0


async def test_output_is_lowered_to_what_the_budget_has_left_and_told() -> None:
    toml = '[budgets.house]\nday = 0.05\nkind = "hard"\nlower_output = true\n'
    async with running(toml) as field:
        got = await field.post("/v1/messages", message(max_tokens=128_000))
        assert got.status == 200, got.body
        assert "output_lowered: from 128000 to" in got.headers["x-headgate-warning"]
        row = await field.row()
        assert 1024 <= row["max_output"] < 128_000
        assert "output_lowered" in row["warnings"]
        sent = json.loads(field.sim.calls[-1].body)
        assert sent["max_tokens"] == row["max_output"]


async def test_output_is_lowered_under_the_name_that_a_model_of_many_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many models were asked for before it: what is kept of them is bounded."""
    monkeypatch.setattr(admission, "FARES_KEPT", 1)
    toml = (
        "[budgets.house]\nday = 0.05\nlower_output = true\n"
        '[capabilities."gpt-*"]\nmax_tokens_field = "max_tokens"\n'
    )
    async with running(toml) as field:
        await field.post("/v1/chat/completions", chat("gpt-5", max_tokens=9))
        got = await field.post("/v1/chat/completions", chat())
        assert got.status == 200, got.body
        sent = json.loads(field.sim.calls[-1].body)
        assert 1024 <= sent["max_tokens"] < 128_000
        assert "max_completion_tokens" not in sent
        kept = field.opened.house.engine._admission._fares
        assert [name for name, _ in kept] == ["gpt-6-luna"]


@pytest.mark.parametrize("kind", ["hard", "soft", "watch"])
async def test_what_runs_on_unseen_is_not_begun_under_a_budget(kind: str) -> None:
    async with running(f'[budgets.house]\nday = 5\nkind = "{kind}"\n') as field:
        got = await field.post("/v1/responses", response(background=True))
        if kind == "watch":
            assert got.status == 200
            return
        assert got.status == 400
        assert "its cost is never seen here" in got.json["error"]["message"]
        assert asked(field) == 0
        got = await field.post("/v1/responses", response(background=False))
        assert got.status == 200


async def test_without_leave_output_is_not_lowered_but_refused_with_both_sums() -> None:
    async with running('[budgets.house]\nday = 0.05\nkind = "hard"\n') as field:
        got = await field.post("/v1/messages", message(max_tokens=128_000))
        assert got.status == 429
        assert "are left, and this call may cost up to $" in got.json["error"]["message"]
        assert asked(field) == 0


async def test_a_warning_is_told_once_noted_and_shown_from_its_share_on() -> None:
    toml = '[budgets.house]\nday = 0.004\nkind = "soft"\nwarn_at = [0.01]\n'
    async with running(toml) as field:
        for _ in range(3):
            assert (await field.post("/v1/messages", message())).status == 200
            await asyncio.sleep(1.3)  # the bank is asked again once a second
        got = await field.post("/v1/messages", message())
        assert "budget_warning" in got.headers["x-headgate-warning"]
        assert got.headers["anthropic-ratelimit-unified-status"] == "allowed_warning"
        warned = [line for line in field.logged() if line["event"] == "budget_warning"]
        assert len(warned) == 1
        assert warned[0]["subject"] == "house"


async def test_a_block_after_a_warning_is_a_block_and_no_warning() -> None:
    """Claude Code shows the words of a warning in place of the reason, where it sees both."""
    async with running("[budgets.house]\nday = 0.004\nwarn_at = [0.01]\n") as field:
        assert (await field.post("/v1/messages", message())).status == 200
        await asyncio.sleep(1.3)
        got = await field.post("/v1/messages", message(max_tokens=100_000))
        assert got.status == 429
        assert got.headers["anthropic-ratelimit-unified-status"] == "rejected"
        assert "anthropic-ratelimit-unified-representative-claim" not in got.headers
        assert "anthropic-ratelimit-unified-overage-status" not in got.headers


async def test_a_call_that_waits_between_tries_holds_nothing_meanwhile() -> None:
    toml = "[retry]\nwaits_s = [1.5]\njitter = 0\n[limits.house]\nconcurrent = 1\n"
    async with running(toml) as field:
        field.sim.next("529")
        failing = asyncio.ensure_future(field.post("/v1/messages", message()))
        for _ in range(100):
            if field.sim.total_calls and not field.sim.running:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        since = time.monotonic()
        other = await field.post("/v1/messages", message())
        assert other.status == 200
        assert time.monotonic() - since < 1.2
        assert (await failing).status == 200


async def test_a_reload_changes_what_is_capped_for_the_next_call() -> None:
    async with running("[limits]\nmax_wait_s = 0.1\n[limits.house]\nrequests = 1\n") as field:
        assert (await field.post("/v1/messages", message())).status == 200
        assert (await field.post("/v1/messages", message())).status == 429
        field.opened.house.take_up(
            field.opened.config.__class__(
                providers=field.opened.config.providers, routes=field.opened.config.routes
            ),
            field.opened.house.ground.settlement.catalog,
        )
        for _ in range(3):
            assert (await field.post("/v1/messages", message())).status == 200
