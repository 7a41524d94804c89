"""A program under a warden: its output, its end, and a warden that is gone."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from headgate.sandbox.ward import BROKEN, Ears, Talk, Ward, is_crowded
from headgate.sandbox.worker.frames import Word
from tests.sandbox.yard import descriptors

pytestmark = pytest.mark.slow


class Heard:
    def __init__(self) -> None:
        self.text: dict[Word, bytes] = {Word.STDOUT: b"", Word.STDERR: b""}
        self.too_much = 0
        self.first = asyncio.Event()

    def wrote(self, word: Word, data: bytes) -> None:
        self.text[word] += data
        self.first.set()

    def more(self) -> None:
        self.too_much += 1

    def ward(self, most: int = 1000) -> Ward:
        return Ward(most, Ears(self.wrote, self.more))


def wish(box: Path, script: str, **more: Any) -> dict[str, Any]:
    watch = {"memory_bytes": 0, "disk_bytes": 0, "inodes": 0, "cpu_s": 0}
    asked: dict[str, Any] = {"box": str(box), "cwd": str(box), "uid": 0, "walls": False}
    asked |= {"is_session": False, "control": -1, "line": -1, "read": [], "stop": []}
    asked |= {"argv": ["/bin/sh", "-c", script], "env": {}, "limits": {}, "watch": watch}
    return asked | more


async def test_what_it_writes_and_how_it_ends_is_told(tmp_path: Path) -> None:
    before, heard = descriptors(), Heard()
    ward = heard.ward()
    await ward.start(wish(tmp_path, "cat; echo e >&2; exit 3"), b"given")
    report = await ward.ended()
    assert heard.text == {Word.STDOUT: b"given", Word.STDERR: b"e\n"}
    assert (os.waitstatus_to_exitcode(report["status"]), report["reason"]) == (3, "")
    assert descriptors() == before


async def test_more_than_it_may_write_is_counted_and_told(tmp_path: Path) -> None:
    heard = Heard()
    ward = heard.ward(most=4)
    await ward.start(wish(tmp_path, "echo 123456789"), b"")
    await ward.ended()
    assert (heard.text[Word.STDOUT], ward.lost) == (b"1234", 6)
    assert heard.too_much


async def test_it_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    heard = Heard()
    ward = heard.ward()
    await ward.start(wish(tmp_path, "sleep 60 & echo $!; sleep 60"), b"")
    await heard.first.wait()
    ward.end()
    report = await ward.ended()
    assert os.waitstatus_to_exitcode(report["status"]) == -9
    assert not await asyncio.to_thread(
        lambda: Path(f"/proc/{int(heard.text[Word.STDOUT])}/fd").exists()
    )


async def test_a_warden_that_is_killed_is_our_failure(tmp_path: Path) -> None:
    ward = Heard().ward()
    await ward.start(wish(tmp_path, "sleep 60"), b"")
    assert ward._process is not None
    ward._process.kill()
    assert await ward.ended() == BROKEN


async def test_time_of_all_processes_together_is_held(tmp_path: Path) -> None:
    watch = {"memory_bytes": 0, "disk_bytes": 0, "inodes": 0, "cpu_s": 0.5}
    burn = "burn() { while :; do :; done; }; burn & burn & burn"
    ward = Heard().ward()
    await ward.start(wish(tmp_path, burn, watch=watch), b"")
    report = await ward.ended()
    assert report["reason"] == "cpu"
    assert report["cpu_ms"] >= 500


async def test_a_line_that_is_cut_or_misused_answers_nothing() -> None:
    for answer in (b"", b"no json\n", b"[1]\n", b"x" * (2 << 20)):
        ours, theirs = socket.socketpair()
        talk = Talk(ours)
        asking = asyncio.ensure_future(talk.ask("code"))
        theirs.setblocking(False)
        said = await asyncio.get_running_loop().sock_recv(theirs, 100)
        assert json.loads(said) == {"code": "code"}
        sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(theirs, answer))
        if not answer:
            theirs.close()
        assert await asking is None
        sending.cancel()
        talk.close()
        theirs.close()


@pytest.mark.parametrize(
    ("tasks", "is_full", "crowded"),
    [(12, False, True), (11, False, False), (9, True, True), (2, True, False)],
)
def test_who_had_all_that_it_may_have_is_crowded(
    tasks: int, is_full: bool, crowded: bool
) -> None:
    """Of an ordinary user's, what else that user runs takes some of them."""
    assert is_crowded(BROKEN | {"tasks": tasks, "is_full": is_full}, 12) is crowded
