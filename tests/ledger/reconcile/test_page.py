"""A page that is no report says what is wrong with it."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest

from headgate.ledger.reconcile import anthropic, openai
from headgate.ledger.reconcile.page import NoReport, buckets, count, next_of, of, results
from tests.ledger.reconcile import test_anthropic, test_openai


@pytest.mark.parametrize("page", [None, [], {}, {"data": 1}, {"data": [1]}])
def test_what_has_no_buckets_is_no_page(page: Any) -> None:
    with pytest.raises(NoReport, match="no list named data"):
        buckets(page)


@pytest.mark.parametrize("bucket", [{}, {"results": 1}, {"results": [1]}])
def test_a_bucket_has_results(bucket: dict[str, Any]) -> None:
    with pytest.raises(NoReport, match="results"):
        results(bucket)


@pytest.mark.parametrize("value", [-1, 1.5, "1", True])
def test_what_is_no_count_is_named(value: object) -> None:
    with pytest.raises(NoReport, match="output_tokens"):
        count({"output_tokens": value}, "output_tokens")


def test_an_absent_count_is_none() -> None:
    assert count({}, "output_tokens") == count({"output_tokens": None}, "output_tokens") == 0


def test_a_page_that_is_the_last_names_no_other() -> None:
    assert next_of({"has_more": True, "next_page": "p"}) == "p"
    assert next_of({"has_more": False, "next_page": "p"}) == ""


@pytest.mark.parametrize("name", [None, "", 0])
def test_a_page_that_hides_the_next_one_is_no_whole_report(name: object) -> None:
    with pytest.raises(NoReport, match="more pages"):
        next_of({"has_more": True, "next_page": name})


def places(value: Any) -> Iterator[list[Any]]:
    """Where something stands in a page, as the keys that lead there."""
    below = value.items() if isinstance(value, dict) else enumerate(value)
    for key, found in below:
        yield [key]
        if isinstance(found, dict | list):
            yield from ([key, *rest] for rest in places(found))


PAGES = (
    (anthropic, False, {"starting_at": "2026-11-01T00:00:00Z"}, test_anthropic.USAGE),
    (anthropic, True, {"starting_at": "2026-11-01T00:00:00Z"}, test_anthropic.COST),
    (
        openai,
        False,
        {"start_time": 1_793_491_200},
        {**test_openai.USAGE, "input_uncached_tokens": 10},
    ),
    (openai, True, {"start_time": 1_793_491_200}, test_openai.COST),
)
WRONG: tuple[Any, ...] = (
    *(-1, 1.5, True, 1e300, 2**70, "", "x", "NaN", "Infinity", [], [1], {}, {"a": 1}, None),
    *("2026-11-01", "2026-11-01T00:00:00", "0001-01-01T00:00:00Z", 1_793_491_200_000),
)


@pytest.mark.parametrize("at", range(len(PAGES)))
def test_whatever_stands_in_a_page_it_is_read_or_said_to_be_no_report(at: int) -> None:
    vendor, is_money, begins, result = PAGES[at]
    page = {"data": [{**begins, "results": [result]}], "has_more": False, "next_page": None}
    for place in places(page):
        for wrong in WRONG:
            changed: Any = copy.deepcopy(page)
            within = changed
            for key in place[:-1]:
                within = within[key]
            within[place[-1]] = wrong
            try:
                found = vendor.read(changed, is_money)
            except NoReport:
                continue
            assert {day for _, day, _ in found.days} <= {20_758}
            numbers = [number for row in found.rows for number in row[6:] if number is not None]
            assert all(type(it) is int and abs(it) < 2**63 for it in numbers), (place, wrong)


def test_a_beginning_without_a_zone_is_utc_wherever_this_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        bucket = {"starting_at": "2026-11-01T00:00:00", "results": [test_anthropic.USAGE]}
        (row,) = anthropic.read({"data": [bucket]}, False).rows
    finally:
        monkeypatch.undo()
        time.tzset()
    assert row.day == 20_758


def test_only_the_chosen_workspaces_count() -> None:
    assert of("w1", ())
    assert of("", ("default",))
    assert not of("w1", ("w2",))
