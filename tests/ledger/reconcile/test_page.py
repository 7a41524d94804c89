"""A page that is no report says what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.ledger.reconcile.page import NoReport, buckets, count, next_of, of, results


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


def test_only_the_chosen_workspaces_count() -> None:
    assert of("w1", ())
    assert of("", ("default",))
    assert not of("w1", ("w2",))
