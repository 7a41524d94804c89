"""Vendors' code tools in the real sandbox, with the official SDKs as clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
import pytest_asyncio

from headgate.sandbox.model import Job, Unavailable
from tests.kit import ENV, HASTE, Field, running
from tests.sandboxes import LOCAL

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
BASH: Any = {"type": "code_execution_20260521", "name": "code_execution"}
PYTHON: Any = {"type": "code_interpreter", "container": {"type": "auto"}}


@pytest_asyncio.fixture
async def street() -> AsyncIterator[Field]:
    async with running(HASTE + LOCAL, env=ENV) as field:
        sandbox = field.opened.house.ground.sandbox
        assert sandbox is not None
        try:
            await sandbox.run(Job("python", "1"))
        except Unavailable as lacking:
            pytest.skip(f"code cannot be contained here: {lacking.what}: {lacking.remedy}")
        yield field


def calls(tool: str, **given: object) -> str:
    return f"tool={tool};tool-input={json.dumps(given)}"


def ask(*turns: Any) -> Any:
    first = {"role": "user", "content": "go"}
    return {"model": "local-1", "max_tokens": 500, "messages": [first, *turns], "tools": [BASH]}


async def test_anthropics_tools_share_one_place_through_a_conversation(street: Field) -> None:
    client = anthropic.AsyncAnthropic(base_url=street.url, api_key="x", max_retries=0)
    async with client:
        edit = "text_editor_code_execution"
        street.sim.next(calls(edit, command="create", path="a.py", file_text="x = 1\nprint(x)"))
        street.sim.next(
            "tool-again;"
            + calls(edit, command="str_replace", path="a.py", old_str="1", new_str="2")
        )
        street.sim.next(
            "tool-again;" + calls("bash_code_execution", command="python3 a.py; id -u")
        )
        street.sim.next("tool-again;" + calls("code_execution", code="open('a.py').read()"))
        street.sim.next("text=done")
        async with client.messages.stream(**ask()) as stream:
            message: Any = await stream.get_final_message()
        results = [it.content for it in message.content if it.type.endswith("_result")]
        assert results[0].is_file_update is False
        assert results[1].lines == ["-x = 1", "+x = 2"]
        assert results[2].stdout.startswith("2\n")
        assert results[2].return_code == 0
        assert results[3].stdout == repr("x = 2\nprint(x)")
        assert message.stop_reason == "end_turn"
        street.sim.next(calls("bash_code_execution", command="cat a.py"), "text=done")
        said = message.model_dump(mode="json", exclude_none=True)["content"]
        turns = [{"role": "assistant", "content": said}, {"role": "user", "content": "again"}]
        more: Any = await client.messages.create(**ask(*turns), container=message.container.id)
        assert more.content[1].content.stdout == "x = 2\nprint(x)"


async def test_openais_interpreter_draws_counts_and_forgets_nothing(street: Field) -> None:
    client = openai.AsyncOpenAI(base_url=f"{street.url}/v1", api_key="x", max_retries=0)
    async with client:
        street.sim.next(calls("code_interpreter", code="x = 20"))
        street.sim.next("tool-again;" + calls("code_interpreter", code="print('so'); x + 1"))
        street.sim.next("text=done")
        events = await client.responses.create(
            model="local-1",
            input="go",
            tools=[PYTHON],
            include=["code_interpreter_call.outputs"],
            stream=True,
        )
        last: Any = [event async for event in events][-1]
        one, other, _ = last.response.output
        assert one.outputs == []
        assert other.outputs[0].logs == "so\n21"
        assert one.container_id == other.container_id


async def test_code_that_never_ends_costs_its_caller_and_nobody_else(street: Field) -> None:
    """The client leaves: the run is ended, and the next one finds a place at once."""
    street.sim.next(calls("bash_code_execution", command="sleep 50"))
    hanging = asyncio.ensure_future(street.post("/v1/messages", {**ask(), "stream": True}))
    await asyncio.sleep(0.5)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    rows = await street.rows(2)
    assert [(row["surface"], row["ending"]) for row in rows] == [
        ("messages", "complete"),
        ("execute", "client_gone"),
    ]
    street.sim.next(calls("bash_code_execution", command="echo still here"), "text=done")
    async with asyncio.timeout(10):
        got = await street.post("/v1/messages", ask())
    assert got.json["content"][1]["content"]["stdout"] == "still here\n"


async def test_code_reaches_neither_our_secrets_nor_the_network(street: Field) -> None:
    code = (
        "import os, socket\n"
        "found = [v for v in os.environ.values() if v.startswith('sk-')]\n"
        "try:\n    socket.create_connection(('127.0.0.1', 80), 1); found.append('net')\n"
        "except OSError: pass\n"
        "found"
    )
    street.sim.next(calls("code_execution", code=code), "text=done")
    got = await street.post("/v1/messages", ask())
    assert got.json["content"][1]["content"]["stdout"] == "[]"
