"""Memory holds the replies that were asked for last, within its bytes and their time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.store.replies.kept import size_of
from headgate.store.replies.memory import Memory
from tests.store.replies.kit import DAY_US, NOW_US, SECOND, kept_of

ONE = size_of(kept_of())


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3000), st.booleans()), max_size=60),
    st.integers(0, 12_000),
)
def test_it_never_holds_more_than_it_may(steps: list[tuple[int, int, bool]], most: int) -> None:
    memory = Memory(most, DAY_US)
    for name, length, is_put in steps:
        if is_put:
            memory.put(b"%d" % name, kept_of("x" * length))
        else:
            memory.find(b"%d" % name, NOW_US)
        assert 0 <= memory.size <= most
        assert bool(memory.size) == bool(len(memory))


def test_what_was_not_asked_for_the_longest_goes_first() -> None:
    memory = Memory(3 * ONE, DAY_US)
    for name in (b"a", b"b", b"c"):
        memory.put(name, kept_of())
    assert memory.find(b"a", NOW_US)
    memory.put(b"d", kept_of())
    assert memory.find(b"b", NOW_US) is None
    assert all(memory.find(name, NOW_US) for name in (b"a", b"c", b"d"))


def test_what_is_too_old_is_not_given() -> None:
    memory = Memory(9 * ONE, 60 * SECOND)
    memory.put(b"a", kept_of())
    assert memory.find(b"a", NOW_US + 60 * SECOND - 1)
    assert memory.find(b"a", NOW_US + 60 * SECOND) is None
    assert memory.size == len(memory) == 0


def test_the_newer_of_two_replies_is_kept() -> None:
    memory = Memory(9 * ONE, DAY_US)
    memory.put(b"a", kept_of("one"))
    memory.put(b"a", kept_of("two"))
    assert (memory.find(b"a", NOW_US) or kept_of()).body == b"two"
    assert len(memory) == 1


def test_a_reply_that_does_not_fit_drives_nothing_out_but_the_one_it_replaces() -> None:
    memory = Memory(2 * ONE, DAY_US)
    memory.put(b"a", kept_of())
    memory.put(b"b", kept_of())
    memory.put(b"b", kept_of("x" * 4000))
    assert memory.find(b"a", NOW_US)
    assert memory.find(b"b", NOW_US) is None


def test_no_memory_keeps_nothing() -> None:
    memory = Memory(0, DAY_US)
    memory.put(b"a", kept_of())
    assert memory.find(b"a", NOW_US) is None


def test_what_was_cleared_away_elsewhere_is_not_given() -> None:
    memory = Memory(9 * ONE, DAY_US)
    memory.put(b"a", kept_of())
    memory.put(b"b", kept_of(at_us=NOW_US + 2))
    memory.since_us = NOW_US + 1
    assert memory.find(b"a", NOW_US) is None
    assert memory.find(b"b", NOW_US)


def test_it_can_be_emptied() -> None:
    memory = Memory(9 * ONE, DAY_US)
    memory.put(b"a", kept_of())
    assert memory.clear() == 1
    assert memory.size == len(memory) == memory.clear() == 0
