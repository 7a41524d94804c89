"""Calls with a vendor's code tool, answered by running the code here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from headgate.conformance.grammar.check import VENDORS, check
from headgate.sandbox.model import Job, Result, Status
from headgate.wire import SURFACES
from tests.kit import HASTE, Field
from tests.sandboxes import LOCAL, serving_with

TOML = HASTE + LOCAL
pytestmark = pytest.mark.slow
BASH = {"type": "code_execution_20250825", "name": "code_execution"}
PYTHON = {"type": "code_interpreter", "container": {"type": "auto"}}
ASK = {"model": "local-1", "max_tokens": 500, "messages": [{"role": "user", "content": "go"}]}


def calls(tool: str, *inputs: object) -> str:
    given = list(inputs) if len(inputs) > 1 else inputs[0]
    return f"tool={tool};tool-input={json.dumps(given)}"


def bash(*commands: str) -> str:
    return calls("bash_code_execution", *({"command": each} for each in commands))


def python(*codes: str) -> str:
    return calls("code_interpreter", *({"code": each} for each in codes))


def sent(field: Field) -> list[Any]:
    """The bodies that reached the upstream."""
    return [json.loads(call.body) for call in field.sim.calls if call.body]


async def test_bash_runs_here_and_the_caller_sees_the_vendors_blocks() -> None:
    async with serving_with() as (field, _):
        field.sim.next(bash("echo $((6 * 7)); echo oops >&2; exit 3"), "text=done")
        got = await field.post("/v1/messages", {**ASK, "tools": [BASH]})
        assert got.status == 200, got.body
        use, result, text = got.json["content"]
        assert use["type"] == "server_tool_use"
        assert use["name"] == "bash_code_execution"
        assert use["id"].startswith("srvtoolu_")
        assert result["type"] == "bash_code_execution_tool_result"
        assert result["tool_use_id"] == use["id"]
        assert result["content"] == {
            "type": "bash_code_execution_result",
            "stdout": "42\n",
            "stderr": "oops\n",
            "return_code": 3,
            "content": [],
        }
        assert text["text"].endswith("done")
        assert got.json["stop_reason"] == "end_turn"
        assert got.json["container"]["id"].startswith("container_")
        rows = await field.rows(3)
        assert [row["surface"] for row in rows] == ["messages", "execute", "messages"]
        assert [row["ending"] for row in rows] == ["complete"] * 3
        assert got.json["usage"]["output_tokens"] == sum(row["output"] for row in rows)


async def test_a_stream_of_rounds_reads_as_one_message() -> None:
    async with serving_with() as (field, _):
        field.sim.next(bash("echo one", "echo two"), "text=done")
        got = await field.post("/v1/messages", {**ASK, "tools": [BASH], "stream": True})
        kinds = [event["type"] for event in got.events if event["type"] != "ping"]
        assert kinds.count("message_start") == 1
        assert kinds.count("message_delta") == 1
        assert kinds[-1] == "message_stop"
        starts = [it for it in got.events if it["type"] == "content_block_start"]
        assert [it["index"] for it in starts] == list(range(5))
        blocks = [it["content_block"] for it in starts]
        assert [it["type"] for it in blocks[:4]] == ["server_tool_use"] * 2 + [
            "bash_code_execution_tool_result"
        ] * 2
        assert [it["content"]["stdout"] for it in blocks[2:4]] == ["one\n", "two\n"]
        assert [it["tool_use_id"] for it in blocks[2:4]] == [it["id"] for it in blocks[:2]]
        delta = next(it for it in got.events if it["type"] == "message_delta")
        assert delta["delta"]["stop_reason"] == "end_turn"
        assert delta["delta"]["container"]["id"].startswith("container_")
        rows = await field.rows(4)
        assert delta["usage"]["output_tokens"] == sum(row["output"] for row in rows)


async def test_what_comes_back_is_said_to_the_model_as_calls_of_ours() -> None:
    async with serving_with() as (field, bare):
        field.sim.next(bash("echo hello > note"), "text=done")
        first = (await field.post("/v1/messages", {**ASK, "tools": [BASH]})).json
        field.sim.next(bash("cat note"), "text=done")
        turns = [
            *ASK["messages"],  # type: ignore[misc] # a literal of several kinds
            {"role": "assistant", "content": first["content"]},
            {"role": "user", "content": "and now"},
        ]
        again = {
            **ASK,
            "messages": turns,
            "tools": [BASH],
            "container": first["container"]["id"],
        }
        second = (await field.post("/v1/messages", again)).json
        assert second["content"][1]["content"]["stdout"] == "hello\n"
        assert second["container"]["id"] == first["container"]["id"]
        said = sent(field)[2]["messages"]
        assert [turn["role"] for turn in said] == [
            "user",
            "assistant",
            "user",
            "assistant",
            "user",
        ]
        assert said[1]["content"][0]["type"] == "tool_use"
        assert said[2]["content"][0]["type"] == "tool_result"
        assert said[2]["content"][0]["tool_use_id"] == said[1]["content"][0]["id"]
        assert said[:3] == sent(field)[1]["messages"], "the prefix that a cache knows"
        assert len(bare.jobs) == 2


async def test_python_runs_here_with_outputs_where_they_are_asked_for() -> None:
    async with serving_with() as (field, _):
        code = "import os\nopen(os.environ['OUTPUT_DIR'] + '/t.csv', 'w').write('a')\n20 + 1"
        field.sim.next(python(code), "text=see t.csv")
        ask = {
            "model": "local-1",
            "input": "go",
            "tools": [PYTHON],
            "include": ["code_interpreter_call.outputs"],
        }
        got = await field.post("/v1/responses", ask)
        assert got.status == 200, got.body
        item, message = got.json["output"]
        assert item["type"] == "code_interpreter_call"
        assert item["status"] == "completed"
        assert item["code"] == code
        assert item["outputs"] == [{"type": "logs", "logs": "21"}]
        assert item["container_id"].startswith("cntr_")
        note = message["content"][0]["annotations"][0]
        text = message["content"][0]["text"]
        assert text[note["start_index"] : note["end_index"]] == "t.csv"
        assert note["type"] == "container_file_citation"
        assert got.json["tools"] == [PYTHON]
        assert "include" not in sent(field)[0]
        rows = await field.rows(3)
        assert got.json["usage"]["output_tokens"] == sum(row["output"] for row in rows)


async def test_a_stream_of_responses_numbers_its_events_and_items_through_all_rounds() -> None:
    async with serving_with() as (field, _):
        field.sim.next(python("print('hi')"), "tool-again;" + python("1/0"), "text=done")
        ask = {"model": "local-1", "input": "go", "tools": [PYTHON], "stream": True}
        got = await field.post("/v1/responses", ask)
        events = got.events
        assert [it["sequence_number"] for it in events] == list(range(len(events)))
        kinds = [it["type"] for it in events]
        assert kinds.count("response.created") == 1
        assert kinds[-1] == "response.completed"
        done = [it for it in events if it["type"] == "response.output_item.done"]
        assert [it["output_index"] for it in done] == [0, 1, 2]
        assert [it["item"]["type"] for it in done] == [
            "code_interpreter_call",
            "code_interpreter_call",
            "message",
        ]
        assert events[-1]["response"]["output"] == [it["item"] for it in done]
        assert done[0]["item"]["outputs"] is None
        code = [it["delta"] for it in events if it["type"].endswith("_code.delta")]
        assert "".join(code) == "print('hi')1/0"
        ours = [it for it in kinds if "code_interpreter_call." in it]
        assert (
            ours
            == [
                f"response.code_interpreter_call.{it}"
                for it in ("in_progress", "interpreting", "completed")
            ]
            * 2
        )


async def test_a_conversation_keeps_its_container_and_knows_outputs_nobody_was_shown() -> None:
    async with serving_with() as (field, _):
        field.sim.next(python("x = 5; print('secret', x)"), "text=done")
        ask = {"model": "local-1", "input": "go", "tools": [PYTHON]}
        first = (await field.post("/v1/responses", ask)).json
        field.sim.next(python("print(x + 1)"), "text=done")
        turns = [
            {"role": "user", "content": "go"},
            *first["output"],
            {"role": "user", "content": "+"},
        ]
        second = await field.post("/v1/responses", {**ask, "input": turns})
        assert second.json["output"][0]["container_id"] == first["output"][0]["container_id"]
        said = sent(field)[2]["input"]
        assert [it.get("type") for it in said[1:3]] == ["function_call", "function_call_output"]
        assert said[2]["output"] == "secret 5\n"
        assert said[1]["call_id"] == said[2]["call_id"]
        answer = sent(field)[3]["input"][-1]
        assert answer["output"] == "6\n"


async def test_a_provider_that_runs_code_itself_is_left_alone() -> None:
    async with serving_with() as (field, bare):
        ask = {**ASK, "model": "claude-opus-5-5", "tools": [BASH]}
        got = await field.post("/v1/messages", ask)
        assert got.status == 200
        assert sent(field)[0]["tools"] == [BASH]
        assert not bare.jobs


async def test_code_stays_here_where_the_operator_says_so() -> None:
    toml = TOML.replace("enabled = true", 'enabled = true\nvendor_tools = "local"')
    async with serving_with(toml) as (field, bare):
        field.sim.next(bash("echo here"), "text=done")
        got = await field.post(
            "/v1/messages", {**ASK, "model": "claude-opus-5-5", "tools": [BASH]}
        )
        assert got.json["content"][1]["content"]["stdout"] == "here\n"
        assert len(bare.jobs) == 1


async def test_a_call_is_translated_and_served_at_once() -> None:
    """Messages with code execution, answered by a model that only speaks Chat Completions."""
    toml = TOML + '[providers.groq]\nbase_url = "{sim}"\napi_key = "env:OPENAI_API_KEY"\n'
    toml = toml.replace("[models]", '[models]\n"fast" = ["groq:some-model"]')
    async with serving_with(toml) as (field, _):
        for stream in (False, True):
            field.sim.next(bash("echo across"), "text=done")
            got = await field.post(
                "/v1/messages", {**ASK, "model": "fast", "tools": [BASH], "stream": stream}
            )
            assert b"across" in got.body
            assert b"server_tool_use" in got.body
            assert got.status == 200


async def test_a_round_that_fails_ends_a_stream_with_its_fault() -> None:
    async with serving_with() as (field, _):
        field.sim.next(bash("echo hi"), "400;message=no more")
        got = await field.post("/v1/messages", {**ASK, "tools": [BASH], "stream": True})
        assert got.events[-1]["type"] == "error"
        assert "no more" in got.events[-1]["error"]["message"]
        field.sim.next(bash("echo hi"), "400;message=no more")
        whole = await field.post("/v1/messages", {**ASK, "tools": [BASH]})
        assert whole.status == 400
        assert "no more" in whole.json["error"]["message"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(Status.WALL, "execution_time_exceeded"), (Status.BROKEN, "unavailable")],
)
async def test_what_did_not_come_to_an_end_is_told_as_the_vendor_tells_it(
    status: Status, code: str
) -> None:
    async with serving_with() as (field, bare):
        bare.before = lambda job: Result(status=status, stdout="half", hint="less")
        field.sim.next(bash("sleep 99"), "text=done")
        got = await field.post("/v1/messages", {**ASK, "tools": [BASH]})
        content = got.json["content"][1]["content"]
        assert content == {"type": "bash_code_execution_tool_result_error", "error_code": code}
        assert len(bare.ends) == 1, "its session is not used again"


async def test_a_container_nobody_knows_is_refused_with_words() -> None:
    async with serving_with() as (field, _):
        tool = {"type": "code_interpreter", "container": "cntr_nobody"}
        ask = {"model": "local-1", "input": "go", "tools": [tool]}
        got = await field.post("/v1/responses", ask)
        assert got.status == 404
        assert "leave it out to get a new one" in got.json["error"]["message"]


async def test_who_leaves_ends_the_run() -> None:
    toml = TOML.replace("enabled = true", 'enabled = true\nsecond_usd = "0.5"')
    async with serving_with(toml) as (field, bare):
        begun, ended = asyncio.Event(), asyncio.Event()

        async def hang(
            job: Job, heard: None = None, begins: Callable[[], None] | None = None
        ) -> Result:
            assert begins is not None
            begins()
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
            raise AssertionError

        bare.run = hang  # type: ignore[method-assign] # one run of this test
        field.sim.next(bash("sleep 60"), "text=done")
        ask = {**ASK, "tools": [BASH], "stream": True}
        running_call = asyncio.ensure_future(field.post("/v1/messages", ask))
        await asyncio.wait_for(begun.wait(), 5)
        running_call.cancel()
        await asyncio.gather(running_call, return_exceptions=True)
        await asyncio.wait_for(ended.wait(), 5)
        (row,) = [it for it in await field.rows(2) if it["surface"] == "execute"]
        assert row["ending"] == "client_gone"
        assert 0 < row["cost_nusd"] < 30_000_000_000, "for what ran, and no more"


async def test_the_bound_of_calls_is_kept() -> None:
    """OpenAI's max_tool_calls: then the model has to answer without."""
    async with serving_with() as (field, bare):
        field.sim.next(python("1"), "tool-again;" + python("2"), "text=done")
        ask = {"model": "local-1", "input": "go", "tools": [PYTHON], "max_tool_calls": 1}
        got = await field.post("/v1/responses", ask)
        assert got.status == 200
        assert len(bare.jobs) == 1
        assert sent(field)[1]["tool_choice"] == "none"
        assert "max_tool_calls" not in sent(field)[0]
        assert [it["status"] for it in got.json["output"]] == ["completed", "incomplete"]


