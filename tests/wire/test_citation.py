"""Citations every dialect can read: which pages they name, and where in a text they belong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.citation import PAGE, known, page, placed, within

CITED: dict[str, Any] = {"type": PAGE, "url": "https://a.example", "title": "A"}
PLACES = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted)


def at(start: int, end: int) -> dict[str, Any]:
    return {**CITED, "start_index": start, "end_index": end}


@pytest.mark.parametrize("members", [{}, {"url": ""}, {"url": 5}, {"title": "A"}])
def test_a_page_must_have_an_address(members: dict[str, Any]) -> None:
    assert page(members) is None
    assert known([{"type": PAGE, **members}]) == []


def test_what_is_no_page_stays_as_it_is_and_what_is_no_object_goes() -> None:
    stored = {"type": "file_citation", "file_id": "f"}
    assert known([stored, "x", None, {"type": PAGE, "url": "u"}]) == [
        stored,
        {"type": PAGE, "url": "u", "title": ""},
    ]


def test_a_citation_without_a_place_is_of_the_whole_text() -> None:
    for nowhere in (CITED, at(-1, 3), at(3, 1), {**CITED, "start_index": True, "end_index": 2}):
        assert placed(nowhere, 4, before=10) == at(10, 14)


@given(PLACES, st.integers(0, 20), st.integers(0, 20))
def test_no_place_lies_outside_of_its_text(place: list[int], length: int, before: int) -> None:
    said = placed(at(*place), length, before)
    assert before <= said["start_index"] <= said["end_index"] <= before + length


@given(PLACES, st.integers(0, 20), st.integers(1, 20))
def test_a_citation_belongs_to_the_piece_of_text_its_words_stand_in(
    place: list[int], start: int, length: int
) -> None:
    own = within(at(*place), start, length)
    inside = range(max(place[0], start), min(place[1], start + length))
    if inside:
        assert own == at(inside.start - start, inside.stop - start)
    elif place[1] < start or place[0] >= start + length:
        assert own is None
    assert within(CITED, start, length) == CITED
