"""Nobody waits for a reply to be kept or found, and no trouble of a shelf is a call's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from headgate.policy.replycache import Asked
from headgate.store.replies import far as module
from headgate.store.replies.far import FIRST_REST_S, Far, Rest, ShelfError
from tests.store.replies.kit import DAY_US, NOW_US, Slate, asked_of, kept_of, until

SICK = ShelfError("the disk is full")


@pytest.fixture
def slate() -> Slate:
    return Slate()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def far(slate: Slate, said: list[str]) -> Iterator[Far]:
    it = Far(slate, DAY_US, said.append)
    yield it
    slate.gate.set()
    it.close()


async def test_what_was_kept_is_found(far: Far, slate: Slate) -> None:
    far.put(asked_of(1), kept_of())
    until(lambda: slate.boxes)
    assert await far.find(asked_of(1), NOW_US) == kept_of()
    assert await far.find(asked_of(2), NOW_US) is None


async def test_a_shelf_holds_sealed_boxes_alone(far: Far, slate: Slate) -> None:
    far.put(asked_of(1), kept_of("the secret words"))
    until(lambda: slate.boxes)
    (box,) = slate.boxes.values()
    assert b"secret" not in box.data
    assert box.ends_us == NOW_US + DAY_US
    wrong = Asked(asked_of(1).name, bytes(32))
    assert await far.find(wrong, NOW_US) is None


async def test_what_is_too_old_or_was_cleared_away_is_not_found(far: Far, slate: Slate) -> None:
    far.put(asked_of(1), kept_of())
    until(lambda: slate.boxes)
    assert await far.find(asked_of(1), NOW_US + DAY_US) is None
    far.since_us = NOW_US + 1
    assert await far.find(asked_of(1), NOW_US) is None


async def test_nobody_waits_for_a_shelf_that_hangs(
    far: Far, slate: Slate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    until(lambda: slate.tidied)
    slate.gate.clear()
    far.put(asked_of(1), kept_of())
    assert await far.find(asked_of(1), NOW_US) is None


async def test_only_so_many_look_things_up_at_once(
    far: Far, slate: Slate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    monkeypatch.setattr(module, "MOST_LOOKING", 2)
    until(lambda: slate.tidied)
    slate.gate.clear()
    found = await asyncio.gather(*[far.find(asked_of(1), NOW_US) for _ in range(9)])
    assert found == [None] * 9
    assert slate.reads == 2
    slate.gate.set()
    for _ in range(500):
        if not far._looking:
            break
        await asyncio.sleep(0.005)
    far.put(asked_of(1), kept_of())
    until(lambda: slate.boxes)
    assert await far.find(asked_of(1), NOW_US) == kept_of()


async def test_a_lookup_whose_caller_leaves_is_forgotten(far: Far, slate: Slate) -> None:
    until(lambda: slate.tidied)
    slate.gate.clear()
    looking = asyncio.ensure_future(far.find(asked_of(1), NOW_US))
    await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    slate.gate.set()
    for _ in range(500):
        if not far._looking:
            break
        await asyncio.sleep(0.005)
    assert far._looking == 0


def test_what_a_shelf_cannot_keep_up_with_is_dropped_and_counted(
    far: Far, slate: Slate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING_BYTES", 100)
    until(lambda: slate.tidied)
    slate.gate.clear()
    began = time.monotonic()
    for n in range(500):
        far.put(asked_of(n), kept_of("x" * 40))
    assert time.monotonic() - began < module.PATIENCE_S * 20
    assert far.dropped >= 496
    slate.gate.set()
    until(lambda: len(slate.boxes) + far.dropped == 500)


def test_trouble_is_told_once_and_costs_replies_alone(
    far: Far, slate: Slate, said: list[str]
) -> None:
    slate.trouble = SICK
    for n in range(3):
        far.put(asked_of(n), kept_of())
    until(lambda: far.dropped == 3)
    assert said == ["replies are kept in memory only: the disk is full"]


async def test_a_place_in_trouble_is_not_asked(far: Far, slate: Slate, said: list[str]) -> None:
    until(lambda: slate.tidied)
    slate.trouble = SICK
    assert await far.find(asked_of(1), NOW_US) is None
    reads = slate.reads
    assert await far.find(asked_of(1), NOW_US) is None
    assert slate.reads == reads
    assert said == ["kept replies are looked up in memory only: the disk is full"]


def test_a_defect_of_a_shelf_is_told_and_ends_nothing(
    far: Far, slate: Slate, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: slate.tidied)
    monkeypatch.setattr(slate, "write", None)
    far.put(asked_of(1), kept_of())
    until(lambda: said)
    assert "a defect: TypeError" in said[0]
    assert far._writer.is_alive()


async def test_a_defect_of_a_look_up_is_no_calls_trouble(
    far: Far, slate: Slate, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slate, "read", None)
    assert await far.find(asked_of(1), NOW_US) is None
    assert "a defect: TypeError" in said[0]


def test_what_waits_is_written_before_it_closes(slate: Slate) -> None:
    far = Far(slate, DAY_US, print)
    for n in range(200):
        far.put(asked_of(n), kept_of())
    far.close()
    assert len(slate.boxes) == 200
    assert slate.closed
    far.put(asked_of(999), kept_of())
    assert far.dropped == 1


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_rest_doubles_and_ends_with_the_first_success() -> None:
    said: list[str] = []
    clock = Clock()
    rest = Rest("it rests", said.append, clock)
    for wait_s in (FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S):
        assert rest.over()
        rest.trouble(SICK)
        clock.now += wait_s - 0.01
        assert not rest.over()
        clock.now += 0.01
    assert said == ["it rests: the disk is full"]
    rest.well()
    rest.trouble(SICK)
    assert len(said) == 2
    clock.now += FIRST_REST_S
    assert rest.over()


def test_a_rest_is_no_longer_for_all_who_met_the_same_trouble() -> None:
    clock = Clock()
    rest = Rest("it rests", print, clock)
    for _ in range(50):
        rest.trouble(SICK)
    clock.now += FIRST_REST_S
    assert rest.over()


def test_what_cannot_get_better_is_left_alone_for_good() -> None:
    clock = Clock()
    rest = Rest("it rests", print, clock)
    rest.trouble(ShelfError("damaged", for_good=True))
    clock.now += 1e9
    rest.well()
    assert not rest.over()


def test_nobody_being_left_to_tell_is_no_trouble() -> None:
    def gone(words: str) -> None:
        raise RuntimeError("Event loop is closed")

    Rest("it rests", gone, Clock()).trouble(SICK)
