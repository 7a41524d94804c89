"""Planted drifts are found with their cause, their place and what they cost."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest

from headgate.engine.misses import KEPT_OF_SCOPE, Misses
from headgate.engine.tally import Miss, Settled
from headgate.policy.router import Target
from headgate.wire.model import STANDARD, Usage
from headgate.wire.reading import CacheMiss
from tests.engine.players import call_of, tally_of
from tests.engine.talk import MODEL, OTHER_MODEL, TWO_ACCOUNTS, Talk, street, text
from tests.kit import HASTE

pytestmark = pytest.mark.slow

READ = 100
"""nano-dollars for a token read from the cache"""


def written(row: sqlite3.Row) -> int:
    return int(row["cache_write_5m"])


def lost(row: sqlite3.Row, tokens: int) -> float:
    """What so many tokens cost that were written and not read, at the row's own prices."""
    return float(tokens * (row["cache_write_nusd"] / written(row) - READ))


def said(row: sqlite3.Row) -> tuple[str, str]:
    return row["miss"], row["miss_at"]


async def test_a_conversation_that_reads_its_cache_misses_nothing() -> None:
    async with street() as (field, clock):
        talk = Talk(field)
        rows = [await talk.say() for _ in range(4)]
        clock.wait(280)
        rows.append(await talk.say())
        assert [said(row) for row in rows] == [("", "")] * 5
        assert all(row["cache_read"] for row in rows[1:])
        assert rows[0]["opening"] == "tools,system"


async def test_a_timestamp_in_the_system_prompt_is_found_with_what_it_cost() -> None:
    async with street() as (field, _):
        talk = Talk(field)
        first = await talk.say()
        talk.system = [text("You are a careful worker. It is 12:01."), *talk.system[1:]]
        row = await talk.say()
        assert said(row) == ("system_changed", "system[0]")
        assert row["cache_read"] == 0
        assert row["miss_nusd"] == pytest.approx(lost(row, written(first)), rel=0.001)
        again = await talk.say()
        assert said(again) == ("", "")


async def test_a_system_prompt_that_never_is_the_same_misses_every_time() -> None:
    """One text, in which the time stands: there is no part that stays."""
    async with street() as (field, _):
        talk = Talk(field)
        for minute in range(4):
            clock = f"It is 12:0{minute}. "
            talk.system = [text(clock + "Rules. " * 900, mark=True)]
            row = await talk.say()
            assert said(row) == (("system_changed", "system[0]") if minute else ("", ""))


async def test_tools_in_another_order_are_found_by_name() -> None:
    async with street() as (field, _):
        talk = Talk(field)
        first = await talk.say()
        talk.tools = [talk.tools[0], talk.tools[2], talk.tools[1]]
        row = await talk.say()
        assert said(row) == ("tools_changed", "tools[1] Bash (moved)")
        assert row["miss_nusd"] == pytest.approx(lost(row, written(first)), rel=0.001)


async def test_an_edited_earlier_message_is_found_by_its_place() -> None:
    async with street() as (field, _):
        talk = Talk(field)
        rows = [await talk.say("What is it? " * 10) for _ in range(3)]
        before = rows[-1]
        talk.turns[2]["content"] = [text("What was it? " * 400)]
        row = await talk.say()
        assert said(row) == ("messages_changed", "messages[2]")
        assert 0 < row["cache_read"] < before["cache_read"]
        gone = before["cache_read"] + written(before) - row["cache_read"]
        assert row["miss_nusd"] == pytest.approx(lost(row, gone), rel=0.001)


async def test_a_time_in_the_first_message_is_found_though_the_talk_begins_otherwise() -> None:
    async with street() as (field, _):
        talk = Talk(field)
        talk.headers = {"x-claude-code-session-id": "one"}
        rows = [await talk.say("What is it? " * 10) for _ in range(3)]
        for minute in range(2):
            talk.turns[0]["content"] = [text(f"It is 12:0{minute}. " + "What is it? " * 400)]
            rows.append(await talk.say())
            before, row = rows[-2:]
            assert said(row) == ("messages_changed", "messages[0]")
            gone = before["cache_read"] + written(before) - row["cache_read"]
            assert row["miss_nusd"] == pytest.approx(lost(row, gone), rel=0.001)


