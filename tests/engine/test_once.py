"""Calls with an Idempotency-Key, by the real gateway: what is sent, what repeats are given."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import pytest

from headgate.gateway.start import Opened, open_gateway
from headgate.policy.keyed import State
from headgate.sim.app import Options
from headgate.sim.scenario import Scenario
from tests.kit import (
    HASTE,
    PROVIDERS,
    Field,
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

SURFACES = [
    ("/v1/messages", message()),
    ("/v1/chat/completions", chat()),
    ("/v1/responses", response()),
]
LADDER = (
    HASTE
    + PROVIDERS
    + '[models.sturdy]\nladder = ["anthropic:claude-haiku-5-5", "openai:gpt-6-luna"]\n'
)
IDEMPOTENCY = "x-headgate-idempotency"
PATH = "/v1/messages"
BROKEN = [
    ("reset=head", False),
    ("reset=30", False),
    ("504", False),
    ("truncated", False),
    ("html", False),
    ("cut=2", True),
    ("reset=700", True),
    ("error-after=2", True),
    ("malformed=2", True),
]
"""ways in which a call may have run and nobody has its whole answer, and in which form"""
REFUSED = ["400", "401", "403", "404", "413", "422", "429", "500", "502", "503", "529"]


def keyed(key: str = "k", **more: str) -> dict[str, str]:
    return {
        "Idempotency-Key": key,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def id_named(got: Got) -> str:
    """Which call's outcome is unknown, as the answer says."""
    found = re.search(r"x-headgate-rerun: (\S+)", got.json["error"]["message"])
    assert found is not None, got.body
    return found[1]


def total(field: Field) -> int:
    return field.sim.total_calls


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), SURFACES)
async def test_a_repeat_is_given_the_same_bytes_and_costs_nothing(
    path: str, body: dict[str, object], stream: bool
) -> None:
    asked = {**body, "stream": stream}
    async with running() as field:
        first = await field.post(path, asked, keyed())
        second = await field.post(path, dict(reversed(asked.items())), keyed())
        assert total(field) == 1
        assert (first.status, second.status) == (200, 200)
        assert first.body == second.body
        assert (first.headers[IDEMPOTENCY], second.headers[IDEMPOTENCY]) == ("new", "replayed")
        assert first.headers["x-request-id"] != second.headers["x-request-id"]
        assert second.headers["content-type"] == first.headers["content-type"]
        one, two = await field.rows(2)
    assert (one["answered_from"], two["answered_from"]) == ("", "replay")
    assert two["cost_nusd"] == 0
    assert two["saved_nusd"] == one["cost_nusd"] > 0
    assert (one["tries"], two["tries"]) == (1, 0)


async def test_an_embedding_is_computed_once() -> None:
    body = {"model": "text-embedding-3-small", "input": "hi"}
    async with running() as field:
        first, second = [await field.post("/v1/embeddings", body, keyed()) for _ in range(2)]
        assert (first.body, total(field)) == (second.body, 1)
        assert second.headers[IDEMPOTENCY] == "replayed"


async def test_calls_without_a_key_are_what_they_were() -> None:
    async with running() as field:
        for _ in range(2):
            got = await field.post(PATH, message())
            assert IDEMPOTENCY not in got.headers
        assert total(field) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_whoever_repeats_a_call_that_runs_gets_its_answer_as_it_comes(
    stream: bool,
) -> None:
    slow = Scenario(always={"head_delay": 0.1, "first_delay": 0.1, "events": 20, "pace": 0.005})
    async with running(options=Options(scenario=slow)) as field:
        asked = message(stream=stream)
        answers = await asyncio.gather(*(field.post(PATH, asked, keyed()) for _ in range(20)))
        assert total(field) == 1
        assert len({got.body for got in answers}) == 1
        said = sorted(got.headers[IDEMPOTENCY] for got in answers)
        assert said == ["joined"] * 19 + ["new"]
        rows = await field.rows(20)
    assert sorted(row["answered_from"] for row in rows) == [""] + ["join"] * 19
    assert len({row["id"] for row in rows}) == 20


