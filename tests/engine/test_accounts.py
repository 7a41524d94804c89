"""A provider with several accounts: conversations stay put, and move on when theirs is shut."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from headgate import config as configuration
from headgate.policy.quarantine import FIRST_S
from tests.kit import Field, Got, running

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

NAMES = ("KEY_A", "KEY_B")
ENV = {name: f"sk-ant-api03-{name}-" + "t" * 80 for name in NAMES}
TOML = """
[retry]
waits_s = [0.02]
[providers.anthropic]
base_url = "{sim}"
api_keys = ["env:KEY_A", "env:KEY_B"]
[providers.spare]
kind = "anthropic"
base_url = "{sim}"
api_key = "env:KEY_A"
[models]
pair = ["anthropic:claude-opus-5-5 x2", "spare:claude-haiku-5-5"]
"""
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
PATHS = ["/v1/messages", "/v1/chat/completions", "/v1/responses"]
CONVERSATIONS, TURNS = 30, 3


def body(path: str, number: int, turn: int, **more: object) -> dict[str, Any]:
    """A turn of a conversation: what was said so far, and one question more."""
    said: list[dict[str, object]] = [{"role": "user", "content": f"question {number}"}]
    for at in range(turn):
        said += [{"role": "assistant", "content": f"answer {at}"},
                 {"role": "user", "content": f"and {at}?"}]  # fmt: skip
    if path == "/v1/messages":  # as clients do: the mark moves on with the last turn
        text = {"type": "text", "text": said[-1]["content"]}
        said[-1]["content"] = [{**text, "cache_control": {"type": "ephemeral"}}]
    limit = "max_output_tokens" if path == "/v1/responses" else "max_tokens"
    turns = "input" if path == "/v1/responses" else "messages"
    return {"model": HAIKU, limit: 64, turns: said, **more}


async def ask(field: Field, path: str, number: int, turn: int, **more: object) -> Got:
    named = {"session-id": f"session-{number}"} if number % 2 else {}
    id = f"c{number}-t{turn}-{time.monotonic_ns()}"
    got = await field.post(
        path, body(path, number, turn, **more), {**named, "x-request-id": id}
    )
    assert got.status == 200, got.body
    return got


async def account_of(field: Field, got: Got) -> str:
    return str((await field.row_of(got.headers["x-request-id"]))["credential"])


async def served(field: Field, path: str, turn: int, **more: object) -> list[str]:
    """Which account served each conversation's turn."""
    gots = [await ask(field, path, number, turn, **more) for number in range(CONVERSATIONS)]
    return [await account_of(field, got) for got in gots]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
async def test_conversations_stay_at_their_account_and_both_accounts_are_used(
    path: str, stream: bool
) -> None:
    async with running(TOML, env=ENV) as field:
        turns = [await served(field, path, turn, stream=stream) for turn in range(TURNS)]
        sent = [call.key for call in field.sim.calls]
    assert all(turn == turns[0] for turn in turns)
    assert sent == [ENV[name] for turn in turns for name in turn]
    for name in NAMES:
        assert turns[0].count(name) >= CONVERSATIONS / 5
    assert {call.path for call in field.sim.calls} == {"/v1/messages"}


@pytest.mark.parametrize("path", PATHS[1:])
async def test_what_names_a_cache_at_openai_names_the_conversation_at_claude_too(
    path: str,
) -> None:
    """However it begins: a conversation that was summed up has another first question."""
    keys = [f"0199-cache-{number}" for number in range(12)]
    async with running(TOML, env=ENV) as field:
        gots = [
            [await ask(field, path, 2 * begins, 0, prompt_cache_key=key) for key in keys]
            for begins in range(3)
        ]
        rows = [
            [await field.row_of(got.headers["x-request-id"]) for got in turn] for turn in gots
        ]
    accounts = [[row["credential"] for row in turn] for turn in rows]
    assert accounts[0] == accounts[1] == accounts[2]
    assert set(accounts[0]) == set(NAMES)
    assert [[row["session"] for row in turn] for turn in rows] == [keys] * 3
    assert {call.path for call in field.sim.calls} == {"/v1/messages"}


