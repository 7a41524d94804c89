"""A worker knows whose each session and artefact is, and forgets what has ended."""

from __future__ import annotations

import asyncio

import pytest

from headgate.gateway.execute import ops
from headgate.gateway.execute.here import Here
from headgate.gateway.execute.trouble import Trouble
from headgate.sandbox.model import File, Heard, Job, Limits, Made
from headgate.sandbox.settings import Settings
from headgate.wire.model import Fault, Kind
from tests.gateway.execute.pretender import Pretender


@pytest.fixture
def box() -> Pretender:
    return Pretender(Settings())


@pytest.fixture
def here(box: Pretender) -> Here:
    return Here(box, 3)


async def opened(here: Here, owner: str = "k_1") -> str:
    ask = ops.Open(owner, f"key:{owner}", "python", Limits())
    return (await here.do(ask)).rooms[0].id


def run(code: str, session: str = "", owner: str = "k_1") -> ops.Run:
    return ops.Run(owner, Job("python", code, session=session, tenant=f"key:{owner}"))


async def test_ids_name_the_place(here: Here) -> None:
    assert ops.place_of(await opened(here), ops.SESSION) == 3


async def test_another_keys_session_is_not_there(here: Here) -> None:
    id = await opened(here)
    for ask in (
        run("say 1", id, "k_2"),
        ops.Look("k_2", id),
        ops.Close("k_2", id),
        ops.Take("k_2", id),
        ops.Put("k_2", id, File("a", b"")),
    ):
        with pytest.raises(Fault) as fault:
            await here.do(ask)
        assert fault.value.kind is Kind.NOT_FOUND
    assert (await here.do(ops.Look("k_2"))).rooms == []


async def test_runs_of_a_session_follow_one_another(here: Here, box: Pretender) -> None:
    id = await opened(here)
    runs = [here.do(run(f"wait 0.01\nnote {n}\nrecall", id)) for n in range(4)]
    found = await asyncio.gather(*runs)
    assert [it.result.value for it in found if it.result] == ["0", "1", "2", "3"]
    assert (await here.do(ops.Look("k_1", id))).rooms[0].runs == 4


async def test_what_is_kept_has_the_same_name_as_it_appears_and_in_the_result(
    here: Here,
) -> None:
    heard: list[Heard] = []
    answer = await here.do(run("keep a.png abc"), heard.append)
    assert answer.result is not None
    (made,) = answer.result.artefacts
    assert isinstance(heard[0], Made)
    assert heard[0].artefact.reference == made.reference
    fetched = await here.do(ops.Fetch("k_1", made.reference))
    assert fetched.made is not None
    assert (fetched.data, fetched.made.path) == (b"abc", "a.png")
    for owner, id in (
        ("k_2", made.reference),
        ("", made.reference),
        ("k_1", "art_3_unknown00"),
    ):
        with pytest.raises(Fault, match="no artefact"):
            await here.do(ops.Fetch(owner, id))


async def test_what_the_sandbox_kept_is_there_for_a_worker_that_never_saw_it(
    here: Here, box: Pretender
) -> None:
    """After a restart: the same key finds its session and artefacts, and no other does."""
    id = await opened(here)
    answer = await here.do(run("note x\nkeep a.png abc", id))
    assert answer.result is not None
    reference = answer.result.artefacts[0].reference
    later = Here(box, 1)
    assert (await later.do(ops.Fetch("k_1", reference))).data == b"abc"
    for ask in (
        ops.Look("k_2", id, "key:k_1"),
        ops.Look("k_1", id, "key:k_2"),
        ops.Close("k_2", id, "key:k_1"),
    ):
        with pytest.raises(Fault, match="no session"):
            await Here(box, 1).do(ask)
    (room,) = (await later.do(ops.Look("k_1", id, "key:k_1"))).rooms
    assert (room.id, room.language, room.owner) == (id, "python", "k_1")
    again = await later.do(run("recall", id))
    assert again.result is not None
    assert again.result.value == "x"


async def test_what_the_sandbox_ended_is_forgotten(here: Here, box: Pretender) -> None:
    id = await opened(here)
    box.forget()
    with pytest.raises(Fault, match="no such session"):
        await here.do(run("say 1", id))
    assert here.sessions == 0
    with pytest.raises(Fault, match="no session"):
        await here.do(run("say 1", id))


async def test_files_of_a_session_that_ended_are_not_there_and_it_is_named(
    here: Here, box: Pretender
) -> None:
    id = await opened(here)
    box.forget()
    with pytest.raises(Trouble, match="no such session") as fault:
        await here.do(ops.Take("k_1", id))
    assert (fault.value.kind, fault.value.code) == (Kind.NOT_FOUND, "session_not_found")
    assert here.sessions == 0


async def test_idle_sessions_are_swept_but_not_those_that_run(here: Here) -> None:
    id = await opened(here)
    running = asyncio.ensure_future(here.do(run("wait 0.05", id)))
    await asyncio.sleep(0.01)
    here.sweep(0.0)
    assert here.sessions == 1
    await running
    await asyncio.sleep(0.001)
    here.sweep(0.0)
    assert here.sessions == 0


async def test_a_file_that_cannot_be_laid_is_told(here: Here) -> None:
    id = await opened(here)
    await here.do(ops.Put("k_1", id, File("in/a", b"1")))
    assert (await here.do(ops.Take("k_1", id, "in/a"))).data == b"1"
    with pytest.raises(Fault, match="has no file 'b'"):
        await here.do(ops.Take("k_1", id, "b"))


async def test_what_the_sandbox_refuses_is_a_fault(here: Here) -> None:
    with pytest.raises(Fault, match="has no sessions"):
        await here.do(ops.Open("k_1", "key:k_1", "go", Limits()))
    with pytest.raises(Fault) as fault:
        await here.do(run("busy"))
    assert fault.value.kind is Kind.BUSY