async def test_a_spent_budget_ends_the_answer_before_code_is_run() -> None:
    toml = TOML.replace("enabled = true", 'enabled = true\nsecond_usd = "100"')
    toml += '[limits]\nmax_wait_s = 0.1\n[budgets.house]\nday = "50"\n'
    async with serving_with(toml) as (field, bare):
        field.sim.next(bash("echo hi"), "text=done")
        got = await field.post("/v1/messages", {**ASK, "tools": [BASH]})
        assert got.status == 429, got.body
        assert not bare.jobs


async def test_seconds_of_execution_cost_what_they_are_set_to() -> None:
    toml = TOML.replace("enabled = true", 'enabled = true\nsecond_usd = "0.5"')
    async with serving_with(toml) as (field, _):
        field.sim.next(bash("echo hi"), "text=done")
        await field.post("/v1/messages", {**ASK, "tools": [BASH]})
        rows = await field.rows(3)
        assert rows[1]["cost_nusd"] == 500_000  # a millisecond, as the stand-in says
        assert rows[1]["id"].endswith(".run1")


async def test_no_kept_reply_takes_the_place_of_a_run() -> None:
    toml = TOML + '[cache]\nreply = "all"\njoin = "all"\n'
    async with serving_with(toml) as (field, bare):
        for n in (1, 2):
            field.sim.next(bash("echo again"), "text=done")
            got = await field.post("/v1/messages", {**ASK, "tools": [BASH]})
            assert got.json["content"][1]["content"]["stdout"] == "again\n"
            assert len(bare.jobs) == n