async def test_a_call_goes_on_when_its_client_leaves_and_a_repeat_has_its_answer() -> None:
    slow = Scenario(always={"first_delay": 0.2, "events": 10, "pace": 0.01})
    async with running(options=Options(scenario=slow)) as field:
        port = field.opened.server.port
        asked = message(stream=True)
        reader, writer = await send(port, "POST", PATH, asked, keyed())
        async with asyncio.timeout(10):
            await read_head(reader)
        writer.close()
        second = await field.post(PATH, asked, keyed())
        assert second.whole
        assert second.headers[IDEMPOTENCY] in ("joined", "replayed")
        third = await field.post(PATH, asked, keyed())
        assert third.headers[IDEMPOTENCY] == "replayed"
        assert third.body == second.body
        assert total(field) == 1
        first, *_ = await field.rows(3)
    assert first["ending"] == "complete"


async def test_the_same_key_with_another_request_is_refused_with_what_to_do() -> None:
    async with running() as field:
        await field.post(PATH, message(), keyed())
        got = await field.post(PATH, message(max_tokens=9), keyed())
        assert got.status == 400
        assert "used for another request" in got.json["error"]["message"]
        assert got.headers["x-should-retry"] == "false"
        assert total(field) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Idempotency-Key": "x" * 256},
        {"Idempotency-Key": "caf\xe9"},
        keyed(x_headgate_rerun="no id"),
        {"x-headgate-rerun": "hg_1"},
    ],
)
async def test_a_key_that_cannot_be_meant_is_refused_before_anything_is_sent(
    headers: dict[str, str],
) -> None:
    async with running() as field:
        got = await field.post(PATH, message(), headers)
        assert got.status == 400
        assert got.json["error"]["type"] == "invalid_request_error"
        assert total(field) == 0


@pytest.mark.parametrize(("script", "stream"), BROKEN)
async def test_what_may_have_run_is_sent_no_second_time_nor_elsewhere(
    script: str, stream: bool
) -> None:
    """The first is told its fault, the repeat the call's id; who names that, runs it anew."""
    broken = Options(scenario=Scenario(always={}))
    async with running(LADDER, options=broken) as field:
        asked = message("sturdy", stream=stream)
        hurt = keyed(x_headgate_sim=script)
        first = await field.post(PATH, asked, hurt)
        assert total(field) == 1, "it was sent once"
        if first.status != 200:
            assert first.headers["x-should-retry"] == "false"
        for second in [await field.post(PATH, asked, keyed()) for _ in range(2)]:
            assert second.status == 409
            assert second.headers["x-should-retry"] == "false"
            assert second.json["error"]["type"] == "conflict_error"
            assert id_named(second) == first.headers["x-request-id"]
        lost = first.headers["x-request-id"]
        wrong = await field.post(PATH, asked, keyed(x_headgate_rerun="hg_wrong"))
        assert wrong.status == 409
        assert "(not hg_wrong)" in wrong.json["error"]["message"]
        assert total(field) == 1
        again = await field.post(PATH, asked, keyed(x_headgate_rerun=lost))
        assert (again.status, again.headers[IDEMPOTENCY], total(field)) == (200, "new", 2)
        last = await field.post(PATH, asked, keyed(x_headgate_rerun=lost))
        assert (last.body, last.headers[IDEMPOTENCY]) == (again.body, "replayed")
        assert total(field) == 2


async def test_a_call_cannot_give_its_own_repeats_leave_to_run() -> None:
    async with running() as field:
        named = keyed(x_request_id="mine")
        await field.post(PATH, message(), named | {"x-headgate-sim": "504"})
        again = named | {"x-headgate-rerun": "mine"}
        refused = await field.post(PATH, message(), again)
        assert refused.status == 400
        assert (
            "send another one with the call that shall run anew"
            in refused.json["error"]["message"]
        )
        assert total(field) == 1
        found = await field.post(PATH, message(), again | {"x-request-id": "another"})
        assert (found.status, total(field)) == (200, 2)


