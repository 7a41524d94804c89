"""A cell takes one order at a time, and says what it cannot do."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from headgate.sandbox import cell as cells
from headgate.sandbox.cgroup import Group, Groups
from headgate.sandbox.foreman import Foreman
from headgate.sandbox.model import File, Limits, Order, Refused, Runtime, Status, Step
from headgate.sandbox.worker import frames
from tests.sandbox.yard import WALLS, order, said, worker


def test_an_order_is_written_with_what_its_runtime_reserves() -> None:
    program = Runtime("javascript", "20", "program", env=(("A", "1"),), reserves=True)
    wish = Order(
        program, (Step("run", ("node",), env=(("B", "2"),)),), limits=Limits(wall_s=2.5)
    )
    written = cells.written(wish)
    assert written["limits"]["memory_bytes"] == 0
    assert written["limits"]["watched_bytes"] > 512 << 20
    assert written["limits"]["cpu_s"] == 4
    assert written["steps"][0]["env"] == {"A": "1", "B": "2"}


async def test_a_spare_serves_once_and_a_killed_one_never() -> None:
    async with worker() as foreman:
        cell, other = await foreman.prepare(Limits()), await foreman.prepare(Limits())
        await cell.carry_out(order(foreman, Step("run", ("/bin/true",))))
        other.kill()
        other.kill()
        for it in (cell, other):
            assert not it.alive
            with pytest.raises(cells.Broken):
                await it.carry_out(order(foreman, Step("run", ("/bin/true",))))


async def test_more_files_than_are_asked_for_are_refused() -> None:
    async with worker() as foreman:
        cell = await foreman.prepare(Limits(), session=True)
        await said(cell, foreman, "1", files=(File("data", bytes(2000)),))
        assert [len(it.data) for it in await cell.files(2000)] == [2000]
        with pytest.raises(Refused, match="more than 1999 bytes"):
            await cell.files(1999)


@asynccontextmanager
async def held(**about: Any) -> AsyncIterator[Foreman]:
    """A worker of Python whose cells are held by control groups."""
    groups = await asyncio.to_thread(Groups.find)
    if groups is None:
        pytest.skip("CONTROL GROUPS NOT TESTED: they cannot be written here; run as root")
    foreman = await Foreman.start(Runtime("python", "3", "python", **about), WALLS, groups)
    try:
        yield foreman
    finally:
        await foreman.close()
        for _ in range(50):
            if await asyncio.to_thread(groups.close):
                break
            await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_a_control_group_holds_what_a_watchdog_would() -> None:
    async with held(reserves=True) as foreman:
        cell = await foreman.prepare(Limits(memory_mb=96))
        files = (File("main.py", b"x = []\nwhile True: x.append(bytearray(1 << 20))"),)
        step = Step("run", python="main.py")
        result = await cell.carry_out(
            order(foreman, step, files=files, limits=Limits(memory_mb=96, wall_s=9))
        )
        assert result.status == Status.MEMORY


async def test_the_group_of_a_cell_that_was_given_up_is_let_go_too() -> None:
    """A spare that nobody asked for, a run that was given up: each would leave its group."""
    async with held() as foreman:
        spare, given_up = await foreman.prepare(Limits()), await foreman.prepare(Limits())
        files, step = (File("main.py", b"while True: pass"),), Step("run", python="main.py")
        run = asyncio.ensure_future(given_up.carry_out(order(foreman, step, files=files)))
        await asyncio.sleep(0.05)
        run.cancel()
        spare.kill()
        for _ in range(1000):
            if spare.group is given_up.group is None:
                break
            await asyncio.sleep(0.01)
        assert spare.group is given_up.group is None


async def test_a_program_that_is_started_late_is_in_the_group_before_it_begins() -> None:
    async with held() as foreman:
        for _ in range(5):
            cell = await foreman.prepare(Limits())
            code = b"print(open('/proc/self/cgroup').read())"
            steps = (
                Step("one", python="main.py"),
                Step("two", ("/bin/cat", "/proc/self/cgroup")),
            )
            asked = order(foreman, *steps, files=(File("main.py", code),))
            result = await cell.carry_out(asked)
            first, second = (it.stdout.strip() for it in result.steps)
            assert result.status == Status.OK
            assert first == second != ""


async def test_a_process_that_died_before_it_was_placed_leaves_no_error_behind() -> None:
    class Gone:
        def add(self, pid: int) -> None:
            raise ProcessLookupError(pid)

    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, it: complaints.append(it))
    cell = cells.Cell(1, lambda _: None, WALLS)
    cell.group = cast(Group, Gone())
    cell.born(1)
    cell.kill()
    await asyncio.sleep(0.05)  # it is looked at in a thread
    del cell
    gc.collect()
    assert complaints == []


def test_what_is_small_is_said_at_once_and_what_is_large_by_pieces() -> None:
    piece = frames.PIECE
    small = [b"a" * 10, b"b" * 20, b"c" * 30]
    assert [*cells._together(small)] == [b"".join(small)]
    large = [b"a" * 10, b"b" * piece, b"c" * 10, b"d" * 10]
    assert [*cells._together(large)] == [large[0], large[1], b"c" * 10 + b"d" * 10]
