"""An owner's containers and files are in one worker, and any worker answers for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import openai
import pytest

from headgate.engine.lodging import Entry, Told
from headgate.gateway import serve
from headgate.gateway.execute import ops
from headgate.gateway.execute.homes import Homes, Household, home_of
from headgate.gateway.execute.ops import Answer, Begin, Hear, Homely
from headgate.sim.app import Simulator
from headgate.wire.served.model import Wish
from tests.kit import ENV
from tests.sandboxes import LOCAL
from tests.sandboxes import Bare as Sandbox

PYTHON: Any = {"type": "code_interpreter", "container": {"type": "auto"}}
BASH: Any = {"type": "code_execution_20250825", "name": "code_execution"}
ASKED_OFTEN = 8
"""on a connection each: one worker of two answers all of them once in 128 times"""


class Crew(NamedTuple):
    """Two workers on one port, and the vendor behind them."""

    url: str
    sim: Simulator

    def openai(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key="x", max_retries=0)

    def anthropic(self) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(base_url=self.url, api_key="x", max_retries=0)


@contextlib.asynccontextmanager
async def crew(folder: Path) -> AsyncIterator[Crew]:
    sim = Simulator()
    server = await serve.start(sim, serve.Listen())
    text = LOCAL.replace("{sim}", server.url)
    await asyncio.to_thread((folder / "headgate.toml").write_text, text)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "headgate", "up", "--port", "0", "--json", "--workers", "2"),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **ENV},
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stdout is not None
    try:
        url = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))["url"]
        yield Crew(url, sim)
    finally:
        process.terminate()
        _, said = await process.communicate()
        await server.stop(at_once=True)
    assert process.returncode == 0, said


def test_every_worker_knows_an_owners_home() -> None:
    owners = [f"key_{n}" for n in range(1000)]
    homes = [home_of(it, 4) for it in owners]
    assert homes == [home_of(it, 4) for it in owners]
    assert set(homes) == {1, 2, 3, 4}
    assert min(homes.count(it) for it in range(1, 5)) > 150


async def test_what_is_asked_is_answered_by_what_is_there() -> None:
    from headgate.engine.container import Containers

    class Place:
        sandbox = Sandbox()
        containers = Containers(lambda: 0.0)

    house, homes = Household(Place()), Homes()
    asked: list[Homely] = []

    async def do(ask: Homely, hear: Hear | None = None, begins: Begin | None = None) -> Answer:
        asked.append(ask)
        return await house.do(ask, begins)

    homes.do = do
    stay = await homes.enter(Entry("me", "cntr", Wish(), 0))
    assert stay.id.startswith("cntr_")
    came = await homes.run("me", stay.id, "print(6 * 7)")
    assert came.result is not None
    assert came.result.stdout == "42\n"
    await homes.remember(Told("me", stay.id, {"ci_1": "42"}, ("resp_1", "resp_up")))
    again = await homes.enter(Entry("me", "cntr", Wish(response="resp_1"), 0))
    assert (again.id, again.known, again.follows) == (stay.id, {"ci_1": "42"}, "resp_up")
    other = await homes.enter(Entry("you", "cntr", Wish(response="resp_1"), 0))
    assert other.id != stay.id
    assert other.follows == "resp_1", "whom a reply was not given it tells nothing"
    page = ops.Page("me", "GET", "containers", (stay.id,), {}, b"", "", False, 1024)
    assert json.loads((await do(page)).data)["id"] == stay.id
    assert {it.owner for it in asked} == {"me", "you"}
    await Place.sandbox.close()


@pytest.mark.slow
@pytest.mark.e2e
async def test_openais_sdk_reaches_its_container_at_either_of_two_workers(
    tmp_path: Path,
) -> None:
    async with crew(tmp_path) as it:
        box, conversation = "", ""
        for n in range(ASKED_OFTEN):
            code = "x = 0\nopen('note', 'w').write('laid')" if not n else "x += 1\nprint(x)"
            it.sim.next(
                f"tool=code_interpreter;tool-input={json.dumps({'code': code})}", "text=ok"
            )
            async with it.openai() as client:
                ask: Any = {"model": "local-1", "input": "go", "tools": [PYTHON]}
                if conversation:
                    ask["previous_response_id"] = conversation
                ask["include"] = ["code_interpreter_call.outputs"]
                reply: Any = await client.responses.create(**ask)
            call = reply.output[0]
            assert call.status == "completed", call
            assert call.container_id == (box or call.container_id)
            box, conversation = call.container_id, reply.id
            if n:
                assert call.outputs[0].logs == f"{n}\n"
        for _ in range(ASKED_OFTEN):
            async with it.openai() as client:
                assert [each.id async for each in client.containers.list()] == [box]
                assert (await client.containers.retrieve(box)).id == box
        async with it.openai() as client:
            laid = await client.containers.files.create(box, file=("in.csv", b"a,b" * 99_999))
        for _ in range(ASKED_OFTEN):
            async with it.openai() as client:
                data = await client.containers.files.content.retrieve(laid.id, container_id=box)
                assert data.content == b"a,b" * 99_999
                with pytest.raises(openai.NotFoundError):
                    await client.containers.retrieve("cntr_nobodys")


@pytest.mark.slow
@pytest.mark.e2e
async def test_anthropics_sdk_streams_in_its_container_at_either_of_two_workers(
    tmp_path: Path,
) -> None:
    async with crew(tmp_path) as it:
        async with it.anthropic() as client:
            file = await client.files.upload(file=("in.txt", b"seven"))
        box = ""
        for n in range(ASKED_OFTEN):
            given = json.dumps({"command": "cat in.txt; echo $((6 * 7))"})
            it.sim.next(f"tool=bash_code_execution;tool-input={given}", "text=done")
            said: Any = [{"type": "text", "text": "read"}]
            if not n:
                said.append({"type": "container_upload", "file_id": file.id})
            ask: Any = {
                "model": "local-1",
                "max_tokens": 100,
                "tools": [BASH],
                "messages": [{"role": "user", "content": said}],
            }
            if box:
                ask["container"] = box
            async with it.anthropic() as client, client.messages.stream(**ask) as stream:
                message: Any = await stream.get_final_message()
            assert message.content[1].content.stdout == "seven42\n"
            assert message.container.id == (box or message.container.id)
            box = message.container.id
