"""A shelf gives things to their owner alone and never holds more than it has room for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.shelf import Shelf


def test_only_the_tenant_who_put_it_there_is_given_it() -> None:
    shelf: Shelf[bytes] = Shelf(10)
    assert shelf.put("a", "one", b"x", 1)
    assert shelf.find("a", "one") == b"x"
    assert shelf.find("a", "two") is None
    assert shelf.find("b", "one") is None


def test_what_is_too_large_is_not_kept_and_drives_nothing_out() -> None:
    shelf: Shelf[int] = Shelf(10)
    shelf.put("a", "", 1, 10)
    assert not shelf.put("b", "", 2, 11)
    assert shelf.find("a", "") == 1


def test_what_has_had_its_time_goes() -> None:
    shelf: Shelf[int] = Shelf(10)
    shelf.put("a", "", 1, 1, until_s=5.0)
    shelf.put("b", "", 2, 1)
    shelf.expire(4.9)
    assert len(shelf) == 2
    shelf.expire(5.0)
    assert (shelf.find("a", ""), shelf.find("b", ""), shelf.held_bytes) == (None, 2, 1)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 12)), max_size=30))
def test_the_room_is_never_exceeded_and_the_newest_stays(asked: list[tuple[str, int]]) -> None:
    shelf: Shelf[int] = Shelf(10)
    for number, (name, size) in enumerate(asked):
        kept = shelf.put(name, "", number, size)
        assert kept == (size <= 10)
        assert shelf.find(name, "") == (number if kept else None)
        assert 0 <= shelf.held_bytes <= 10
    for name in "abcde":
        shelf.remove(name)
    assert shelf.held_bytes == 0
