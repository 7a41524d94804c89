"""A shelf gives things to their owner alone and never holds more than it has room for."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.shelf import MOST_THINGS, Found, Held, Room, Shelf, to_go

Puts = list[tuple[str, str, int]]
PUTS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("xyz"), st.integers(0, 12)), max_size=30
)


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def thing(size: int) -> Found:
    return Found(b"x" * size)


async def test_only_the_owner_who_put_it_there_is_given_it() -> None:
    shelf = Shelf(Room(10, 10))
    assert await shelf.put("a", "one", Found(b"x", b"n"), 60)
    assert await shelf.find("a", "one") == Found(b"x", b"n")
    assert await shelf.find("a", "two") is None
    assert not await shelf.remove("a", "two")
    assert await shelf.remove("a", "one")
    assert await shelf.find("a", "one") is None


async def test_what_is_too_large_is_not_kept_and_drives_nothing_out() -> None:
    shelf = Shelf(Room(20, 10))
    await shelf.put("a", "one", thing(10), 60)
    assert not await shelf.put("b", "one", thing(11), 60)
    assert await shelf.find("a", "one") is not None


async def test_what_has_had_its_time_goes() -> None:
    clock = Clock()
    shelf = Shelf(Room(10, 10), clock)
    await shelf.put("a", "", thing(1), 5)
    await shelf.put("b", "", thing(2), 9)
    clock.now = 5_000_000
    assert await shelf.find("a", "") is None
    assert not await shelf.remove("a", "")
    await shelf.sweep()
    assert (len(shelf), shelf.held_bytes) == (1, 2)


async def test_one_owner_never_drives_out_anothers() -> None:
    shelf = Shelf(Room(10, 8))
    await shelf.put("a", "one", thing(5), 60)
    assert await shelf.put("b", "two", thing(5), 60)
    assert await shelf.put("c", "two", thing(4), 60)
    assert await shelf.find("b", "two") is None
    assert not await shelf.put("d", "two", thing(6), 60)
    assert await shelf.find("a", "one") is not None


def test_there_are_only_so_many_things_of_an_owner_however_small() -> None:
    own = [Held(n, str(n), 0) for n in range(MOST_THINGS)]
    assert to_go(own, 0, 0, Room(10, 10)) == own[:1]
    assert to_go(own[1:], 0, 0, Room(10, 10)) == []


@given(PUTS)
def test_the_room_is_never_exceeded_and_the_newest_stays(asked: Puts) -> None:
    async def put_all() -> None:
        shelf, room = Shelf(Room(20, 10)), Room(20, 10)
        for name, owner, size in asked:
            others = {
                (o, n): await shelf.find(n, o) for o in "xyz" if o != owner for n in "abcde"
            }
            kept = await shelf.put(name, owner, thing(size), 60)
            assert (await shelf.find(name, owner) == thing(size)) == kept
            assert kept or size > min(
                room.own_bytes,
                room.all_bytes - sum(len(it.data) for it in others.values() if it),
            )
            assert shelf.held_bytes <= room.all_bytes
            for (o, n), before in others.items():
                assert await shelf.find(n, o) == before

    asyncio.run(put_all())
