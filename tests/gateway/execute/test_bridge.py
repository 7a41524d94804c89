"""Workers reach each other's sessions, and nobody else does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headgate.gateway.execute import ops
from headgate.gateway.execute.bridge import PIECE, Bridge, folder, secret_of, socket_of
from headgate.gateway.execute.ops import Answer, Ask, Begin, Hear
from headgate.gateway.execute.trouble import Trouble, wrong
from headgate.sandbox.model import File, Heard, Job, Output, Result, Status
from headgate.wire.model import Fault, Kind

SECRET = secret_of(b"key")


class Worker:
    """Does what its code says: say, fail, bug, or wait for ever."""

    def __init__(self) -> None:
        self.ended = 0
        self.begun = asyncio.Event()

    async def do(
        self, ask: Ask, hear: Hear | None = None, begins: Begin | None = None
    ) -> Answer:
        assert isinstance(ask, ops.Run)
        if begins is not None:
            begins()
        self.begun.set()
        if ask.job.code == "echo":
            return Answer(data=ask.job.files[0].data)
        if ask.job.code == "fail":
            raise wrong("x", "is bad", "mend it")
        if ask.job.code == "bug":
            raise RuntimeError("planted")
        if ask.job.code == "wait":
            try:
                await asyncio.sleep(60)
            finally:
                self.ended += 1
        assert hear is not None
        for number in range(3):
            hear(Output("stdout", f"{number}"))
        return Answer(Result(status=Status.OK, stdout="012"))


def run(code: str) -> ops.Run:
    return ops.Run("k_1", Job("python", code))


@contextlib.asynccontextmanager
async def two(where: Path) -> AsyncIterator[tuple[Bridge, Worker]]:
    """The first worker's end, and who works behind the second's."""
    worker = Worker()
    first = Bridge(where, 1, SECRET, Worker().do)
    second = Bridge(where, 2, SECRET, worker.do)
    await first.open()
    await second.open()
    try:
        yield first, worker
    finally:
        await first.close()
        await second.close()


@pytest.fixture
def where(tmp_path: Path) -> Path:
    found = tmp_path / "s"
    found.mkdir()
    return found


async def test_what_appears_is_heard_and_the_result_is_the_answer(where: Path) -> None:
    heard: list[Heard] = []
    async with two(where) as (first, _):
        begun: list[str] = []
        answer = await first.ask(2, run("say"), heard.append, lambda: begun.append("it"))
        assert begun == ["it"]
        assert answer.result is not None
        assert answer.result.stdout == "012"
    assert [each.text for each in heard if isinstance(each, Output)] == ["0", "1", "2"]
    assert not await asyncio.to_thread(where.exists)


@pytest.mark.parametrize("size", [PIECE - 40, PIECE, 3 * PIECE + 1])
async def test_a_long_message_arrives_as_it_was_sent(where: Path, size: int) -> None:
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    async with two(where) as (first, _):
        job = Job("python", "echo", files=(File("a", data),))
        answer = await first.ask(2, ops.Run("k_1", job))
        assert answer.data == data


async def test_a_fault_comes_through_with_its_remedy(where: Path) -> None:
    async with two(where) as (first, _):
        with pytest.raises(Trouble, match="is bad") as fault:
            await first.ask(2, run("fail"))
        assert (fault.value.param, fault.value.remedy) == ("x", "mend it")
        with pytest.raises(Fault, match="planted") as bug:
            await first.ask(2, run("bug"))
        assert bug.value.kind is Kind.INTERNAL


async def test_whoever_goes_away_ends_what_was_asked(where: Path) -> None:
    async with two(where) as (first, worker):
        asking = asyncio.ensure_future(first.ask(2, run("wait")))
        await worker.begun.wait()
        asking.cancel()
        async with asyncio.timeout(5):
            while not worker.ended:  # noqa: ASYNC110 - it has no event to wait for
                await asyncio.sleep(0.005)


async def test_a_worker_that_is_not_there_is_a_fault_with_words(where: Path) -> None:
    async with two(where) as (first, _):
        with pytest.raises(Fault, match="worker 3") as fault:
            await first.ask(3, run("say"))
        assert fault.value.kind is Kind.BUSY


async def test_nobody_is_answered_who_does_not_know_the_secret(where: Path) -> None:
    async with two(where) as (_, worker):
        stranger = Bridge(where, 9, secret_of(b"another"), Worker().do)
        with pytest.raises(Fault):
            await stranger.ask(2, run("say"))
        assert not worker.begun.is_set()


async def test_a_dead_predecessors_socket_is_taken_over(where: Path) -> None:
    await asyncio.to_thread(socket_of(where, 1).touch)
    async with two(where) as (first, _):
        assert (await first.ask(2, run("say"), lambda it: None)).result is not None


def test_the_folder_is_this_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/tmp")  # noqa: S108 - a socket's path is short
    crew = os.getpid()
    found = folder(crew)
    try:
        assert stat.S_IMODE(found.stat().st_mode) == 0o700
        assert folder(crew) == found
        found.chmod(0o755)
        with pytest.raises(OSError, match="others may enter"):
            folder(crew)
    finally:
        found.rmdir()