@pytest.mark.parametrize("status", REFUSED)
async def test_what_was_turned_away_may_be_sent_again_with_its_key(status: str) -> None:
    async with running(HASTE) as field:
        first = await field.post(PATH, message(), keyed(x_headgate_sim=status))
        assert first.status >= 400
        sent = total(field)
        second = await field.post(PATH, message(), keyed())
        assert (second.status, second.headers[IDEMPOTENCY]) == (200, "new")
        assert total(field) == sent + 1


async def test_a_stream_that_was_refused_before_it_said_anything_may_be_sent_again() -> None:
    async with running(HASTE) as field:
        for hurt in (1, 4):
            field.sim.world.director.coming.extend([{"overload": True}] * hurt)
            got = await field.post(PATH, message(stream=True), keyed(f"k{hurt}"))
            assert (got.status == 200) == (hurt == 1)
        field.sim.world.director.coming.clear()
        assert (await field.post(PATH, message(stream=True), keyed("k4"))).status == 200


async def test_what_was_turned_away_goes_on_to_the_next_target() -> None:
    scenario = Scenario(always={})
    async with running(LADDER, options=Options(scenario=scenario)) as field:
        field.sim.world.director.coming.extend([{"status": 529}])
        got = await field.post(PATH, message("sturdy"), keyed())
        assert got.status == 200
        (row,) = await field.rows(1)
        assert row["tries"] > 1


async def test_a_call_that_nobody_could_be_sent_goes_on_to_who_can_be_reached() -> None:
    toml = LADDER.replace('base_url = "{sim}"', 'base_url = "http://127.0.0.1:9"')
    async with running(toml) as field:
        got = await field.post(PATH, message("sturdy"), keyed())
        assert got.status == 200
        assert got.headers["x-headgate-target"] == "openai:gpt-6-luna"


async def test_without_a_key_a_broken_call_is_still_tried_elsewhere() -> None:
    async with running(LADDER) as field:
        field.sim.world.director.coming.append({"reset": -1})
        got = await field.post(PATH, message("sturdy"))
        assert (got.status, total(field)) == (200, 2)


async def test_canned_words_are_no_answer_to_a_call_that_may_have_run() -> None:
    toml = HASTE + PROVIDERS
    toml += '[models.sorry]\nladder = ["anthropic:claude-haiku-5-5"]\ncanned = "sorry"\n'
    async with running(toml) as field:
        hurt = keyed(x_headgate_sim="reset=head")
        assert (await field.post(PATH, message("sorry"), hurt)).status == 502
        assert (await field.post(PATH, message("sorry"), keyed())).status == 409
        refused = keyed("other", x_headgate_sim="529")
        got = await field.post(PATH, message("sorry"), refused)
        assert (got.status, got.headers["x-headgate-canned"]) == (200, "true")
        again = await field.post(PATH, message("sorry"), keyed("other"))
        assert (again.status, again.headers[IDEMPOTENCY]) == (200, "new")
        assert "x-headgate-canned" not in again.headers


async def test_a_repeat_in_another_form_waits_for_the_whole_answer_and_is_told_it() -> None:
    slow = Scenario(always={"first_delay": 0.2, "events": 8})
    body = chat(stream=True, stream_options={"include_usage": True})
    async with running(options=Options(scenario=slow)) as field:
        path = "/v1/chat/completions"
        first = asyncio.ensure_future(field.post(path, body, keyed()))
        await asyncio.sleep(0.05)
        told, whole = await asyncio.gather(
            field.post(path, chat(stream=True), keyed()),
            field.post(path, chat(), keyed()),
        )
        assert total(field) == 1
        for got in (told, whole):
            assert (got.status, got.headers[IDEMPOTENCY]) == (200, "replayed")
        assert any(event.get("usage") for event in (await first).events)
        assert not any(event.get("usage") for event in told.events)
        assert whole.json["choices"][0]["message"]["content"]


