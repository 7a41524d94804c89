"""What a cell's own processes claim changes nothing but what is said of themselves."""

from __future__ import annotations

from typing import Any, cast

from headgate.sandbox.model import File, Limits, Status
from headgate.sandbox.worker.around import Surroundings
from headgate.sandbox.worker.cell import HELD_S, TICK_S, Cell
from tests.sandbox.yard import python, said, worker

_RENAME = """import ctypes, os
libc = ctypes.CDLL(None)
libc.prctl(15, b"hg!0:", 0, 0, 0)
"""


async def test_a_process_that_calls_itself_done_ends_with_the_code_it_names() -> None:
    code = _RENAME + "os.closerange(1, 3)\nimport time\ntime.sleep(9)"
    async with worker() as foreman:
        result = await python(foreman, code)
    assert (result.status, result.exit_code) == (Status.OK, 0)
    assert result.total_ms < 2000


async def test_nonsense_on_a_sessions_line_ends_that_session_alone() -> None:
    async with worker() as foreman:
        cell = await foreman.prepare(Limits(), session=True)
        cut = await said(cell, foreman, "import os\nos.write(3, b'{[\\n')\nos._exit(7)")
        assert cut.exit_code == 7
        assert not cell.alive
        assert (await python(foreman, "print(1)")).status == Status.OK


async def test_files_that_do_not_fit_are_the_disks_limit_and_nothing_ran() -> None:
    async with worker() as foreman:
        files = tuple(File(f"large-{it}", bytes(3 << 20)) for it in range(50))
        result = await python(foreman, "print(1)", files=files, limits=Limits(disk_mb=2))
        wide = await python(foreman, "print(1)", files=files, limits=Limits(disk_mb=256))
    assert (result.status, result.stdout) == (Status.DISK, "")
    assert wide.status == Status.OK


def test_a_cell_whose_memory_a_group_holds_is_looked_at_less_often() -> None:
    def until_next(*, is_held: bool) -> float:
        quiet: Any = lambda *_: None  # noqa: E731
        around = Surroundings(quiet, quiet, quiet, quiet, quiet, lambda *_: is_held, forks=True)
        cell = cast(Any, Cell(1, {}, around))
        cell._bear(7)
        cell._step, cell._look_at, cell._deadline = 0, 1.0, 1000.0
        cell.tick(100.0)
        return float(cell.wakes_at) - 100.0

    assert abs(until_next(is_held=False) - TICK_S) < 1e-6
    assert abs(until_next(is_held=True) - HELD_S) < 1e-6
