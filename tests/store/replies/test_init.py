"""A process looks for a reply in its memory first, and keeps no longer one than it may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headgate.store.replies import ReplyStore
from headgate.store.replies.far import Far
from headgate.store.replies.memory import Memory
from tests.store.replies.kit import DAY_US, NOW_US, Slate, asked_of, kept_of, until


@pytest.fixture
def slate() -> Slate:
    return Slate()


@pytest.fixture
def store(slate: Slate) -> Iterator[ReplyStore]:
    it = ReplyStore(Memory(100_000, DAY_US), Far(slate, DAY_US, print), 1000)
    yield it
    it.close()


async def test_a_reply_is_near_at_once_and_far_after_a_moment(
    store: ReplyStore, slate: Slate
) -> None:
    store.put(asked_of(1), kept_of())
    assert store.near(asked_of(1), NOW_US) == kept_of()
    until(lambda: slate.boxes)
    assert store.clear() == 1
    assert store.near(asked_of(1), NOW_US) is None
    assert await store.get(asked_of(1), NOW_US) == kept_of()
    assert store.near(asked_of(1), NOW_US) == kept_of()


def test_a_reply_that_is_too_long_is_not_kept(store: ReplyStore, slate: Slate) -> None:
    store.put(asked_of(1), kept_of("x" * 1001))
    store.put(asked_of(2), kept_of("x" * 1000))
    until(lambda: slate.boxes)
    assert store.near(asked_of(1), NOW_US) is None
    assert slate.boxes.keys() == {asked_of(2).name}


def test_memory_forgets_what_was_cleared_away_elsewhere(
    store: ReplyStore, slate: Slate
) -> None:
    store.put(asked_of(1), kept_of())
    assert store._far is not None
    store._far.since_us = NOW_US + 1
    assert store.near(asked_of(1), NOW_US) is None


async def test_memory_alone_has_nothing_far() -> None:
    store = ReplyStore(Memory(100_000, DAY_US), None, 1000)
    store.put(asked_of(1), kept_of())
    assert store.near(asked_of(1), NOW_US)
    assert await store.get(asked_of(2), NOW_US) is None
    store.close()