async def test_a_key_that_cannot_keep_code_from_running_twice_is_said_to() -> None:
    async with serving_with() as (field, _):
        field.sim.next(bash("echo hi"), "text=done")
        head = {"idempotency-key": "k"}
        got = await field.post("/v1/messages", {**ASK, "tools": [BASH]}, head)
        assert got.headers["x-headgate-warning"].startswith("unkeyed: ")
        assert got.headers["x-headgate-code"] == "ran 1"


@pytest.mark.parametrize("stream", [False, True])
async def test_responses_are_served_through_any_dialect(stream: bool) -> None:
    toml = TOML.replace('["vllm:local-model"]', '["groq:m"]')
    toml += '[providers.groq]\nbase_url = "{sim}"\napi_key = "env:OPENAI_API_KEY"\n'
    async with serving_with(toml) as (field, _):
        field.sim.next(python("print('by way of', 'chat')"), "text=done")
        ask = {"model": "local-1", "input": "go", "tools": [PYTHON], "stream": stream}
        ask["include"] = ["code_interpreter_call.outputs"]
        got = await field.post("/v1/responses", ask)
        reply = got.events[-1]["response"] if stream else got.json
        assert [it["type"] for it in reply["output"]] == ["code_interpreter_call", "message"]
        assert reply["output"][0]["outputs"] == [{"type": "logs", "logs": "by way of chat\n"}]
        assert {call.path for call in field.sim.calls} == {"/v1/chat/completions"}


