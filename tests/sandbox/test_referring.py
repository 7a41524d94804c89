"""Large artefacts are kept for whoever asked, named alike everywhere, and never lost."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.model import Artefact, Heard, Limits, Made, Output
from headgate.sandbox.referring import Referring, fetched
from headgate.sandbox.shelf import Found, Room, Shelf

LIMITS = Limits(inline_bytes=10)


def made(path: str, size: int) -> Artefact:
    data = path.encode()[:1] * size
    return Artefact(path, size, hashlib.sha256(data).hexdigest(), "text/plain", data)


class Slow(Shelf):
    """One that takes its time, as a disk does."""

    async def put(self, name: str, owner: str, thing: Found, keep_s: float) -> bool:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return await super().put(name, owner, thing, keep_s)


async def test_a_large_one_has_one_name_as_it_appears_and_in_the_result() -> None:
    shelf, heard = Slow(Room(1000, 1000)), list[Heard]()
    refer = Referring(shelf, "k_1", LIMITS, 60)
    listen = refer.listen(heard.append)
    assert listen is not None
    large, small = made("a", 50), made("b", 5)
    listen(Made(large))
    named, same = await refer.all((large, small))
    assert heard == [Made(named)]
    assert (named.data, same) == (None, small)
    assert await fetched(shelf, named.reference, "k_1") == Artefact(
        large.path, large.size, large.sha256, large.mime, large.data, named.reference
    )
    assert await fetched(shelf, named.reference, "k_2") is None
    assert len(shelf) == 1


async def test_where_there_is_no_room_it_stays_in_the_answer() -> None:
    refer = Referring(Shelf(Room(20, 20)), "k_1", LIMITS, 60)
    large = made("a", 50)
    assert await refer.all((large,)) == (large,)


async def test_whoever_leaves_is_told_nothing_more() -> None:
    heard = list[Heard]()
    refer = Referring(Slow(Room(1000, 1000)), "k_1", LIMITS, 60)
    listen = refer.listen(heard.append)
    assert listen is not None
    listen(Made(made("a", 50)))
    await refer.give_up()
    await asyncio.sleep(0.001)
    assert heard == []


async def test_what_its_listener_trips_over_is_not_swallowed() -> None:
    def trip(_: Heard) -> None:
        raise ValueError("planted")

    refer = Referring(Slow(Room(1000, 1000)), "k_1", LIMITS, 60)
    listen = refer.listen(trip)
    assert listen is not None
    listen(Made(made("a", 50)))
    with pytest.raises(ValueError, match="planted"):
        await refer.all(())


@given(st.lists(st.one_of(st.integers(0, 30), st.text(max_size=3)), max_size=12))
def test_what_appears_is_told_in_its_order(said: list[int | str]) -> None:
    async def listen_to_all() -> None:
        heard, shelf = list[Heard](), Slow(Room(10_000, 10_000))
        refer = Referring(shelf, "k_1", LIMITS, 60)
        listen = refer.listen(heard.append)
        assert listen is not None
        for n, it in enumerate(said):
            listen(Output("stdout", it) if isinstance(it, str) else Made(made(f"a{n}", it)))
            if n % 3 == 0:
                await asyncio.sleep(0)
        await refer.all(())
        assert len(heard) == len(said)
        for n, (it, told) in enumerate(zip(said, heard, strict=True)):
            if isinstance(told, Output):
                assert told.text == it
            else:
                assert told.artefact.path == f"a{n}"
                assert bool(told.artefact.reference) == (told.artefact.size > 10)

    asyncio.run(listen_to_all())