async def test_a_model_switch_is_told_with_both_models() -> None:
    async with street() as (field, _):
        talk = Talk(field)
        await talk.say()
        talk.model = OTHER_MODEL
        row = await talk.say()
        assert said(row) == ("model_changed", f"{MODEL} -> {OTHER_MODEL}")


async def test_a_pause_longer_than_the_lifetime_is_told_with_both() -> None:
    async with street() as (field, clock):
        talk = Talk(field)
        first = await talk.say()
        clock.wait(420)
        row = await talk.say()
        assert said(row) == ("expired", "pause 7 min, kept 5 min")
        assert row["miss_nusd"] == pytest.approx(lost(row, written(first)), rel=0.001)


async def test_another_account_is_told_with_both() -> None:
    async with street(TWO_ACCOUNTS) as (field, _):
        talk = Talk(field)
        await talk.say()
        talk.model = "elsewhere"
        row = await talk.say()
        assert said(row) == ("account_changed", "anthropic/house -> second/house")


async def test_a_caller_without_marks_learns_what_they_would_have_read() -> None:
    async with street() as (field, clock):
        talk = Talk(field, marks=False)
        first = await talk.say()
        row = await talk.say()
        assert said(first) == ("", "")
        assert row["miss"] == "unmarked"
        price = row["input_nusd"] / row["input_fresh"]
        assert row["miss_nusd"] == pytest.approx(
            first["input_fresh"] * (price - READ), rel=0.02
        )
        clock.wait(400)
        assert said(await talk.say()) == ("", "")


async def test_parallel_first_calls_were_not_ready_all_but_one() -> None:
    async with street() as (field, _):
        talks = [Talk(field) for _ in range(4)]
        for talk in talks:
            talk.headers = {"x-headgate-sim": "head-delay=0.15"}
        rows = await asyncio.gather(*(talk.say() for talk in talks))
        assert sorted(row["miss"] for row in rows) == ["", *["not_ready"] * 3]


async def test_another_conversation_of_the_same_opening_reads_it_and_misses_nothing() -> None:
    async with street() as (field, _):
        await Talk(field).say("One.")
        row = await Talk(field).say("Two.")
        assert row["cache_read"] > 0
        assert said(row) == ("", "")


async def test_what_the_vendor_forgot_is_evicted() -> None:
    async with street() as (field, _):
        talk = Talk(field)
        await talk.say()
        field.sim.world.cache.entries.clear()
        assert said(await talk.say()) == ("evicted", "")


async def test_more_blocks_than_a_mark_looks_back_are_counted() -> None:
    async with street() as (field, _):
        talk = Talk(field)
        for _ in range(2):
            await talk.say("What is it? " * 10)
        blocks = [text(f"Result {n} of a tool.") for n in range(24)]
        talk.turns.append({"role": "user", "content": blocks})
        row = await talk.ask()
        assert row["cache_read"] > 0  # the opening has a mark of its own
        assert said(row) == ("too_far", "25 blocks added")


async def test_the_providers_own_word_is_told_with_the_place_we_know() -> None:
    """As a reply brings it to callers that name their last message."""
    misses, key = Misses(), b"k" * 32
    usage = Usage(0, 0, 9_000)
    for n, system in enumerate(("Rules. " * 1500, "Today. " + "Rules. " * 1500)):
        turns = [{"role": "user", "content": "hi"}]
        marked = [text("Tool."), text(system, mark=True)]
        tally = tally_of(call_of({"model": MODEL, "system": marked, "messages": turns}))
        tally.started, tally.first_content = 100.0 + 1000 * n, 101.0 + 1000 * n
        tally.target = Target("anthropic", MODEL)
        tally.reading.cache_miss = CacheMiss("system_changed", 8_000)
        settled = Settled(usage, "provider", STANDARD, None, None)
        found = misses.look(tally, settled, key)
        assert found == (Miss("system_changed", "system[1]") if n else None)


