"""Workers write one file of recordings, and kill -9 leaves it readable."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from headgate.store.recordings import NAME, Recorded, Recordings
from tests.e2e.crew import CONNECTIONS, Fan, Host, host, is_gone, kill
from tests.kit import message

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

ON = '[recording]\nenabled = true\nmodels = ["*"]\n'


async def told(at: Host, count: int) -> list[Recorded]:
    """What is recorded, once there is so much of it."""
    until = time.monotonic() + 30
    recordings = Recordings(at.ledger.with_name(NAME))
    while time.monotonic() < until:
        found = await asyncio.to_thread(recordings.find)
        if len(found) >= count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"{count} calls are not recorded")


async def test_all_workers_record_and_killing_them_leaves_what_was_written(
    tmp_path: Path,
) -> None:
    with host(tmp_path, 2, more=ON) as at:
        async with Fan(at.port) as fan:
            answers = await fan.ask("POST", "/v1/messages", message(stream=True))
            assert {got.status for got in answers} == {200}
            found = await told(at, CONNECTIONS)
            ids, until = {it.id for it in found}, time.monotonic() + 30
            while (rows := set(at.rows("SELECT id FROM call"))) != ids:  # its own thread's
                assert time.monotonic() < until, ids ^ rows
                await asyncio.sleep(0.02)
            again = asyncio.ensure_future(fan.ask("POST", "/v1/messages", message()))
            await told(at, CONNECTIONS + 1)
            for pid in (at.up.pid, *at.workers):
                kill(pid)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await again
        assert all([await asyncio.to_thread(is_gone, pid) for pid in at.workers])
        left = await asyncio.to_thread(Recordings(at.ledger.with_name(NAME)).find)
        assert {it.id for it in found} < {it.id for it in left}
        assert all(it.answer is not None and it.answer.text for it in left)
        path = at.ledger.with_name(NAME)
        with contextlib.closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
