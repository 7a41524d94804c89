"""A tape changes nothing of what the client gets, and holds no more than it may."""

from __future__ import annotations

import asyncio
import time

import pytest

from headgate.engine.flight import Record
from headgate.engine.tape import Tape


async def test_a_stream_passes_as_it_came_and_is_kept() -> None:
    record = Record(time.monotonic)
    tape = Tape(record, 100)
    await tape.start(200, [])
    tape.put(b"one ")
    await tape.send(b"two ")
    await tape.end(b"three")
    assert record.body == tape.body == b"one two three"
    assert (tape.streamed, tape.is_too_long, record.over) == (True, False, True)
    assert tape.sent_at == record.sent_at


async def test_a_whole_reply_passes_as_it_came_and_is_kept() -> None:
    record = Record(time.monotonic)
    tape = Tape(record, 100)
    await tape.whole(200, [], b"all of it")
    assert record.body == tape.body == b"all of it"
    assert not tape.streamed


@pytest.mark.parametrize("most", [0, 3])
def test_what_is_too_long_or_not_wanted_is_not_held_but_passes(most: int) -> None:
    async def walk() -> None:
        record = Record(time.monotonic)
        tape = Tape(record, most)
        await tape.start(200, [])
        await tape.send(b"ab")
        await tape.send(b"cd")
        await tape.send(b"e")
        assert record.body == b"abcde"
        assert tape.body == b""
        assert tape.is_too_long is (most > 0)

    asyncio.run(walk())
