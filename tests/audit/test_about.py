"""What findings are about is said in words, and found again by SQL that no name can break."""

from __future__ import annotations

import pytest

from headgate.audit.about import (
    called,
    caller,
    either,
    least_nusd,
    listed,
    matching,
    of_calls,
    quoted,
    rows_told,
    share,
    span,
    subject,
    usd,
)
from tests.audit.ledgers import book_of, evidence_of

ODD = "it's; DROP TABLE hot; --"


def test_a_name_with_a_quote_finds_its_own_rows_and_no_others() -> None:
    with book_of([{"key_id": ODD}, {"key_id": "plain"}]) as book:
        count = "SELECT count(*) FROM book WHERE "
        assert book.one(count + matching(key_id=ODD)) == (1,)
        assert book.one(count + either("key_id", [ODD, "plain"])) == (2,)
        assert book.one(f"SELECT {quoted(ODD)}") == (ODD,)


def test_keys_are_called_by_their_names() -> None:
    with evidence_of([], names={"k_1": "ci"}) as evidence:
        assert subject(evidence, key_id="k_1", model_sent="m") == "key ci, model m"
        assert subject(evidence, key_id="") == "no key"


@pytest.mark.parametrize(
    ("nusd", "told"),
    [
        (1_234_567_890_123, "$1,234.57"),
        (120_000_000, "$0.12"),
        (1_234_000, "$0.0012"),
        (0, "$0.00"),
        (-5_000_000_000, "-$5.00"),
    ],
)
def test_dollars_have_the_digits_a_reader_needs(nusd: int, told: str) -> None:
    assert usd(nusd) == told


def test_shares_and_spans_are_told_shortly() -> None:
    assert (share(1, 3), share(1, 200), share(1, 0)) == ("33 %", "0.5 %", "0.0 %")
    assert (span(90), span(7200), span(86_400 * 3)) == ("90 seconds", "2 hours", "3 days")
    assert listed([*"abcdefg"]) == "a, b, c, d, e and 2 more"


def test_what_is_small_beside_the_bill_is_not_worth_telling() -> None:
    with evidence_of([]) as evidence:
        assert least_nusd(evidence) == 10_000_000
    with evidence_of([{"cost_nusd": 500_000_000_000}]) as evidence:
        assert least_nusd(evidence) == 500_000_000


def test_calls_without_a_key_are_told_by_their_project() -> None:
    with evidence_of([]) as evidence:
        assert (
            called(evidence, {"key_id": "", "of_project": "/srv/shop"}) == "project /srv/shop"
        )
        assert (
            called(evidence, {"key_id": "k", "of_project": ""}, model="m") == "key k, model m"
        )
        assert called(evidence, {"key_id": "", "of_project": ""}) == "no key"
    assert caller({"key_id": "", "of_project": "/srv/shop"}) == {
        "key_id": "",
        "project": "/srv/shop",
    }


@pytest.mark.parametrize(
    ("rows", "sums", "calls", "said"),
    [
        (2, 0, 0, "2 calls"),
        (0, 0, 0, "0 calls"),
        (31, 31, 0, "31 sums (of calls that the source does not count)"),
        (1, 1, 1_204, "1 sum (1,204 calls)"),
        (3, 1, 7, "2 calls and 1 sum (7 calls)"),
    ],
)
def test_sums_are_never_told_as_calls(rows: int, sums: int, calls: int, said: str) -> None:
    assert rows_told(rows, sums, calls) == said


def test_money_on_calls_that_nobody_counted_is_not_on_0_calls() -> None:
    assert (of_calls(0), of_calls(1)) == ("calls that nobody counted", "1 call")
