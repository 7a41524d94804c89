"""A second try starts clean: nothing a failed one said is in the answer or on the row."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from headgate.sim.app import Options
from headgate.sim.scenario import Scenario
from headgate.wire import anthropic
from tests.kit import message, running
from tests.peers import listening
from tests.wire.streams import canned_reply

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

TOML = """
[retry]
waits_s = [0.01]
[models]
m = "anthropic:m x2"
[providers.anthropic]
base_url = "{there}"
api_key = "env:ANTHROPIC_API_KEY"
"""
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"%s","model":"m",'
    b'"type":"message","role":"assistant","content":[],"stop_reason":null,'
    b'"stop_sequence":null,"usage":{"input_tokens":%d,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
)
OVERLOADED = (
    b'event: error\ndata: {"type":"error",'
    b'"error":{"type":"overloaded_error","message":"no"}}\n\n'
)
DELTA = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"kept"}}\n\n'
)


@contextlib.asynccontextmanager
async def upstream(*replies: list[bytes]) -> AsyncIterator[str]:
    """Answers each connection with the next of the replies, piece by piece, and closes it."""
    left = list(replies)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
        for piece in [HEAD, *left.pop(0)]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)  # so that each arrives by itself

    async with listening(answer) as port:
        yield f"http://127.0.0.1:{port}"


async def test_an_answer_after_an_overload_inside_a_200_is_whole_and_alone() -> None:
    good = canned_reply(anthropic, "fine", stream=True)
    async with (
        upstream([START % (b"first", 999) + OVERLOADED], [good]) as there,
        running(TOML.replace("{there}", there)) as field,
    ):
        got = await field.post("/v1/messages", message("m", stream=True))
        assert got.status == 200
        assert got.body == good
        row = await field.row()
    assert (row["tries"], row["ending"], row["fault"]) == (2, "complete", "")
    assert row["input_fresh"] != 999


async def test_what_came_before_a_broken_event_is_delivered_before_the_error() -> None:
    pieces = [START % (b"only", 3) + DELTA, DELTA + b"data: {]\n\n"]
    async with (
        upstream(pieces) as there,
        running(TOML.replace("{there}", there)) as field,
    ):
        got = await field.post("/v1/messages", message("m", stream=True))
        row = await field.row()
    assert got.body.count(DELTA) == 2
    assert got.events[-1]["type"] == "error"
    assert (row["tries"], row["ending"], row["fault"]) == (1, "error", "upstream")


async def test_an_answer_compressed_unasked_is_told_with_its_remedy() -> None:
    body = b"\x1f\x8b\x08\x00not for us"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"
    whole = head + b"content-length: %d\r\n\r\n" % len(body) + body

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole)
        await writer.drain()

    async with listening(answer) as port:
        there = f"http://127.0.0.1:{port}"
        async with running(TOML.replace("{there}", there)) as field:
            got = await field.post("/v1/messages", message("m"))
    assert got.status == 502
    assert "compressed its answer (gzip)" in got.json["error"]["message"]
    assert "turn compression off" in got.json["error"]["message"]


async def test_a_call_that_a_stop_meets_between_two_tries_is_told_so() -> None:
    refuses = Options(scenario=Scenario(always={"status": 529}))
    async with running("[retry]\nwaits_s = [30]\n", options=refuses) as field:
        call = asyncio.ensure_future(field.post("/v1/messages", message()))
        while not field.sim.total_calls:  # noqa: ASYNC110 - a call arrives at the simulator
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await field.opened.close(at_once=True)
        got = await call
    assert got.status == 503
    assert "Headgate was told to stop" in got.json["error"]["message"]