async def test_a_kept_answer_is_told_in_the_other_form_or_not_at_all() -> None:
    async with running() as field:
        first = await field.post(PATH, message(stream=True), keyed())
        second = await field.post(PATH, message(), keyed())
        assert total(field) == 1
        assert second.status in (200, 400)
        if second.status == 200:
            assert second.json["content"][0]["text"] in _text(first)
        else:
            assert "stream true" in second.json["error"]["message"]


def _text(got: Got) -> str:
    deltas = (event.get("delta", {}) for event in got.events)
    return "".join(delta.get("text", "") for delta in deltas)


async def test_what_shall_not_be_stored_is_not_and_that_is_said() -> None:
    async with running() as field:
        await field.post(PATH, message(), keyed(cache_control="no-store"))
        got = await field.post(PATH, message(), keyed())
        assert got.status == 409
        assert "is not kept any more" in got.json["error"]["message"]
        assert total(field) == 1


async def test_while_keys_cannot_be_written_keyed_calls_are_refused_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as field:
        table: Any = field.opened.house.ground.keyed
        monkeypatch.setattr(table, "_do", _broken)
        got = await field.post(PATH, message(), keyed())
        assert got.status == 503
        assert "nothing was sent" in got.json["error"]["message"]
        assert (await field.post(PATH, message())).status == 200
        assert total(field) == 1


def _broken(*_: object) -> None:
    raise OSError(28, "No space left on device")


async def test_a_reply_that_is_kept_for_all_is_given_to_a_keyed_call_too() -> None:
    async with running('[cache]\nreply = "all"\n' + HASTE) as field:
        first = await field.post(PATH, message(), keyed())
        second = await field.post(PATH, message(), keyed("another"))
        assert (second.body, total(field)) == (first.body, 1)
        assert second.headers["x-headgate-cache"].startswith("hit")


RESENDS = "[cache]\nresend_s = 30\n" + HASTE
SESSION = {"x-claude-code-session-id": "one"}


async def test_what_a_session_sends_again_within_the_window_is_the_same_call() -> None:
    async with running(RESENDS) as field:
        first = await field.post(PATH, message(), SESSION)
        second = await field.post(PATH, message(), SESSION)
        assert (second.body, total(field)) == (first.body, 1)
        assert second.headers[IDEMPOTENCY] == "replayed"
        for headers in ({"x-claude-code-session-id": "two"}, {}, {}):
            got = await field.post(PATH, message(), headers)
            assert got.headers.get(IDEMPOTENCY, "new") == "new"
        assert total(field) == 4


@pytest.mark.parametrize("wish", ["no-cache", "no-store"])
async def test_a_session_that_wants_another_answer_says_so_and_gets_it(wish: str) -> None:
    async with running(RESENDS) as field:
        await field.post(PATH, message(), SESSION)
        again = await field.post(PATH, message(), SESSION | {"cache-control": wish})
        assert (again.status, total(field)) == (200, 2)
        assert IDEMPOTENCY not in again.headers


async def test_what_is_sent_again_after_the_window_is_another_call() -> None:
    async with running("[cache]\nresend_s = 0.05\n" + HASTE) as field:
        await field.post(PATH, message(), SESSION)
        await asyncio.sleep(0.1)
        got = await field.post(PATH, message(), SESSION)
        assert (got.headers[IDEMPOTENCY], total(field)) == ("new", 2)


async def test_a_call_that_a_session_lost_runs_anew_when_it_is_named() -> None:
    async with running(RESENDS) as field:
        field.sim.world.director.coming.append({"reset": -1})
        lost = await field.post(PATH, message(), SESSION)
        assert (lost.status, lost.headers["x-should-retry"]) == (502, "false")
        again = await field.post(PATH, message(), SESSION)
        assert (again.status, total(field)) == (409, 1)
        named = {**SESSION, "x-headgate-rerun": id_named(again)}
        anew = [await field.post(PATH, message(), named) for _ in range(2)]
        assert [got.headers[IDEMPOTENCY] for got in anew] == ["new", "replayed"]
        assert total(field) == 2


