"""Which hint wins is said once, and a word nobody knows is refused with those that are."""

from __future__ import annotations

import pytest

from headgate.policy.wish import NO_WISH, PREFERENCES, Prefer, Wish, read_wish
from headgate.wire.model import Fault, Kind

TAGS: dict[str, Prefer] = {"nightly": "cost", "urgent": "speed"}


def test_without_a_hint_there_is_no_wish() -> None:
    assert read_wish({}, [], TAGS) is NO_WISH
    assert read_wish({b"x-headgate-tags": b"other"}, ["other"], TAGS) is NO_WISH


def test_the_header_wins_over_the_tags_and_the_first_tag_of_the_file_over_the_others() -> None:
    told = {b"x-headgate-prefer": b"quality"}
    assert read_wish(told, ["nightly"], TAGS) == Wish("best", "header")
    assert read_wish({}, ["urgent", "nightly"], TAGS) == Wish("cheapest", "tag nightly")
    assert read_wish({}, ["urgent"], TAGS) == Wish("fastest", "tag urgent")


def test_a_deadline_goes_with_any_wish() -> None:
    told = {b"x-headgate-deadline-ms": b"1500"}
    assert read_wish(told, [], TAGS) == Wish(deadline_s=1.5)
    assert read_wish(told, ["urgent"], TAGS) == Wish("fastest", "tag urgent", 1.5)


@pytest.mark.parametrize("word", PREFERENCES)
def test_every_preference_can_be_asked_for_in_any_case(word: str) -> None:
    for spelled in (word, word.upper(), f" {word} "):
        assert read_wish({b"x-headgate-prefer": spelled.encode()}, [], {}).policy


@pytest.mark.parametrize("word", [b"fast", b"", b"cost,speed", b"\xff" * 300])
def test_an_unknown_preference_is_refused_with_those_that_are_known(word: bytes) -> None:
    with pytest.raises(Fault, match="takes cost, speed or quality") as caught:
        read_wish({b"x-headgate-prefer": word}, [], TAGS)
    assert caught.value.kind is Kind.INVALID
    assert caught.value.message.startswith("x-headgate-prefer: ")
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("word", [b"2s", b"0", b"-1", b"1.5", b"86400001", b"9" * 50])
def test_a_deadline_that_is_none_is_refused_with_an_example(word: bytes) -> None:
    with pytest.raises(Fault, match="such as 2000") as caught:
        read_wish({b"x-headgate-deadline-ms": word}, [], TAGS)
    assert caught.value.message.startswith("x-headgate-deadline-ms: ")
