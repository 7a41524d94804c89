"""Kept replies outlive their process, are shared on a machine, and are read by SDKs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import anthropic
import openai
import pytest

from headgate import config as configuration
from headgate.gateway import serve
from headgate.gateway.start import Opened, open_gateway
from headgate.sim.app import Simulator
from headgate.store.replies.disk import NAME
from tests.kit import ENV, HASTE, PROVIDERS, Got, message, request, running
from tests.store.replies.kit import until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KEEPS = '[server]\nport = 0\n[cache]\nreply = "all"\nstore = "disk"\n' + HASTE
BODY = message(temperature=0, system="a sentence that is not to be found anywhere")


@contextlib.asynccontextmanager
async def simulator() -> AsyncIterator[tuple[Simulator, str]]:
    sim = Simulator()
    server = await serve.start(sim, serve.Listen())
    try:
        yield sim, server.url
    finally:
        await server.stop(at_once=True)


@contextlib.asynccontextmanager
async def gateway(folder: Path, sim: str) -> AsyncIterator[Opened]:
    text = (KEEPS + PROVIDERS).replace("{sim}", sim)
    config = await asyncio.to_thread(configuration.load, text, ENV, source="test")
    log = os.open(folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        opened = await open_gateway(config, folder / "headgate.db", log_descriptor=log)
        try:
            yield opened
        finally:
            await opened.close(at_once=True)
    finally:
        os.close(log)


async def ask(opened: Opened, body: object = BODY) -> Got:
    return await request(opened.server.port, "POST", "/v1/messages", body)


def rows_in(folder: Path) -> int:
    if not (folder / NAME).exists():
        return 0
    with contextlib.closing(sqlite3.connect(folder / NAME)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM reply").fetchone()[0])
        except sqlite3.OperationalError:  # its tables are being made
            return 0


def bytes_in(folder: Path) -> bytes:
    return b"".join(it.read_bytes() for it in folder.glob(f"{NAME}*"))


async def test_a_reply_outlives_its_process_and_cannot_be_read_in_the_file() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        async with simulator() as (sim, url):
            async with gateway(folder, url) as first:
                said = await ask(first)
            kept = await asyncio.to_thread(bytes_in, folder)
            assert len(kept) > 1000
            assert b"simulated" not in kept
            assert b"sentence" not in kept
            async with gateway(folder, url) as second:
                again = await ask(second)
                streamed = await ask(second, {**BODY, "stream": True})
            assert sim.total_calls == 1
        assert again.body == said.body
        assert again.headers["x-headgate-cache"].startswith("hit")
        assert streamed.events[-1] == {"type": "message_stop"}


async def test_two_processes_of_a_machine_give_each_others_replies() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        async with (
            simulator() as (sim, url),
            gateway(folder, url) as one,
            gateway(folder, url) as two,
        ):
            said = await ask(one)
            await asyncio.to_thread(until, lambda: rows_in(folder))
            again = await ask(two)
            assert again.headers["x-headgate-cache"].startswith("hit")
            assert again.body == said.body
            assert sim.total_calls == 1


async def test_the_vendors_clients_read_a_kept_reply_in_either_form() -> None:
    toml = '[cache]\nreply = "all"\n' + HASTE
    async with running(toml) as field:
        async with anthropic.AsyncAnthropic(api_key="k", base_url=field.url) as claude:
            turns: list[anthropic.types.MessageParam] = [{"role": "user", "content": "hi"}]
            whole = await claude.messages.create(
                model="claude-haiku-5-5", max_tokens=64, messages=turns
            )
            async with claude.messages.stream(
                model="claude-haiku-5-5", max_tokens=64, messages=turns
            ) as stream:
                final = await stream.get_final_message()
            assert final.model_dump() == whole.model_dump()
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{field.url}/v1") as gpt:
            said = await gpt.responses.create(model="gpt-6-luna", input="hi")
            async with gpt.responses.stream(model="gpt-6-luna", input="hi") as events:
                last = await events.get_final_response()
            assert last.output_text == said.output_text
            assert last.id == said.id
            answer = await gpt.chat.completions.create(
                model="gpt-6-luna", messages=[{"role": "user", "content": "hi"}]
            )
            async with gpt.chat.completions.stream(
                model="gpt-6-luna",
                messages=[{"role": "user", "content": "hi"}],
                stream_options={"include_usage": True},
            ) as chunks:
                done = await chunks.get_final_completion()
            assert done.choices[0].message.content == answer.choices[0].message.content
            assert done.usage == answer.usage
        assert field.sim.total_calls == 3
