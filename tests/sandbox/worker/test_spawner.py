"""Cells are started by a process that knows of none, and are the keeper's all the same."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from headgate.sandbox.model import Status
from headgate.sandbox.worker import frames, spawner
from tests.sandbox.yard import python, worker


async def test_the_process_that_starts_cells_keeps_none_of_their_descriptors() -> None:
    async with worker() as foreman:
        assert (await python(foreman, "print(1)")).status == Status.OK
        assert foreman._process is not None
        (keeper,) = _children(foreman._process.pid)
        (found,) = [it for it in _children(keeper) if _name(it) == "spawner"]
        before = os.listdir(f"/proc/{found}/fd")
        for _ in range(5):
            await python(foreman, "print(1)")
        assert os.listdir(f"/proc/{found}/fd") == before
        assert len(before) == 4


def test_what_the_kernel_refuses_is_told_in_its_words() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        frames.tell(theirs, {"wrong": "clone: No space left on device"})
        with pytest.raises(OSError, match="No space left"):
            spawner.ask(ours, {}, theirs.fileno())


def test_one_that_is_gone_is_said_to_be() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match="gone"):
            spawner.ask(ours, {}, theirs.fileno())
        theirs.close()


def _children(pid: int) -> list[int]:
    return [int(it) for it in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
