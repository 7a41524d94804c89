"""Containers over sessions: whose they are, how long they last, what they keep."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine import container as module
from headgate.engine.container import Begins, Container, Containers
from headgate.sandbox.model import Artefact, Job, Limits, Result, Status
from headgate.wire.model import Fault, Kind
from tests.sandboxes import Bare


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest_asyncio.fixture
async def bare() -> AsyncIterator[Bare]:
    one = Bare(most=2)
    yield one
    await one.close()


def artefact(path: str, data: bytes | None = b"x", mime: str = "text/plain") -> Artefact:
    return Artefact(path, len(data or b""), f"{path}{data!r}", mime, data)


def test_a_container_is_its_owners_and_ends_when_idle() -> None:
    clock = Clock()
    all_of_them = Containers(clock)
    mine = all_of_them.open("a", "cntr")
    assert all_of_them.find(mine.id, "a") is mine
    with pytest.raises(Fault, match="never was"):
        all_of_them.find(mine.id, "b")
    clock.now = all_of_them.idle_s + 1
    with pytest.raises(Fault, match="20 minutes"):
        all_of_them.find(mine.id, "a")
    assert all_of_them.of("a") == []
    assert all_of_them.last_of([mine.id], "a") is None


def test_so_many_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OWN", 3)
    monkeypatch.setattr(module, "MOST", 4)
    clock = Clock()
    all_of_them = Containers(clock)
    other = all_of_them.open("b", "cntr")
    made = [all_of_them.open("a", "cntr") for _ in range(5)]
    assert len(all_of_them) == 4
    assert all_of_them.of("a") == made[2:]
    assert all_of_them.of("b") == [other]
    with pytest.raises(Fault, match="4 containers are in use"):
        all_of_them.open("c", "cntr")
    clock.now += all_of_them.idle_s + 1
    assert all_of_them.of("c") == []
    assert all_of_them.open("c", "cntr") in all_of_them.of("c")


def test_what_is_kept_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT_BYTES", 25)
    all_of_them = Containers(Clock())
    mine = all_of_them.open("a", "cntr")
    made = [all_of_them.keep(mine, artefact(f"{n}", bytes(10))) for n in range(3)]
    ids = [it.id for it in made if it is not None]
    assert mine.files == ids[1:]
    with pytest.raises(Fault):
        all_of_them.file(ids[0], "a")
    with pytest.raises(Fault):
        all_of_them.file(ids[1], "b")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), max_size=30))
def test_an_owners_files_never_make_room_for_anothers(puts: list[tuple[str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_KEPT_BYTES", 20)
        patch.setattr(module, "MOST_OWN_BYTES", 10)
        all_of_them = Containers(Clock())
        for owner, size in puts:
            others = {it: all_of_them.files_by(it) for it in "abc" if it != owner}
            held = sum(len(it.data) for kept in others.values() for it in kept)
            fits = size <= min(10, 20 - held)
            if fits:
                kept = all_of_them.store(owner, "f", bytes(size))
                assert all_of_them.file(kept.id, owner) is kept
            else:
                with pytest.raises(Fault) as refused:
                    all_of_them.store(owner, "f", bytes(size))
                assert refused.value.kind is (Kind.TOO_LARGE if size > 10 else Kind.BUSY)
            assert {it: all_of_them.files_by(it) for it in others} == others
            assert sum(len(it.data) for it in all_of_them.files_by(owner)) <= 10


def test_a_file_is_told_of_once_and_a_small_picture_is_shown() -> None:
    all_of_them = Containers(Clock())
    mine = all_of_them.open("a", "container")
    first = all_of_them.keep(mine, artefact("p.png", b"png", "image/png"))
    assert first is not None
    assert first.url == "data:image/png;base64,cG5n"
    assert first.id.startswith("file_")
    assert all_of_them.keep(mine, artefact("p.png", b"png", "image/png")) is None
    assert all_of_them.keep(mine, artefact("p.png", b"new", "image/png")) is not None
    assert all_of_them.keep(mine, artefact("large", None)) is None


@pytest.mark.slow
async def test_a_session_that_ended_is_begun_anew_with_the_files_that_are_kept(
    bare: Bare,
) -> None:
    all_of_them = Containers(Clock())
    mine = all_of_them.open("a", "cntr")
    all_of_them.lay(mine, "in.txt", b"given")
    run = all_of_them.run
    assert (await run(mine, "x = 1\nopen('in.txt').read()", bare)).value == "'given'"
    assert (await run(mine, "x", bare)).value == "1"
    await bare.close()
    after = await run(mine, "open('in.txt').read(), 'x' in dir()", bare)
    assert after.value == "('given', False)"
    assert "started anew" in after.stdout


@pytest.mark.slow
async def test_the_one_that_rested_longest_makes_room(bare: Bare) -> None:
    clock = Clock()
    all_of_them = Containers(clock)
    ours: list[Container] = []
    for n in range(3):
        clock.now = n
        ours.append(all_of_them.open("a", "cntr"))
        await all_of_them.run(ours[n], "1", bare)
    assert [bool(it.session) for it in ours] == [False, True, True]


async def test_a_run_that_was_killed_ends_its_session() -> None:
    class Killing:
        ended = 0

        async def open_session(self, tenant: str, language: str, limits: Limits) -> str:
            return "s"

        async def run(self, job: Job, heard: None = None, begins: Begins = None) -> Result:
            return Result(status=Status.MEMORY)

        async def close_session(self, session: str, tenant: str) -> None:
            self.ended += 1

    sandbox, all_of_them = Killing(), Containers(Clock())
    mine = all_of_them.open("a", "cntr")
    await all_of_them.run(mine, "1", sandbox)
    assert (sandbox.ended, mine.session) == (1, "")


async def test_closing_one_forgets_its_files() -> None:
    all_of_them = Containers(Clock())
    mine = all_of_them.open("a", "cntr")
    kept = all_of_them.lay(mine, "a", b"x")
    await all_of_them.close(mine, None)
    with pytest.raises(Fault):
        all_of_them.file(kept.id, "a")
    assert len(all_of_them) == 0


def test_files_are_shared_among_an_owners_containers_only() -> None:
    all_of_them = Containers(Clock())
    one, other = all_of_them.open("a", "cntr"), all_of_them.open("a", "cntr")
    kept = all_of_them.lay(one, "a.txt", b"x")
    all_of_them.share(other, [kept.id])
    assert [it.path for it in all_of_them.files_of(other)] == ["a.txt"]
    strange = all_of_them.open("b", "cntr")
    with pytest.raises(Fault, match="does not exist"):
        all_of_them.share(strange, [kept.id])
