"""What is kept on disk is its owner's, bounded, there whole or not at all, and outlives us."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.sandbox.cabinet import CONTENTS, NEW, RECORDS, Cabinet
from headgate.sandbox.shelf import Found, Room, Shelf

ROOM = Room(20, 10)
DOES = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"),
            st.sampled_from("abcde"),
            st.sampled_from("xyz"),
            st.integers(0, 12),
        ),
        st.tuples(
            st.just("remove"), st.sampled_from("abcde"), st.sampled_from("xyz"), st.just(0)
        ),
        st.tuples(st.just("wait"), st.just(""), st.just(""), st.integers(1, 40)),
    ),
    max_size=25,
)
WRITER = """
import asyncio, hashlib, sys
from pathlib import Path
from headgate.sandbox.cabinet import Cabinet
from headgate.sandbox.shelf import Found, Room

async def write():
    cabinet = Cabinet(Path(sys.argv[1]), Room(1 << 22, 1 << 21))
    await cabinet.open()
    print("begun", flush=True)
    n = 0
    while True:
        n += 1
        data = hashlib.sha256(b"%d" % n).digest() * (1 + n % 4000)
        await cabinet.put(f"n{n % 40}", f"o{n % 3}", Found(data, b"%d" % n), 60)

asyncio.run(write())
"""


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now


async def cabinet_in(folder: Path, room: Room = ROOM, clock: Clock | None = None) -> Cabinet:
    cabinet = Cabinet(folder, room, clock or Clock())
    await cabinet.open()
    return cabinet


def files(folder: Path, part: str = "") -> list[Path]:
    return [it for it in folder.rglob("*") if it.is_file() and (not part or part in it.parts)]


async def test_another_process_finds_it_and_only_for_its_owner(tmp_path: Path) -> None:
    one, other = await cabinet_in(tmp_path), await cabinet_in(tmp_path)
    assert await one.put("a", "key:1", Found(b"data", b"note"), 60)
    assert await other.find("a", "key:1") == Found(b"data", b"note")
    assert await other.find("a", "key:2") is None
    assert not await other.remove("a", "key:2")
    assert await other.remove("a", "key:1")
    assert await one.find("a", "key:1") is None
    assert not await one.remove("a", "key:1")


async def test_only_this_user_can_read_it(tmp_path: Path) -> None:
    cabinet = await cabinet_in(tmp_path / "sandbox")
    await cabinet.put("a", "one", Found(b"data"), 60)
    found = await asyncio.to_thread(lambda: list(tmp_path.rglob("*")))
    modes = {(it.is_dir(), it.stat().st_mode & 0o777) for it in found}
    assert modes == {(True, 0o700), (False, 0o600)}


async def test_the_same_content_lies_there_once_until_the_last_name_of_it_goes(
    tmp_path: Path,
) -> None:
    cabinet = await cabinet_in(tmp_path)
    for name in "ab":
        await cabinet.put(name, "one", Found(b"same"), 60)
    assert len(files(tmp_path, CONTENTS)) == 1
    await cabinet.remove("a", "one")
    assert await cabinet.find("b", "one") == Found(b"same")
    await cabinet.remove("b", "one")
    assert not files(tmp_path, CONTENTS)


async def test_content_that_was_changed_is_as_good_as_gone(tmp_path: Path) -> None:
    cabinet = await cabinet_in(tmp_path)
    await cabinet.put("a", "one", Found(b"data"), 60)
    (content,) = files(tmp_path, CONTENTS)
    await asyncio.to_thread(content.write_bytes, b"dat")
    assert await cabinet.find("a", "one") is None
    await asyncio.to_thread(content.write_bytes, b"atad")
    assert await cabinet.find("a", "one") is None


async def test_what_half_a_process_left_is_swept_and_what_one_writes_is_not(
    tmp_path: Path,
) -> None:
    cabinet = await cabinet_in(tmp_path)
    await cabinet.put("a", "one", Found(b"data"), 60)
    (record,) = files(tmp_path, RECORDS)
    (content,) = files(tmp_path, CONTENTS)

    def leave_halves() -> None:
        (tmp_path / NEW / "half").write_bytes(b"x")
        (content.parent / ("0" * 64)).write_bytes(b"no record names it")

    await asyncio.to_thread(leave_halves)

    def sweep_while_writing() -> None:
        with cabinet._written(b"under way") as going:
            cabinet._sweep()
            assert files(tmp_path, NEW) == [going]

    await asyncio.to_thread(sweep_while_writing)
    assert set(files(tmp_path)) == {record, content, tmp_path / "lock"}


async def test_a_folder_that_cannot_be_written_keeps_nothing_and_says_so(
    tmp_path: Path,
) -> None:
    cabinet = await cabinet_in(tmp_path)
    await asyncio.to_thread((tmp_path / NEW).rmdir)
    assert not await cabinet.put("a", "one", Found(b"data"), 60)
    blocked = Cabinet(tmp_path / "lock", ROOM)
    with pytest.raises(OSError, match="lock"):
        await blocked.open()


@settings(max_examples=40, deadline=None)
@given(DOES)
def test_it_does_what_a_shelf_in_memory_does(asked: list[tuple[str, str, str, int]]) -> None:
    async def compare() -> None:
        with tempfile.TemporaryDirectory() as place:
            clock, other = Clock(), Clock()
            disk, memory = await cabinet_in(Path(place), ROOM, clock), Shelf(ROOM, other)
            for n, (what, name, owner, size) in enumerate(asked):
                clock.now = other.now = max(clock.now, other.now)
                found = Found(bytes([n]) * size)
                if what == "put":
                    kept = await disk.put(name, owner, found, 30)
                    assert kept == await memory.put(name, owner, found, 30)
                elif what == "remove":
                    assert await disk.remove(name, owner) == await memory.remove(name, owner)
                else:
                    clock.now = other.now = clock.now + size * 1_000_000
                    await disk.sweep()
                    await memory.sweep()
                for o in "xyz":
                    for it in "abcde":
                        assert await disk.find(it, o) == await memory.find(it, o)
            held = sum(path.stat().st_size for path in files(Path(place)))
            assert held <= ROOM.all_bytes

    asyncio.run(compare())


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.02, 0.07, 0.15])
def test_a_process_that_is_killed_leaves_nothing_half(tmp_path: Path, after_s: float) -> None:
    argv = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(argv, stdout=subprocess.PIPE) for _ in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    time.sleep(after_s)
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        assert writer.stdout is not None
        writer.stdout.close()

    async def look() -> int:
        cabinet = Cabinet(tmp_path, Room(1 << 22, 1 << 21))
        await cabinet.open()
        await cabinet.sweep()
        whole = 0
        for n in range(40):
            for o in range(3):
                whole += await cabinet.find(f"n{n}", f"o{o}") is not None
        assert await cabinet.put("after", "o1", Found(b"x"), 60)
        return whole

    whole = asyncio.run(look())
    assert whole + 1 == len(files(tmp_path, RECORDS))
    assert not files(tmp_path, NEW)
