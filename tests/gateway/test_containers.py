"""Containers and their files, as both vendors' SDKs ask for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest

from tests.kit import Field, request, with_key
from tests.sandboxes import Bare, serving_with

pytestmark = pytest.mark.slow
PYTHON: Any = {"type": "code_interpreter", "container": {"type": "auto"}}
PLOT = "import os\nopen(os.environ['OUTPUT_DIR'] + '/p.png', 'wb').write(b'\\x89PNG')"


@contextlib.asynccontextmanager
async def place() -> AsyncIterator[tuple[Field, Bare]]:
    async with serving_with() as (field, bare):
        yield field, bare


def openai_of(field: Field, key: str = "x") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{field.url}/v1", api_key=key, max_retries=0)


async def test_openais_sdk_finds_what_the_code_left() -> None:
    async with place() as (field, _), openai_of(field) as client:
        field.sim.next(f"tool=code_interpreter;tool-input={_json(PLOT)}", "text=see p.png")
        ask: Any = {"model": "local-1", "input": "plot", "tools": [PYTHON]}
        ask["include"] = ["code_interpreter_call.outputs"]
        reply = await client.responses.create(**ask)
        call, message = reply.output
        assert call.type == "code_interpreter_call"
        assert message.type == "message"
        assert call.outputs is not None
        picture = call.outputs[-1]
        assert picture.type == "image"
        assert picture.url.startswith("data:image/png;base64,")
        note = message.content[0].annotations[0]
        assert note.type == "container_file_citation"
        found = await client.containers.files.content.retrieve(
            note.file_id, container_id=note.container_id
        )
        assert found.content == b"\x89PNG"
        listed = [it async for it in client.containers.files.list(call.container_id)]
        assert [(it.path, it.source) for it in listed] == [("/mnt/data/p.png", "assistant")]
        await client.containers.delete(call.container_id)
        with pytest.raises(openai.NotFoundError):
            await client.containers.retrieve(call.container_id)


async def test_a_container_made_beforehand_has_what_was_laid_into_it() -> None:
    async with place() as (field, _), openai_of(field) as client:
        box = await client.containers.create(name="mine", memory_limit="1g")
        assert box.memory_limit == "1g"
        laid = await client.containers.files.create(box.id, file=("in.csv", b"a,b\n1,2"))
        assert laid.path == "/mnt/data/in.csv"
        code = "print(open('in.csv').read())"
        field.sim.next(f"tool=code_interpreter;tool-input={_json(code)}", "text=done")
        tool: Any = {"type": "code_interpreter", "container": box.id}
        stream = await client.responses.create(
            model="local-1", input="read", tools=[tool], stream=True
        )
        last: Any = [event async for event in stream][-1]
        assert last.type == "response.completed"
        assert last.response.output[0].container_id == box.id
        assert b"1,2" in field.sim.calls[-1].body
        assert [it.id async for it in client.containers.list()] == [box.id]


async def test_anthropics_sdk_uploads_runs_and_downloads() -> None:
    async with place() as (field, _):
        client = anthropic.AsyncAnthropic(base_url=field.url, api_key="x", max_retries=0)
        async with client:
            file = await client.files.upload(file=("in.txt", b"seven"))
            code = 'cat in.txt; cp in.txt "$OUTPUT_DIR/out.txt"'
            given = _json(code, "command")
            field.sim.next(f"tool=bash_code_execution;tool-input={given}", "text=done")
            ask: Any = {
                "model": "local-1",
                "max_tokens": 100,
                "tools": [{"type": "code_execution_20250825", "name": "code_execution"}],
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "copy"},
                            {"type": "container_upload", "file_id": file.id},
                        ],
                    }
                ],
            }
            async with client.messages.stream(**ask) as stream:
                message: Any = await stream.get_final_message()
            use, result, text = message.content
            assert use.type == "server_tool_use"
            assert use.input == {"command": code}
            assert result.content.stdout == "seven"
            assert text.text.endswith("done")
            made = result.content.content[0].file_id
            content = await client.files.download(made)
            assert await content.read() == b"seven"
            assert (await client.files.retrieve_metadata(made)).filename == "out.txt"
            assert (await client.files.delete(made)).id == made
            with pytest.raises(anthropic.NotFoundError):
                await client.files.download(made)


async def test_a_key_sees_nothing_of_another() -> None:
    async with place() as (field, _):
        strange = field.opened.house.ground.containers.store("another", "a", b"x")
        secret = await asyncio.to_thread(with_key, field.ledger)
        field.opened.house.keys.refresh()
        async with openai_of(field, secret) as client:
            box = await client.containers.create(name="mine")
            assert (await client.containers.retrieve(box.id)).name == "mine"
            with pytest.raises(openai.NotFoundError):
                await client.files.content(strange.id)
        async with openai_of(field, "hg-no") as nobody:
            with pytest.raises(openai.AuthenticationError):
                await nobody.containers.retrieve(box.id)


async def test_what_code_made_is_handed_on_as_a_file_and_never_as_a_page() -> None:
    async with place() as (field, _):
        all_of_them = field.opened.house.ground.containers
        kept = all_of_them.store("house", 'a"\n<.html', b"<script>")
        kept.mime = "text/html\r\nx: y"
        got = await field.get(f"/v1/files/{kept.id}/content")
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith("attachment; ")
        assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/containers/cntr_no", 404),
        ("GET", "/v1/files/file_no/content", 404),
        ("POST", "/v1/containers", 400),
        ("POST", "/v1/files", 400),
        ("DELETE", "/v1/containers", 404),
    ],
)
async def test_bad_requests_are_told_with_words(method: str, path: str, status: int) -> None:
    async with place() as (field, _):
        got = await request(field.opened.server.port, method, path, {})
        assert got.status == status
        assert got.json["error"]["message"]


def _json(code: str, name: str = "code") -> str:
    return json.dumps({name: code})
