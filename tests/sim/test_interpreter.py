"""Vendors' interpreters at the simulator: both SDKs' shapes, and nothing is ever run."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from headgate.gateway import serve
from headgate.sim.app import Simulator
from headgate.sim.interpreter import SAYS

pytestmark = pytest.mark.slow


async def test_openais_sdk_reads_a_run_and_its_container() -> None:
    sim = Simulator()
    server = await serve.start(sim, serve.Listen())
    client = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="k", max_retries=0)
    try:
        box = await client.containers.create(name="a")
        file = await client.containers.files.create(box.id, file=("a.txt", b"x"))
        content = await client.containers.files.content.retrieve(file.id, container_id=box.id)
        assert content.content == b"x"
        ask: Any = {
            "model": "gpt-6-luna",
            "input": "run\n```python\nimport os; os.abort()\n```",
            "tools": [{"type": "code_interpreter", "container": box.id}],
        }
        for stream in (False, True):
            answer: Any = await client.responses.create(**ask, stream=stream)
            reply = [it async for it in answer][-1].response if stream else answer
            ran = reply.output[0]
            assert ran.type == "code_interpreter_call"
            assert ran.code == "import os; os.abort()"
            assert ran.container_id == box.id
            assert ran.outputs[0].logs == SAYS
        await client.containers.delete(box.id)
        with pytest.raises(openai.NotFoundError):
            await client.responses.create(**ask)
    finally:
        await client.close()
        await server.stop(at_once=True)


async def test_anthropics_sdk_reads_a_run_and_its_files() -> None:
    sim = Simulator()
    server = await serve.start(sim, serve.Listen())
    client = anthropic.AsyncAnthropic(base_url=server.url, api_key="k", max_retries=0)
    try:
        file = await client.files.upload(file=("a.txt", b"x"))
        assert (await client.files.retrieve_metadata(file.id)).filename == "a.txt"
        ask: Any = {
            "model": "claude-haiku-5-5",
            "max_tokens": 200,
            "messages": [{"role": "user", "content": "run\n```bash\nrm -rf /\n```"}],
            "tools": [{"type": "code_execution_20250825", "name": "code_execution"}],
        }
        whole: Any = await client.messages.create(**ask)
        async with client.messages.stream(**ask) as stream:
            streamed: Any = await stream.get_final_message()
        for message in (whole, streamed):
            use, result, text = message.content
            assert use.input == {"command": "rm -rf /"}
            assert result.content.stdout == SAYS
            assert result.tool_use_id == use.id
            assert "simulated" in text.text
            assert message.container.id.startswith("container_01")
        await client.files.delete(file.id)
    finally:
        await client.close()
        await server.stop(at_once=True)
