"""Calls that are served with code run here, when something is against them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from headgate.engine.served import MOST_ROUNDS, Outlet
from headgate.sandbox.model import Job, Refused, Result, Status, Unavailable
from headgate.store import keys
from headgate.store.sqlite import connect
from headgate.store.traits import Changes
from tests.kit import HASTE, Field, with_key
from tests.sandboxes import LOCAL, serving_with

pytestmark = pytest.mark.slow
TOML = HASTE + LOCAL
BASH: Any = {"type": "code_execution_20250825", "name": "code_execution"}
PYTHON: Any = {"type": "code_interpreter", "container": {"type": "auto"}}
MESSAGES: dict[str, Any] = {
    "model": "local-1",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "go"}],
    "tools": [BASH],
}
RESPONSES: dict[str, Any] = {
    "model": "local-1",
    "input": "go",
    "tools": [PYTHON],
    "include": ["code_interpreter_call.outputs"],
}
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def calls(tool: str, *inputs: object) -> str:
    given = list(inputs) if len(inputs) > 1 else inputs[0]
    return f"tool={tool};tool-input={json.dumps(given)}"


async def messages(field: Field, *, stream: bool, **more: Any) -> list[Any]:
    """The blocks of an answer, however it was sent; each must be of the vendor's grammar."""
    got = await field.post("/v1/messages", {**MESSAGES, "stream": stream, **more})
    assert got.status == 200, got.body
    if not stream:
        return list(got.json["content"])
    assert got.events[-1]["type"] == "message_stop"
    return [it["content_block"] for it in got.events if it["type"] == "content_block_start"]


async def responses(field: Field, *, stream: bool, **more: Any) -> Any:
    got = await field.post("/v1/responses", {**RESPONSES, "stream": stream, **more})
    assert got.status == 200, got.body
    return got.events[-1]["response"] if stream else got.json


@STREAMED
@pytest.mark.parametrize("given", [{}, {"command": 7}, {"command": None}, {"comand": "ls"}])
async def test_malformed_arguments_are_an_error_of_that_call(stream: bool, given: Any) -> None:
    async with serving_with() as (field, bare):
        field.sim.next(calls("bash_code_execution", given), "text=sorry")
        use, result, text = await messages(field, stream=stream)
        assert use["type"] == "server_tool_use"
        assert result["content"]["error_code"] == "invalid_tool_input"
        assert text["type"] == "text"
        assert not bare.jobs


@STREAMED
async def test_an_editor_asked_for_nonsense_answers_in_its_own_shape(stream: bool) -> None:
    async with serving_with() as (field, _):
        wild = {"command": "view", "path": ".", "view_range": ["a"]}
        made = {"command": "create", "path": "a", "file_text": "1"}
        lost = {"command": "view", "path": "a", "view_range": ["x", {}]}
        field.sim.next(calls("text_editor_code_execution", made, wild, lost), "text=sorry")
        blocks = await messages(field, stream=stream)
        results = [it for it in blocks if it["type"].endswith("_tool_result")]
        kinds = [it["content"]["type"] for it in results]
        error = "text_editor_code_execution_tool_result_error"
        assert kinds == ["text_editor_code_execution_create_result", error, error]


@STREAMED
async def test_several_calls_of_one_round_are_run_in_turn_and_in_order(stream: bool) -> None:
    async with serving_with() as (field, bare):
        codes = [{"code": f"xs = [*globals().get('xs', []), {n}]; xs"} for n in range(4)]
        field.sim.next(calls("code_interpreter", *codes), "text=done")
        reply = await responses(field, stream=stream)
        items = [it for it in reply["output"] if it["type"] == "code_interpreter_call"]
        logs = [it["outputs"][0]["logs"] for it in items]
        assert logs == ["[0]", "[0, 1]", "[0, 1, 2]", "[0, 1, 2, 3]"]
        assert len({it["container_id"] for it in items}) == 1
        assert len(bare.jobs) == 4