async def test_who_gave_up_waiting_and_resends_gets_the_answer_of_the_first() -> None:
    slow = Scenario(always={"head_delay": 0.2})
    async with running(RESENDS, options=Options(scenario=slow)) as field:
        port = field.opened.server.port
        _, writer = await send(port, "POST", PATH, message(), SESSION)
        await asyncio.sleep(0.1)
        writer.close()
        got = await field.post(PATH, message(), SESSION)
        assert (got.status, total(field)) == (200, 1)


async def test_a_stop_waits_for_a_call_whose_client_has_left_as_for_any_other() -> None:
    slow = Scenario(always={"head_delay": 0.5})
    async with running(options=Options(scenario=slow)) as field:
        _, writer = await send(field.opened.server.port, "POST", PATH, message(), keyed())
        while not total(field):  # noqa: ASYNC110 - a call arrives at the simulator
            await asyncio.sleep(0.01)
        writer.close()
        await asyncio.sleep(0.05)
        await field.opened.close()
        assert await asyncio.to_thread(_states, field) == [State.DONE.value]


async def test_a_repeat_at_another_gateway_waits_and_is_given_the_answer() -> None:
    slow = Scenario(always={"head_delay": 0.3})
    async with running(options=Options(scenario=slow)) as field, beside(field) as other:
        first = asyncio.ensure_future(field.post(PATH, message(), keyed()))
        while not total(field):  # noqa: ASYNC110 - a call arrives at the simulator
            await asyncio.sleep(0.01)
        second = await request(other.server.port, "POST", PATH, message(), keyed())
        assert second.headers[IDEMPOTENCY] == "replayed"
        assert second.body == (await first).body
        assert total(field) == 1


async def test_whoever_waits_for_a_call_of_another_gateway_is_told_when_his_stops() -> None:
    slow = Scenario(always={"head_delay": 3})
    async with running(options=Options(scenario=slow)) as field, beside(field) as other:
        first = asyncio.ensure_future(field.post(PATH, message(), keyed()))
        while not total(field):  # noqa: ASYNC110 - a call arrives at the simulator
            await asyncio.sleep(0.01)
        port = other.server.port
        second = asyncio.ensure_future(request(port, "POST", PATH, message(), keyed()))
        await asyncio.sleep(0.6)
        await other.close(at_once=True)
        told = await second
        assert (told.status, "told to stop" in told.json["error"]["message"]) == (503, True)
        first.cancel()


@contextlib.asynccontextmanager
async def beside(field: Field) -> AsyncIterator[Opened]:
    """Another gateway on the same store."""
    with open(os.devnull, "wb") as nothing:  # noqa: ASYNC230 - it is nothing
        other = await open_gateway(
            field.opened.config, field.ledger, log_descriptor=nothing.fileno()
        )
        try:
            yield other
        finally:
            await other.close(at_once=True)


async def test_a_stop_in_the_midst_of_a_call_leaves_its_outcome_unknown() -> None:
    slow = Scenario(always={"head_delay": 5})
    async with running(options=Options(scenario=slow)) as field:
        asked = asyncio.ensure_future(field.post(PATH, message(), keyed()))
        while not total(field):  # noqa: ASYNC110 - a call arrives at the simulator
            await asyncio.sleep(0.01)
        await field.opened.close(at_once=True)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await asked
        rows = await asyncio.to_thread(_states, field)
    assert rows == [State.UNKNOWN.value]


def _states(field: Field) -> list[str]:
    with contextlib.closing(sqlite3.connect(field.ledger)) as connection:
        return [row[0] for row in connection.execute("SELECT state FROM keyed")]
