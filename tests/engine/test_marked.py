"""What processes know of each other's marked conversations, and how long that may take."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

from headgate.engine.marked import MOST, Marked
from headgate.engine.notice import Notices
from headgate.store.sqlite import connect


async def test_what_one_process_marks_another_finds_out(tmp_path: Path) -> None:
    place = tmp_path / "headgate.db"
    here, there = Marked(), Marked()
    one, other = (Notices(None, partial(connect, place)) for _ in range(2))
    here.decide(b"a", "system:5m", one)
    here.decide(b"b", "", one)
    await asyncio.to_thread(one.close)
    for name in (b"a", b"b", b"c"):
        for _ in range(50):  # the table may be slow to open
            await there.ask(name, other)
        assert there.is_known(name)
    assert [there.is_marked(name) for name in (b"a", b"b", b"c")] == [True, False, False]
    await asyncio.to_thread(other.close)


async def test_nobody_waits_for_a_table_that_does_not_answer() -> None:
    marked, notices = Marked(), Notices(None, partial(time.sleep, 1.0))  # type: ignore[arg-type]  # it never connects
    began = time.monotonic()
    await marked.ask(b"a", notices)
    assert time.monotonic() - began < 0.7
    assert not marked.is_known(b"a")
    assert not marked.is_marked(b"a")


async def test_without_a_table_nothing_is_known_and_nothing_breaks() -> None:
    marked, notices = Marked(), Notices()
    marked.decide(b"a", "system:5m", notices)
    await marked.ask(b"b", notices)
    assert marked.is_marked(b"a")
    assert not marked.is_known(b"b")


def test_a_bounded_number_of_conversations_is_remembered() -> None:
    marked, notices = Marked(), Notices()
    for n in range(MOST + 10):
        marked.decide(b"%d" % n, "", notices)
    assert not marked.is_known(b"9")
    assert marked.is_known(b"10")