async def test_history_of_runs_is_understood_by_a_model_that_is_offered_none() -> None:
    async with serving_with() as (field, bare):
        use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "bash_code_execution"}
        content = {"type": "bash_code_execution_result", "stdout": "7", "return_code": 0}
        kind = "bash_code_execution_tool_result"
        ran = {"type": kind, "tool_use_id": "srvtoolu_1", "content": content}
        turns = [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": [{**use, "input": {"command": "x"}}, ran]},
            {"role": "user", "content": "and?"},
        ]
        got = await field.post("/v1/messages", {**ASK, "messages": turns})
        assert got.status == 200, got.body
        assert "container" not in got.json or got.json["container"] is None
        kinds = [it["type"] for it in sent(field)[0]["messages"][2]["content"]]
        assert kinds[0] == "tool_result"
        assert not bare.jobs


async def test_off_means_that_nothing_is_touched() -> None:
    toml = TOML.replace("enabled = true", 'enabled = true\nvendor_tools = "off"')
    async with serving_with(toml) as (field, bare):
        await field.post("/v1/messages", {**ASK, "tools": [BASH]})
        assert sent(field)[0]["tools"] == [BASH]
        assert not bare.jobs


@pytest.mark.parametrize("stream", [False, True])
async def test_code_that_has_to_stay_goes_nowhere_where_nothing_runs_it(stream: bool) -> None:
    toml = TOML.replace("enabled = true", "enabled = false")
    toml = toml.replace(
        '["vllm:local-model"]', '{ ladder = ["anthropic:m"], vendor_tools = "local" }'
    )
    async with serving_with(toml) as (field, _):
        object.__setattr__(field.opened.house.ground, "sandbox", None)
        got = await field.post("/v1/messages", {**ASK, "tools": [BASH], "stream": stream})
        assert got.status == 501
        assert "set [sandbox] enabled" in got.json["error"]["message"]
        assert not field.sim.calls
        plain = await field.post("/v1/messages", ASK)
        assert plain.status == 200


