"""Rows become drafts in batches, and an import goes on behind any of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Options, Reading
from headgate.ledger.importers.reading import items as reading_items
from headgate.ledger.importers.reading.items import (
    FUTURE,
    ODD,
    Cells,
    Item,
    Passed,
    Row,
    Skipped,
    drafts,
    folded,
    labels,
    lasted,
)
from headgate.ledger.importers.reading.values import Bad

PATH = Path("a.csv")


def draft(cells: Cells) -> Draft:
    kind = cells["kind"]
    if kind == "bad":
        raise Bad("it is bad")
    if kind == "passed":
        raise Passed("it is none")
    if kind == "odd":
        raise TypeError
    return Draft(id=str(cells["id"]), at_us=10**18 if kind == "late" else 5, model="m")


def items(kinds: list[str]) -> Iterator[Item]:
    for number, kind in enumerate(kinds, 1):
        if kind == "cut":
            yield Skipped(number, "it is cut")
        elif kind == "header":
            yield Skipped(number, "a header", malformed=False)
        else:
            yield Row(number, {"id": number, "kind": kind})


KINDS = ("good", "good", "bad", "passed", "odd", "late", "cut", "header")


def test_every_row_is_counted_as_what_it_is() -> None:
    reading = Reading(PATH, Options(), now_us=10**15)
    found = [made for batch in drafts(reading, items(list(KINDS)), draft) for made in batch]
    assert [made.id for made in found] == ["1", "2"]
    assert reading.tally.malformed == {"it is bad": 1, ODD: 1, FUTURE: 1, "it is cut": 1}
    assert reading.tally.ignored == {"it is none": 1, "a header": 1}
    assert (reading.tally.lines, reading.offset) == (8, 8)


@settings(max_examples=60)
@given(kinds=st.lists(st.sampled_from(KINDS), min_size=4, max_size=14), stop=st.integers(1, 3))
def test_what_is_read_before_a_stop_and_after_it_is_all_of_it_once(
    kinds: list[str], stop: int
) -> None:
    monkey = pytest.MonkeyPatch()
    monkey.setattr(reading_items, "BATCH", 3)
    whole = Reading(PATH, Options(), now_us=10**15)
    everything = [made for batch in drafts(whole, items(kinds), draft) for made in batch]
    first = Reading(PATH, Options(), now_us=10**15)
    found: list[Draft] = []
    for count, batch in enumerate(drafts(first, items(kinds), draft), 1):
        found += batch
        if count == stop:
            break
    rest = Reading(PATH, Options(), now_us=10**15, offset=first.offset)
    found += [made for batch in drafts(rest, items(kinds), draft) for made in batch]
    assert found == everything
    first.tally.add(rest.tally)
    assert first.tally == whole.tally
    monkey.undo()


def test_names_have_one_spelling() -> None:
    assert folded("start_time") == folded("startTime") == folded(" Start Time ") == "starttime"


def test_tags_stand_once_with_commas_between() -> None:
    assert labels(["b", "a,c", "b", ""]) == "b,a c"


def test_a_clock_that_went_back_is_noted_and_nothing_lasts_less_than_no_time() -> None:
    reading = Reading(PATH, Options())
    assert lasted(reading, 10, 25) == 15
    assert lasted(reading, 25, 10) == 0
    assert sum(reading.tally.notes.values()) == 1
