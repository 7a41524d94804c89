"""One order in a folder: what it tells is what the same order tells in namespaces."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headgate.sandbox.cell import Broken
from headgate.sandbox.foldercell import FolderCell
from headgate.sandbox.folders import FolderForeman
from headgate.sandbox.model import File, Isolation, Limits, Order, Result, Runtime, Status, Step
from headgate.sandbox.worker import landlock
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
    runtime = Runtime("python", "3", "python", interpreter=interpreter())
    started = await FolderForeman.start(runtime, Isolation("landlock"))
    yield started
    await started.close()


async def run(foreman: FolderForeman, code: str, limits: Limits | None = None) -> Result:
    cell = await foreman.prepare(limits or Limits())
    assert isinstance(cell, FolderCell)
    files = (File("main.py", code.encode()),)
    step = Step("run", python="main.py")
    return await cell.carry_out(
        Order(foreman.runtime, (step,), files, limits or Limits(wall_s=9))
    )


async def test_a_limit_comes_with_a_hint(foreman: FolderForeman) -> None:
    result = await run(foreman, "b = bytes(200 << 20)", Limits(wall_s=9, memory_mb=100))
    assert result.status == Status.MEMORY
    assert "more than 100 MB" in result.hint


async def test_code_that_does_not_compile_was_not_run(foreman: FolderForeman) -> None:
    result = await run(foreman, "print('ran')\nx = = 1")
    assert (result.status, result.stdout) == (Status.BUILD, "")
    assert "main.py" in result.stderr
    assert "lodger" not in result.stderr


async def test_a_traceback_shows_the_users_lines_alone(foreman: FolderForeman) -> None:
    result = await run(foreman, "def f():\n    return 1 / 0\nf()")
    assert result.status == Status.ERROR
    assert result.stderr.count("File ") == 2
    assert 'main.py", line 2, in f' in result.stderr


async def test_what_artefacts_hold_decides_their_kind(foreman: FolderForeman) -> None:
    code = "import os; open(os.environ['OUTPUT_DIR'] + '/a', 'wb').write(b'%PDF-1.7')"
    (found,) = (await run(foreman, code)).artefacts
    assert found.mime == "application/pdf"


async def test_output_until_the_end_is_kept_with_its_step(foreman: FolderForeman) -> None:
    result = await run(foreman, "print('a'); print('b')\nwhile True: pass", Limits(wall_s=1.2))
    assert (result.status, result.stdout) == (Status.WALL, "a\nb\n")
    assert [(it.name, it.exit_code, it.stdout) for it in result.steps] == [
        ("run", None, "a\nb\n")
    ]


async def test_a_bomb_of_processes_is_told_as_one(foreman: FolderForeman) -> None:
    code = (
        "import os, time\n"
        "while True:\n    try:\n        if not os.fork(): time.sleep(60)\n"
        "    except OSError: time.sleep(0.01)\n"
    )
    result = await run(foreman, code, Limits(wall_s=1.0, processes=12))
    assert result.status == Status.PROCESSES


async def test_a_cell_takes_one_order(foreman: FolderForeman) -> None:
    cell = await foreman.prepare(Limits())
    cell.kill()
    with pytest.raises(Broken):
        await cell.carry_out(Order(foreman.runtime, (Step("run", ("/bin/true",)),)))