async def test_they_stay_through_a_new_configuration_and_through_a_restart() -> None:
    async with running(TOML, env=ENV) as field:
        before = await served(field, PATHS[0], 0)
        turned = TOML.replace('"env:KEY_A", "env:KEY_B"', '"env:KEY_B", "env:KEY_A"')
        text = turned.replace("{sim}", field.sim_server.url)
        config = await asyncio.to_thread(configuration.load, text, ENV, source="test")
        house = field.opened.house
        house.take_up(config, house.ground.settlement.catalog)
        assert await served(field, PATHS[0], 1) == before
    async with running(TOML, env=ENV) as restarted:
        assert await served(restarted, PATHS[0], 2) == before


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
async def test_a_limited_account_hands_the_call_on_at_once_and_the_row_says_so(
    path: str, stream: bool
) -> None:
    async with running(TOML.replace("[0.02]", "[5]"), env=ENV) as field:
        own = await account_of(field, await ask(field, path, 0, 0))
        other = next(name for name in NAMES if name != own)
        field.sim.next("429;retry-after=7")
        begun = time.monotonic()
        got = await ask(field, path, 0, 1, stream=stream)
        assert time.monotonic() - begun < 2
        row = await field.row_of(got.headers["x-request-id"])
        assert (row["credential"], row["tries"], row["ending"]) == (other, 2, "complete")
        notes = json.loads(row["tries_json"])
        assert [(note["credential"], note["fault"]) for note in notes] == [
            (own, "upstream_limited"),
            (other, ""),
        ]
        (line,) = [line for line in field.logged() if line["event"] == "next_account"]
        assert (line["account"], line["fault"]) == (own, "upstream_limited")
        assert not [line for line in field.logged() if line["event"] == "fallback"]
        later = await ask(field, path, 0, 2)
        assert "x-headgate-tries" not in later.headers
        assert await account_of(field, later) == other
        elsewhere = await ask(field, path, 0, 2, model=OPUS)  # its limits are its own
        assert await account_of(field, elsewhere) == own


async def test_conversations_that_had_to_move_stay_where_their_caches_are_now() -> None:
    async with running(TOML, env=ENV) as field:
        before = await served(field, PATHS[0], 0)
        field.sim.next("429;retry-after=1")
        await ask(field, PATHS[0], 0, 1)
        away = await served(field, PATHS[0], 1)
        assert set(away) == set(NAMES) - {before[0]}
        await asyncio.sleep(1.1)
        assert await served(field, PATHS[0], 2) == away


@pytest.mark.parametrize("script", ["401", "403"])
async def test_a_rejected_account_is_left_alone_and_named_in_the_log(script: str) -> None:
    async with running(TOML, env=ENV) as field:
        own = await account_of(field, await ask(field, PATHS[0], 0, 0))
        field.sim.next(script)
        got = await ask(field, PATHS[0], 0, 1)
        assert got.headers["x-headgate-tries"] == "2"
        (line,) = [line for line in field.logged() if line["event"] == "credential_rejected"]
        assert f"check {own}, then run" in line["hint"]
        assert line["passed_over_s"] == FIRST_S
        assert set(await served(field, PATHS[0], 2)) == set(NAMES) - {own}


async def test_when_both_are_limited_the_call_waits_for_the_one_that_opens_first() -> None:
    async with running(TOML, env=ENV) as field:
        own = await account_of(field, await ask(field, PATHS[0], 0, 0))
        field.sim.next("429;retry-after=1")
        field.sim.next("429;retry-after=15")
        begun = time.monotonic()
        got = await ask(field, PATHS[0], 0, 1)
        assert 0.9 < time.monotonic() - begun < 3
        row = await field.row_of(got.headers["x-request-id"])
        assert (row["credential"], row["tries"]) == (own, 3)


async def test_other_faults_are_tried_again_at_the_same_account() -> None:
    async with running(TOML, env=ENV) as field:
        own = await account_of(field, await ask(field, PATHS[0], 0, 0))
        field.sim.next("529")
        got = await ask(field, PATHS[0], 0, 1)
        row = await field.row_of(got.headers["x-request-id"])
        assert [note["credential"] for note in json.loads(row["tries_json"])] == [own, own]


@pytest.mark.parametrize("script", ["429;retry-after=60", "401"])
async def test_the_next_rung_comes_after_the_last_account_and_first_while_all_are_shut(
    script: str,
) -> None:
    async with running(TOML, env=ENV) as field:
        field.sim.next(script)
        field.sim.next(script)
        got = await ask(field, PATHS[0], 0, 0, model="pair")
        assert got.headers["x-headgate-target"] == f"spare:{HAIKU}"
        row = await field.row_of(got.headers["x-request-id"])
        assert (row["credential"], row["tries"]) == ("house", 3)
        assert {note["credential"] for note in json.loads(row["tries_json"])} == {
            *NAMES,
            "house",
        }
        again = await ask(field, PATHS[0], 0, 1, model="pair")
        assert again.headers["x-headgate-target"] == f"spare:{HAIKU}"
        assert "x-headgate-tries" not in again.headers


async def test_when_every_account_is_limited_the_caller_hears_it_as_from_one() -> None:
    async with running(TOML, env=ENV) as field:
        field.sim.next("429;retry-after=60")
        field.sim.next("429;retry-after=50")
        got = await field.post(PATHS[0], body(PATHS[0], 0, 0))
        assert (got.status, got.headers["retry-after"]) == (429, "50")
        row = await field.row_of(got.headers["x-request-id"])
        assert (row["fault"], row["tries"]) == ("upstream_limited", 2)