@STREAMED
async def test_a_model_that_never_stops_calling_is_stopped(stream: bool) -> None:
    async with serving_with() as (field, bare):
        endless = "tool-again;" + calls("bash_code_execution", {"command": "true"})
        field.sim.next(*[endless] * (MOST_ROUNDS + 5))
        got = await field.post("/v1/messages", {**MESSAGES, "stream": stream})
        assert len(bare.jobs) == MOST_ROUNDS
        told = next(it for it in got.events if it["type"] == "message_delta") if stream else {}
        stop = told["delta"]["stop_reason"] if stream else got.json["stop_reason"]
        assert stop == "pause_turn"


@STREAMED
async def test_a_huge_output_is_cut_for_the_model_and_the_answer_is_whole(stream: bool) -> None:
    async with serving_with() as (field, _):
        field.sim.next(
            calls("code_interpreter", {"code": "print('a' * 5_000_000)"}), "text=done"
        )
        reply = await responses(field, stream=stream)
        assert "characters left out" in reply["output"][0]["outputs"][0]["logs"]
        assert len(field.sim.calls[-1].body) < 200_000


@STREAMED
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("no walls", "build some"), "unavailable"),
        (Refused("a full line", kind="busy"), "too_many_requests"),
    ],
)
async def test_a_sandbox_that_does_not_run_it_is_told_to_the_model_and_the_caller(
    stream: bool, error: Exception, code: str
) -> None:
    async with serving_with() as (field, bare):

        def refuse(job: Job) -> Result | None:
            raise error

        bare.before = refuse
        field.sim.next(calls("bash_code_execution", {"command": "ls"}), "text=sorry")
        _, result, text = await messages(field, stream=stream)
        assert result["content"]["error_code"] == code
        assert text["type"] == "text"
        assert str(error).encode()[:8] in field.sim.calls[-1].body
        (row,) = [it for it in await field.rows(3) if it["surface"] == "execute"]
        assert (row["ending"], row["status"], row["cost_nusd"]) == ("error", 503, 0)


@STREAMED
async def test_a_container_that_ends_meanwhile_is_told_and_the_answer_goes_on(
    stream: bool,
) -> None:
    async with serving_with() as (field, bare):
        all_of_them = field.opened.house.ground.containers

        def close(job: Job) -> Result | None:
            all_of_them._all.clear()
            return None

        bare.before = close
        twice = "tool-again;" + calls("bash_code_execution", {"command": "echo two"})
        field.sim.next(
            calls("bash_code_execution", {"command": "echo one"}), twice, "text=done"
        )
        blocks = await messages(field, stream=stream)
        results = [it["content"] for it in blocks if it["type"].endswith("tool_result")]
        assert results[0]["stdout"] == "one\n"
        assert results[1]["error_code"] == "unavailable"


async def test_a_reload_in_the_middle_changes_nothing_for_a_running_call() -> None:
    async with serving_with() as (field, bare):
        house = field.opened.house

        def reload(job: Job) -> Result | None:
            house.take_up(house.engine.config, house.ground.settlement.catalog)
            return None

        bare.before = reload
        again = "tool-again;" + calls("code_interpreter", {"code": "x + 1"})
        field.sim.next(calls("code_interpreter", {"code": "x = 1"}), again, "text=done")
        reply = await responses(field, stream=True)
        items = [it for it in reply["output"] if it["type"] == "code_interpreter_call"]
        assert items[1]["outputs"][0]["logs"] == "2"


