"""Noting events: at once, once, and kept through trouble with the table."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from headgate.engine.journal import Journal
from headgate.engine.notice import KNOWN, MOST_WAITING, Notices
from headgate.store import event as table
from headgate.store.place import Place
from headgate.store.place import connect as connect_place
from headgate.store.sqlite import StoreError, connect
from tests.servers import Postgres


def kept(path: Path) -> list[str]:
    with closing(connect(path)) as connection:
        return [it.once for it in table.last(connection, MOST_WAITING + 9)]


def test_what_was_noted_is_in_the_table_and_in_the_log(tmp_path: Path) -> None:
    log = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY)
    journal = Journal(log)
    journal.start()
    notices = Notices(journal, partial(connect, tmp_path / "headgate.db"))
    for _ in range(3):
        notices.note("loop_stopped", "session s", "loop s 1", {"times": 20, "event": "any"})
    notices.close()
    journal.close()
    os.close(log)
    with closing(connect(tmp_path / "headgate.db")) as connection:
        (found,) = table.last(connection, 9)
    assert (found.kind, found.subject, found.once) == ("loop_stopped", "session s", "loop s 1")
    assert found.detail == '{"times":20,"event":"any"}'
    assert found.due_us == found.at_us
    text = (tmp_path / "log").read_text()
    assert text.count('"event":"loop_stopped","subject":"session s"') == 1


def test_two_processes_note_one_event_once(tmp_path: Path) -> None:
    both = [Notices(None, partial(connect, tmp_path / "headgate.db")) for _ in range(2)]
    for notices in both:
        notices.note("budget_warning", "key:k", "key:k day 20000 0.75", {})
    for notices in both:
        notices.close()
    assert kept(tmp_path / "headgate.db") == ["key:k day 20000 0.75"]


async def test_what_a_broken_table_did_not_take_is_written_when_it_works_again(
    tmp_path: Path,
) -> None:
    broken = [True]

    def open_table() -> sqlite3.Connection:
        if broken:
            raise StoreError("the disk of this test is full", why="the disk is full")
        return connect(tmp_path / "headgate.db")

    notices = Notices(None, open_table)
    notices.note("test", "a", "a", {})
    notices.note("test", "b", "b", {})
    assert await notices.ask(lambda connection: 1) is None
    assert notices.trouble == "the disk is full"
    broken.clear()
    notices.write()
    assert await notices.ask(lambda connection: len(table.last(connection, 9))) == 2
    assert notices.trouble == ""
    await asyncio.to_thread(notices.close)
    assert await notices.ask(lambda connection: 1) is None


def test_what_could_never_be_written_is_told_at_the_end(tmp_path: Path) -> None:
    def open_table() -> sqlite3.Connection:
        raise StoreError("no disk")

    log = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY)
    journal = Journal(log)
    journal.start()
    notices = Notices(journal, open_table)
    notices.note("test", "a", "a", {})
    notices.close()
    notices.close()
    notices.note("test", "late", "late", {})
    journal.close()
    os.close(log)
    assert '"event":"events_lost","events":1,"why":"no disk"' in (tmp_path / "log").read_text()


def test_without_a_table_nothing_waits_and_nothing_grows() -> None:
    notices = Notices()
    for n in range(KNOWN + 10):
        notices.note("test", "a", str(n), {})
    assert len(notices._noted) == KNOWN
    assert not notices._waiting
    notices.close()


def test_what_waits_is_bounded_and_what_is_too_much_is_counted() -> None:
    def open_table() -> sqlite3.Connection:
        raise StoreError("no disk")

    notices = Notices(None, open_table)
    for n in range(MOST_WAITING + 5):
        notices.note("test", "a", str(n), {})
    assert notices.lost == 5
    notices.close()


@pytest.mark.slow
def test_a_server_that_is_gone_for_a_while_costs_no_event(
    server_store: Place, postgres: Postgres
) -> None:
    notices = Notices(None, partial(connect_place, server_store))
    notices.note("test", "a", "before", {})
    wait_for(notices, "")
    postgres.stop()
    notices.note("test", "a", "meanwhile", {})
    end = time.monotonic() + 20
    while not notices.trouble and time.monotonic() < end:
        time.sleep(0.02)
    assert notices.trouble
    postgres.start()
    notices.write()
    notices.close()
    with closing(connect_place(server_store)) as connection:
        assert [it.once for it in table.last(connection, 9)] == ["before", "meanwhile"]


def wait_for(notices: Notices, trouble: str) -> None:
    """Until everything so far is written."""
    end = time.monotonic() + 20
    while notices._waiting and time.monotonic() < end:
        time.sleep(0.01)
    assert notices.trouble == trouble


def test_what_is_left_to_the_thread_is_done_before_it_ends(tmp_path: Path) -> None:
    notices = Notices(None, partial(connect, tmp_path / "headgate.db"))
    done: list[bool] = []
    notices.leave(lambda it: done.append(True))
    notices.close()
    notices.leave(lambda it: done.append(False))
    Notices().leave(lambda it: done.append(False))
    assert done == [True]