@pytest.mark.parametrize(
    ("surface", "ask"),
    [
        ("messages", {**ASK, "tools": [BASH]}),
        ("responses", {"model": "local-1", "input": "go", "tools": [PYTHON]}),
    ],
)
async def test_a_stranger_finds_no_rule_of_the_stream_broken(surface: str, ask: Any) -> None:
    async with serving_with() as (field, _):
        script = bash("echo a", "echo b") if surface == "messages" else python("1", "2")
        field.sim.next(f"think=20;{script}", f"tool-again;{script}", "text=done")
        got = await field.post(f"/v1/{surface}", {**ask, "stream": True})
        verdict = check(SURFACES[surface].dialect.NAME, got.body, VENDORS)
        assert not verdict.violations, [str(it) for it in verdict.violations]


async def test_calls_beyond_the_bound_end_as_incomplete_one_after_the_other() -> None:
    async with serving_with() as (field, bare):
        field.sim.next(python("1"), "tool-again;" + python("2", "3"), "text=done")
        ask = {"model": "local-1", "input": "go", "tools": [PYTHON], "max_tool_calls": 1}
        got = await field.post("/v1/responses", {**ask, "stream": True})
        output = got.events[-1]["response"]["output"]
        assert [it["status"] for it in output] == ["completed", "incomplete", "incomplete"]
        assert [it["code"] for it in output] == ["1", "2", "3"]
        assert len(bare.jobs) == 1
