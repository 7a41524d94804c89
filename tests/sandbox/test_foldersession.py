"""A session in a folder: ends between two cells, a closed worker; see also all tiers' promises
in test_session_tiers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from headgate.sandbox.cell import Broken
from headgate.sandbox.folders import FolderForeman
from headgate.sandbox.foldersession import FolderSession
from headgate.sandbox.model import (
    File,
    Isolation,
    Limits,
    Order,
    Refused,
    Runtime,
    Status,
    Step,
)
from headgate.sandbox.worker import landlock
from tests.sandbox.yard import descriptors
from tests.sieges import interpreter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not landlock.best(), reason="this kernel has no Landlock (5.13)"),
    pytest.mark.skipif(
        interpreter() == "none", reason="no Python here that others may read: install python3"
    ),
]


@pytest.fixture
async def foreman() -> AsyncIterator[FolderForeman]:
    before = descriptors()
    runtime = Runtime("python", "3", "python", interpreter=interpreter())
    started = await FolderForeman.start(runtime, Isolation("landlock"))
    yield started
    await started.close()
    assert not started.place.exists()
    assert descriptors() == before


async def begun(foreman: FolderForeman) -> FolderSession:
    cell = await foreman.prepare(Limits(), session=True)
    assert isinstance(cell, FolderSession)
    return cell


def order(foreman: FolderForeman, code: str, limits: Limits | None = None) -> Order:
    files = (File("cell.py", code.encode()),)
    step = Step("cell", python="cell.py")
    return Order(foreman.runtime, (step,), files, limits or Limits(wall_s=9))


async def test_one_that_ended_between_two_cells_tells_why(foreman: FolderForeman) -> None:
    cell = await begun(foreman)
    later = (
        "import threading, time, os\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), os._exit(5))).start()"
    )
    assert (await cell.carry_out(order(foreman, later))).status == Status.OK
    await asyncio.sleep(0.5)
    result = await cell.carry_out(order(foreman, "1"))
    assert (result.status, result.exit_code, cell.alive) == (Status.ERROR, 5, False)
    with pytest.raises(Broken):
        await cell.carry_out(order(foreman, "1"))


async def test_files_beyond_what_is_kept_are_refused_and_it_goes_on(
    foreman: FolderForeman,
) -> None:
    cell = await begun(foreman)
    await cell.carry_out(order(foreman, "open('large', 'wb').write(bytes(5000))"))
    with pytest.raises(Refused, match="more than 100 bytes"):
        await cell.files(100)
    assert [it.path for it in await cell.files(10_000)] == ["large"]
    assert (await cell.carry_out(order(foreman, "1"))).value == "1"


async def test_whoever_gives_up_a_cell_ends_the_session(foreman: FolderForeman) -> None:
    cell = await begun(foreman)
    running = asyncio.ensure_future(cell.carry_out(order(foreman, "while True: pass")))
    await asyncio.sleep(0.3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not cell.alive
    assert [*await asyncio.to_thread(lambda: list(foreman.place.iterdir()))] == []


async def test_a_line_that_is_misused_ends_with_the_cells_time(foreman: FolderForeman) -> None:
    """Code that writes where only its kernel writes forges nothing but its own answer."""
    cell = await begun(foreman)
    forged = "import os, time; os.write(3, b'not a line of ours\\n'); time.sleep(60)"
    result = await cell.carry_out(order(foreman, forged, Limits(wall_s=0.6)))
    assert (result.status, cell.alive) == (Status.WALL, False)


async def test_a_cell_that_forges_its_own_answer_harms_only_itself(
    foreman: FolderForeman,
) -> None:
    cell = await begun(foreman)
    forged = """import os; os.write(3, b'{"ok": true, "value": "forged"}\\n')"""
    assert (await cell.carry_out(order(foreman, forged))).value == "forged"
    assert cell.alive
    cell.kill()


async def test_one_that_was_never_used_goes_as_well(foreman: FolderForeman) -> None:
    (await begun(foreman)).kill()
    await begun(foreman)