@pytest.mark.parametrize("size", [1, 7])
async def test_a_stream_reads_the_same_however_it_is_cut(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    heard = Outlet._heard

    def in_pieces(self: Outlet, data: bytes, *, last: bool = False) -> bytes:
        if data == self._call.surface.dialect.PING:
            return heard(self, data, last=last)
        cuts = range(0, len(data), size)
        said = [heard(self, data[at : at + size]) for at in cuts]
        return b"".join([*said, heard(self, b"", last=True)] if last else said)

    monkeypatch.setattr(Outlet, "_heard", in_pieces)
    async with serving_with() as (field, _):
        field.sim.next(calls("bash_code_execution", {"command": "echo é"}), "text=grün")
        blocks = await messages(field, stream=True)
        assert blocks[1]["content"]["stdout"] == "é\n"
        field.sim.next(calls("code_interpreter", {"code": "print('é')"}), "text=grün")
        reply = await responses(field, stream=True)
        assert reply["output"][0]["code"] == "print('é')"


async def test_a_history_that_tells_of_another_keys_container_is_given_a_new_one() -> None:
    async with serving_with() as (field, bare):
        field.sim.next(calls("code_interpreter", {"code": "secret = 42"}), "text=done")
        theirs = await responses(field, stream=False)
        box = theirs["output"][0]["container_id"]
        key = await asyncio.to_thread(with_key, field.ledger)
        field.opened.house.keys.refresh()
        mine = {"authorization": f"Bearer {key}"}
        tool = {"type": "code_interpreter", "container": box}
        named = await field.post("/v1/responses", {**RESPONSES, "tools": [tool]}, mine)
        assert named.status == 404
        ask = {**MESSAGES, "container": box}
        assert (await field.post("/v1/messages", ask, mine)).status == 404
        for more in (
            {"input": [*theirs["output"], {"role": "user", "content": "go on"}]},
            {"previous_response_id": theirs["id"]},
        ):
            field.sim.next(calls("code_interpreter", {"code": "secret"}), "text=done")
            got = await field.post("/v1/responses", {**RESPONSES, **more}, mine)
            assert got.status == 200, got.body
            call = got.json["output"][0]
            assert call["container_id"] != box
            assert "NameError" in call["outputs"][0]["logs"]
        assert {job.tenant for job in bare.jobs} > {"house"}


def _granted(ledger: Path, *surfaces: str) -> str:
    with contextlib.closing(connect(ledger)) as connection:
        changes = Changes(surfaces=surfaces)
        return keys.create(connection, "-".join(surfaces), changes=changes, now_us=1)[1]


async def test_a_key_that_may_not_run_code_gets_none_run_by_a_models_tool_either() -> None:
    async with serving_with() as (field, bare):
        for surfaces, status in ((("messages",), 403), (("messages", "execute"), 200)):
            key = await asyncio.to_thread(_granted, field.ledger, *surfaces)
            field.opened.house.keys.refresh()
            field.sim.next(calls("bash_code_execution", {"command": "true"}), "text=done")
            got = await field.post("/v1/messages", MESSAGES, {"x-api-key": key})
            assert got.status == status, got.body
            assert len(bare.jobs) == (status == 200)
            if status == 403:
                assert "have execute added" in got.json["error"]["message"]
                field.sim.world.director.coming.clear()


async def test_a_run_that_a_limit_ended_is_told_with_what_it_printed() -> None:
    async with serving_with() as (field, bare):
        bare.before = lambda job: Result(status=Status.MEMORY, stdout="half", hint="use less")
        field.sim.next(calls("bash_code_execution", {"command": "x"}), "text=done")
        _, result, _ = await messages(field, stream=False)
        assert result["content"]["return_code"] == 137
        assert result["content"]["stdout"] == "half"
        assert "memory_limit: use less" in result["content"]["stderr"]


THINKS: dict[str, Any] = {
    "model": "claude-fable-5-2",
    "max_tokens": 4000,
    "thinking": {"type": "adaptive"},
}


@STREAMED
async def test_thoughts_between_runs_are_shown_and_go_back_as_they_were(stream: bool) -> None:
    """The vendor refuses a thought that comes back in another conversation than its own: in the
    rounds of one call, and when the caller sends the turn again."""
    toml = TOML.replace('"local-*" = ["vllm:local-model"]', '"claude-*" = ["anthropic"]')
    toml = toml.replace("enabled = true", 'enabled = true\nvendor_tools = "local"')
    async with serving_with(toml) as (field, bare):
        run = calls("bash_code_execution", {"command": "echo $RANDOM"})
        field.sim.next(f"think=40;{run}", f"think=40;tool-again;{run}", "think=40;text=done")
        blocks = await messages(field, stream=stream, **THINKS)
        kinds = [it["type"] for it in blocks]
        result = "bash_code_execution_tool_result"
        assert kinds == [*["thinking", "server_tool_use", result] * 2, "thinking", "text"]
        assert len(bare.jobs) == 2
        assert [call.status for call in field.sim.calls] == [200] * 3
        if stream:
            return
        field.sim.next("think=40;text=again")
        first = MESSAGES["messages"][0]
        turns = [
            first,
            {"role": "assistant", "content": blocks},
            {"role": "user", "content": "?"},
        ]
        more = await messages(field, stream=False, **THINKS, messages=turns)
        assert [it["type"] for it in more] == ["thinking", "text"]


@STREAMED
async def test_a_budget_that_ends_in_the_middle_ends_the_answer_and_nothing_runs_again(
    stream: bool,
) -> None:
    """One second of code may be paid for; the second run would be beyond it."""
    toml = TOML.replace("enabled = true", 'enabled = true\nsecond_usd = "1"')
    toml += '[limits]\nmax_wait_s = 0.1\n[budgets.house]\nday = "61"\n'
    async with serving_with(toml) as (field, bare):
        slow = Result(status=Status.OK, exit_code=0, stdout="x", value="0", execution_ms=30_000)
        bare.before = lambda job: slow
        run = calls("bash_code_execution", {"command": "sleep 30"})
        field.sim.next(run, f"tool-again;{run}", "text=done")
        got = await field.post("/v1/messages", {**MESSAGES, "stream": stream})
        told = got.body.decode()
        assert "budget" in told
        assert got.status == (200 if stream else 429)
        if stream:
            assert got.events[-1]["type"] == "error"
        assert len(bare.jobs) == 1
        rows = await field.rows(3)
        ran = [row for row in rows if row["surface"] == "execute"]
        assert [row["cost_nusd"] for row in ran][:1] == [30_000_000_000]


@STREAMED
async def test_a_turn_with_the_callers_own_tool_too_runs_ours_and_hands_over_theirs(
    stream: bool,
) -> None:
    own = {"name": "weather", "input_schema": {"type": "object"}}
    async with serving_with() as (field, bare):
        field.sim.next("tool=weather;tool-input={}")
        blocks = await messages(field, stream=stream, tools=[BASH, own])
        assert [it["type"] for it in blocks] == ["tool_use"]
        said = {"role": "assistant", "content": blocks}
        answer = {"type": "tool_result", "tool_use_id": blocks[0]["id"], "content": "sunny"}
        turns = [MESSAGES["messages"][0], said, {"role": "user", "content": [answer]}]
        run = calls("bash_code_execution", {"command": "echo so"})
        field.sim.next(f"tool-again;{run}", "text=done")
        more = await messages(field, stream=stream, tools=[BASH, own], messages=turns)
        assert [it["type"] for it in more][-3:] == [
            "server_tool_use",
            "bash_code_execution_tool_result",
            "text",
        ]
        assert len(bare.jobs) == 1


async def test_tokens_and_cost_of_all_rounds_are_in_the_rows_and_in_the_answer() -> None:
    toml = TOML.replace("enabled = true", 'enabled = true\nsecond_usd = "0.5"')
    async with serving_with(toml) as (field, _):
        run = calls("bash_code_execution", {"command": "echo so"})
        field.sim.next(run, f"tool-again;{run}", "text=done")
        got = await field.post("/v1/messages", MESSAGES)
        rows = await field.rows(5)
        rounds = [row for row in rows if row["surface"] == "messages"]
        runs = [row for row in rows if row["surface"] == "execute"]
        assert (len(rounds), len(runs)) == (3, 2)
        usage = got.json["usage"]
        assert usage["output_tokens"] == sum(row["output"] for row in rounds)
        assert usage["input_tokens"] == sum(row["input_fresh"] for row in rounds)
        assert all(row["cost_nusd"] > 0 for row in runs)
        assert len({row["id"] for row in rows}) == 5
