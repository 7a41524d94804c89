"""A door lets in so many and no more, and lets nobody stay when it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headgate.sandbox.database import gate
from headgate.sandbox.database.gate import Gate

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Path]:
    """What says everything again."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    listening = await asyncio.start_unix_server(echo, tmp_path / gate.NAME)
    yield tmp_path
    listening.close()


async def test_what_is_said_is_passed_on_both_ways_and_ends_with_the_door(server: Path) -> None:
    it = Gate(str(server), server / "door")
    await it.open()
    reader, writer = await asyncio.open_unix_connection(server / "door" / gate.NAME)
    writer.write(b"x" * 300_000)
    assert await reader.readexactly(300_000) == b"x" * 300_000
    await it.close()
    assert await reader.read() == b""
    assert not (server / "door").exists()
    writer.close()


async def test_as_many_as_may_and_no_more(server: Path) -> None:
    it = Gate(str(server), server / "door")
    await it.open()
    ends: list[Ends] = []
    for _ in range(gate.MOST_AT_ONCE):
        reader, writer = await asyncio.open_unix_connection(server / "door" / gate.NAME)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        ends.append((reader, writer))
    reader, turned = await asyncio.open_unix_connection(server / "door" / gate.NAME)
    assert await _end_of(reader) == b""
    assert it.turned_away == 1
    ends[0][1].close()
    await _left(it)
    again, writer = await asyncio.open_unix_connection(server / "door" / gate.NAME)
    writer.write(b"y")
    assert await again.readexactly(1) == b"y"
    await it.close()
    for _, end in (*ends, (reader, turned), (again, writer)):
        end.close()


async def _left(it: Gate) -> None:
    while len(it._through) >= gate.MOST_AT_ONCE:  # noqa: ASYNC110 - the gate tells nobody
        await asyncio.sleep(0)


async def _end_of(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
