"""A caller that leaves, at whatever moment, frees the upstream at once and is settled once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.kit import PROVIDERS, Field, message, read_head, running, send

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
GONE_S = 0.05


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port on which connects neither succeed nor fail: its backlog is full."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """A port that accepts a connection and reads nothing from it."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield listening.getsockname()[1]


def upstream_at(port: int, more: str = "") -> str:
    return more + PROVIDERS.replace("{sim}", f"http://127.0.0.1:{port}")


async def until(claim: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not claim():  # noqa: ASYNC110 - what is looked at has no event
            await asyncio.sleep(0.005)


def sockets(field: Field) -> int:
    """Sockets towards upstreams, as the gateway knows them."""
    return field.opened.house.ground.door.open_sockets()


async def leave(field: Field, writer: asyncio.StreamWriter) -> None:
    """Cut the connection; 50 ms later nothing of the call may be left but its row."""
    writer.transport.abort()
    await asyncio.sleep(GONE_S)
    assert not field.opened.house.ground.running
    assert sockets(field) == 0
    assert field.sim.open_connections == 0


@pytest.mark.parametrize("is_stream", [False, True])
async def test_before_the_head(is_stream: bool) -> None:
    async with running("") as field:
        asked = {"x-headgate-sim": "silence=head"}
        body = message(stream=is_stream)
        port = field.opened.server.port
        _, writer = await send(port, "POST", "/v1/messages", body, asked)
        await until(lambda: field.sim.running)
        await leave(field, writer)
        row = await field.row()
        assert (row["ending"], row["status"], row["fault"]) == ("client_gone", 0, "")
        assert (row["tries"], row["maybe_billed"]) == (1, 1)


async def test_while_the_head_is_held_back_for_its_first_content() -> None:
    async with running("") as field:
        asked = {"x-headgate-sim": "first-delay=20"}
        port = field.opened.server.port
        _, writer = await send(port, "POST", "/v1/messages", message(stream=True), asked)
        await until(lambda: any(t.watch for t in field.opened.house.ground.running))
        await leave(field, writer)
        row = await field.row()
        assert (row["ending"], row["status"], row["tries"]) == ("client_gone", 0, 1)


async def test_in_the_middle_of_a_stream() -> None:
    async with running("") as field:
        asked = {"x-headgate-sim": "output=400;pace=0.02"}
        port = field.opened.server.port
        reader, writer = await send(port, "POST", "/v1/messages", message(stream=True), asked)
        assert (await read_head(reader))[0] == 200
        await reader.readuntil(b"content_block_delta")
        await leave(field, writer)
        row = await field.row()
        assert (row["ending"], row["status"]) == ("client_gone", 200)
        assert row["input_fresh"] > 0
        assert row["output"] > 0
        assert row["cost_nusd"] > 0


async def test_while_a_connection_is_being_made() -> None:
    with black_hole() as hole:
        async with running(upstream_at(hole)) as field:
            port = field.opened.server.port
            _, writer = await send(port, "POST", "/v1/messages", message(), None)
            await until(lambda: sockets(field))
            await asyncio.sleep(0.1)
            await leave(field, writer)
            row = await field.row()
            assert (row["ending"], row["tries"], row["maybe_billed"]) == ("client_gone", 1, 0)
            assert row["cost_nusd"] == 0


async def test_while_waiting_for_the_next_try() -> None:
    async with running("[retry]\nwaits_s = [20]\n") as field:
        port = field.opened.server.port
        asked = {"x-headgate-sim": "529"}
        _, writer = await send(port, "POST", "/v1/messages", message(), asked)
        await until(lambda: field.sim.total_calls and not field.sim.running)
        await asyncio.sleep(0.1)
        writer.transport.abort()
        await asyncio.sleep(GONE_S)
        assert not field.opened.house.ground.running
        row = await field.row()
        assert (row["ending"], row["tries"], row["maybe_billed"]) == ("client_gone", 1, 0)
        assert json.loads(row["tries_json"])[0]["fault"] == "overloaded"


async def test_while_the_upstream_takes_in_the_body() -> None:
    with deaf() as port_of_deaf:
        async with running(upstream_at(port_of_deaf)) as field:
            body = message(system="x" * 20_000_000)
            port = field.opened.server.port
            _, writer = await send(port, "POST", "/v1/messages", body, None)
            await until(lambda: sockets(field))
            await asyncio.sleep(0.2)
            await leave(field, writer)
            row = await field.row()
            assert (row["ending"], row["maybe_billed"]) == ("client_gone", 0)


@pytest.mark.parametrize("size", [70_000, 300_000, 3_000_000])
async def test_after_a_long_body_too(size: int) -> None:
    """Reading pauses while a long body piles up; it must go on once the body is there."""
    async with running("") as field:
        asked = {"x-headgate-sim": "silence=head"}
        body = message(system="x" * size)
        _, writer = await send(field.opened.server.port, "POST", "/v1/messages", body, asked)
        await until(lambda: field.sim.running)
        await leave(field, writer)
        assert (await field.row())["ending"] == "client_gone"


@pytest.mark.parametrize("is_stream", [False, True])
async def test_by_closing_only_the_sending_side_which_looks_the_same(is_stream: bool) -> None:
    """On the wire half a close cannot be told from a whole one, and 50 ms are promised."""
    async with running("") as field:
        asked = {"x-headgate-sim": "silence=head"}
        body = message(stream=is_stream)
        _, writer = await send(field.opened.server.port, "POST", "/v1/messages", body, asked)
        await until(lambda: field.sim.running)
        writer.write_eof()
        await asyncio.sleep(GONE_S)
        assert not field.opened.house.ground.running
        assert sockets(field) == field.sim.open_connections == 0
        assert (await field.row())["ending"] == "client_gone"
        writer.close()


async def test_after_the_end_of_a_reply_it_is_complete() -> None:
    async with running("") as field:
        got = await field.post("/v1/messages", message(stream=True))
        assert got.whole
        assert (await field.row())["ending"] == "complete"


async def test_fifty_leavers_at_once_leave_fifty_rows_and_no_socket() -> None:
    async with running("") as field:
        port = field.opened.server.port
        writers = []
        for n in range(50):
            asked = {"x-headgate-sim": ("silence=head", "head-delay=20")[n % 2]}
            body = message(stream=n % 4 < 2)
            _, writer = await send(port, "POST", "/v1/messages", body, asked)
            writers.append(writer)
        await until(lambda: field.sim.running == 50)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(4 * GONE_S)
        assert sockets(field) == field.sim.open_connections == 0
        rows = await field.rows(50)
        assert {row["ending"] for row in rows} == {"client_gone"}


async def test_a_black_hole_ends_at_the_connect_limit_and_the_next_rung_answers() -> None:
    with black_hole() as hole:
        toml = (
            f"""
[providers.hole]
kind = "anthropic"
base_url = "http://127.0.0.1:{hole}"
api_key = "env:ANTHROPIC_API_KEY"
connect_s = 0.8
[models]
m = ["hole:claude-x x3", "anthropic:claude-haiku-5-5"]
"""
            + PROVIDERS
        )
        async with running(toml) as field:
            begun = time.monotonic()
            got = await field.post("/v1/messages", message("m"))
            assert got.status == 200
            assert 0.78 < time.monotonic() - begun < 2
            row = await field.row()
            tries = json.loads(row["tries_json"])
            assert [(t["provider"], t["fault"]) for t in tries] == [
                ("hole", "timeout"),
                ("anthropic", ""),
            ]
            assert row["maybe_billed"] == 0
            begun = time.monotonic()
            again = await field.post("/v1/messages", message("m"))
            assert again.status == 200
            assert time.monotonic() - begun < 0.6, "a cooling target is passed over"
            assert "x-headgate-tries" not in again.headers


async def test_the_connect_limit_is_two_seconds_unless_told_otherwise() -> None:
    async with running("") as field:
        assert {p.connect_s for p in field.opened.config.providers} == {2.0}
        assert {p.call_s for p in field.opened.config.providers} == {600.0}
        assert {p.silence_s for p in field.opened.config.providers} == {300.0}
        assert field.opened.config.retry.waits_s == (1.0, 2.0, 4.0)
