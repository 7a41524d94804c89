"""Children are forked into cells by processes that know of none and keep nothing of them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from headgate.sandbox.model import File, Limits, Status, Step
from headgate.sandbox.worker import nursery
from tests.sandbox.yard import order, python, shell, worker


@pytest.mark.parametrize("name", ["spawner", "zygote"])
async def test_the_processes_that_fork_keep_none_of_a_cells_descriptors(name: str) -> None:
    async with worker() as foreman:
        assert (await python(foreman, "print(1)")).status == Status.OK
        assert (await shell(foreman, "true")).status == Status.OK
        assert foreman._process is not None
        (keeper,) = _children(foreman._process.pid)
        (found,) = [it for it in _children(keeper) if _name(it) == name]
        before = os.listdir(f"/proc/{found}/fd")
        for _ in range(3):
            await python(foreman, "print(1)")
            await shell(foreman, "true")
        assert os.listdir(f"/proc/{found}/fd") == before


async def test_what_a_step_leaves_running_is_gone_before_the_next_whoever_it_is() -> None:
    """Forks that fork on, deaf to what can be ignored, are no hindrance."""
    stays = "import os, signal\nsignal.signal(15, 1)\nfor _ in range(3): os.fork()\n"
    stays += "import threading\nif not os.getppid(): os._exit(0)\nthreading.Event().wait()"
    counts = "ls /proc | grep -c '^[0-9]'"
    steps = (
        Step("one", ("/bin/sh", "-c", "sleep 60 & sleep 60 & true")),
        Step("two", python="two.py"),
        Step("three", ("/bin/sh", "-c", counts)),
    )
    async with worker() as foreman:
        cell = await foreman.prepare(Limits())
        files = (File("two.py", stays.encode()),)
        result = await cell.carry_out(order(foreman, *steps, files=files))
    # the first process, the shell, and what of its pipe is there when it is looked at
    assert (result.status, int(result.stdout) in (3, 4)) == (Status.OK, True)


async def test_a_program_cannot_see_or_end_who_reaps_it() -> None:
    async with worker() as foreman:
        result = await shell(foreman, "echo $PPID; kill -9 -1; kill -9 0")
    assert result.stdout == "0\n"
    assert result.signal == 9


def test_the_name_of_a_process_that_is_gone_is_empty() -> None:
    assert nursery.name_of(os.getpid())
    assert nursery.name_of(4194305) == b""


def test_a_note_is_read_as_it_was_written() -> None:
    note = nursery.Note(nursery._ENDED, 0, 7, 9, 1.5, 2048, b"hg!0:memory")
    said = nursery.read(nursery._NOTE.pack(*note))
    assert said["word"] == "ended"
    assert (said["pid"], said["status"], said["name"]) == (7, 9, "hg!0:memory")


def _name(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _children(pid: int) -> list[int]:
    return [int(it) for it in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