async def test_another_setting_is_named() -> None:
    async with street() as (field, _):
        talk = Talk(field)
        await talk.say()
        field.sim.world.cache.entries.clear()
        talk.more = {"tool_choice": {"type": "auto"}}
        assert said(await talk.say()) == ("settings_changed", "tool_choice")


async def test_sessions_do_not_mix_and_two_prompts_of_one_session_are_two_threads() -> None:
    """A client that asks for a title beside its work is no client that changed its system."""
    async with street() as (field, _):
        work, title = Talk(field), Talk(field)
        title.model, title.tools = OTHER_MODEL, []
        title.system = [text("Write a title of few words. " * 90)]
        for talk in (work, title):
            talk.headers = {"x-session-id": "one"}
        rows = [await talk.say() for talk in (work, title, work)]
        assert [said(row) for row in rows] == [("", "")] * 3


async def test_questions_that_share_their_rules_are_no_talk_that_was_edited() -> None:
    """A vendor that charges for writes reads rules under another question where a breakpoint
    ends them: what stands behind them changed in no talk."""
    async with street() as (field, _):
        rules = {"role": "system", "content": "Rules. " * 1500}
        for n in range(3):
            said = [rules, {"role": "user", "content": f"What is {n}? " * 20}]
            body = {"model": "gpt-5.6-sol", "messages": said}
            got = await field.post("/v1/chat/completions", body, {"x-request-id": f"q{n}"})
            assert got.status == 200, got.body
            row = await field.row_of(f"q{n}")
            assert row["cache_write_30m"] > 2_000
            assert (row["miss"], row["miss_at"]) == ("", "")


async def test_openais_cache_is_explained_as_well() -> None:
    async with street() as (field, clock):
        body: dict[str, Any] = {
            "model": "gpt-5.2",
            "instructions": "Rules. " * 1500,
            "input": [{"role": "user", "content": "Hello. " * 100}],
        }

        async def ask(n: int) -> sqlite3.Row:
            got = await field.post("/v1/responses", body, {"x-request-id": f"r{n}"})
            assert got.status == 200, got.body
            return await field.row_of(f"r{n}")

        assert said(await ask(1)) == ("", "")
        assert said(await ask(2)) == ("", "")
        body["instructions"] = "Today. " + body["instructions"]
        assert said(await ask(3)) == ("system_changed", "instructions")
        clock.wait(1000)
        assert said(await ask(4))[0] == "expired"


async def test_what_is_remembered_is_bounded_and_nothing_is_without_fingerprints() -> None:
    async with street() as (field, _):
        misses = field.opened.house.ground.settlement.misses = Misses(most=3)
        for n in range(KEPT_OF_SCOPE + 3):
            await Talk(field).say(f"{n} is a number.")
        assert len(misses) == 3
    async with street(HASTE + "[ledger]\nfingerprints = false\n") as (field, _):
        talk = Talk(field)
        await talk.say()
        talk.tools = []
        assert said(await talk.say()) == ("", "")
        assert len(field.opened.house.ground.settlement.misses) == 0


async def test_turns_that_the_vendor_keeps_say_nothing_of_its_cache() -> None:
    async with street() as (field, _):
        body: dict[str, Any] = {"model": "gpt-5.2", "instructions": "Rules. " * 1500}
        for n, before in enumerate((None, "resp_1", "resp_2")):
            asked = {**body, "input": "Hello. " * 50, "previous_response_id": before}
            await field.post("/v1/responses", asked, {"x-request-id": f"kept-{n}"})
            await field.row_of(f"kept-{n}")
        assert len(field.opened.house.ground.settlement.misses) == 1
