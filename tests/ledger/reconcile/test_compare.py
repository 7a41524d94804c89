"""A difference between two bills is explained, and never explained away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.reconcile.compare import Line, compare
from headgate.ledger.reconcile.sides import LINES, TOKENS, Loose, Ours, Place, Theirs
from headgate.money.catalog import Catalog, PriceRules
from headgate.money.pricing import Rates

CATALOG = Catalog.load(PriceRules())
DAY = 20_740  # 2026-10-14
HERE = Place("anthropic", DAY, "claude-sonnet-5-5")
NEXT = HERE._replace(day=DAY + 1)


def price(provider: str, model: str, day: int) -> Rates:
    at = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
    return CATALOG.rates(provider, model, at)


def tokens(fresh: int = 0, read: int = 0, output: int = 0) -> tuple[int, ...]:
    return (fresh, read, 0, 0, 0, 0, output)


def money(fresh: int = 0, read: int = 0, output: int = 0) -> tuple[int, ...]:
    return (fresh, read, 0, output, 0, 0)


OURS = Ours(10, tokens(1_000_000, 0, 100_000), money(2_000_000_000, 0, 1_000_000_000))
THEIRS = Theirs(10, OURS.tokens, OURS.nusd, 2)


def only(ours: Ours, theirs: Theirs, loose: Loose | None = None) -> Line:
    found = {HERE: loose} if loose is not None else {}
    (line,) = compare({HERE: ours}, {HERE: theirs}, found, price)
    return line


def kinds(line: Line) -> dict[str, int]:
    return {it.kind: it.nusd for it in line.causes}


def test_two_bills_that_agree_differ_by_nothing() -> None:
    line = only(OURS, THEIRS)
    assert (line.delta_nusd, line.causes, line.why) == (0, [], "equal")


def test_tokens_without_rows_are_traffic_that_did_not_pass_through() -> None:
    theirs = Theirs(14, tokens(1_500_000, 0, 100_000), money(3_000_000_000, 0, 1_000_000_000))
    line = only(OURS, theirs)
    assert kinds(line) == {"missing": 1_000_000_000}
    assert "4 requests" in line.why


def test_a_model_that_only_they_know_is_other_traffic_of_the_account() -> None:
    (line,) = compare({}, {HERE: THEIRS}, {}, price)
    assert kinds(line) == {"missing": 3_000_000_000}
    assert "nothing of it passed through here" in line.why


def test_the_same_tokens_at_another_price_are_a_change_of_price() -> None:
    ours = Ours(10, tokens(0, 10_000_000), money(0, 2_000_000_000))
    theirs = Theirs(10, ours.tokens, money(0, 1_000_000_000), 1)
    line = only(ours, theirs)
    assert kinds(line) == {"price": -1_000_000_000}
    assert "$0.1 per million tokens, counted at $0.2" in line.why
    assert "the list has the charged price on that day" in line.why


def test_the_price_before_the_change_is_found_by_its_date() -> None:
    ours = Ours(10, tokens(0, 10_000_000), money(0, 1_000_000_000))
    theirs = Theirs(10, ours.tokens, money(0, 2_000_000_000), 1)
    assert "the list price until 8 days before" in only(ours, theirs).why  # 2026-10-06


def test_half_of_the_list_price_is_said_to_be_batch() -> None:
    theirs = Theirs(10, OURS.tokens, money(1_000_000_000, 0, 500_000_000), 2)
    assert "half of it: batch or flex" in only(OURS, theirs).why


def test_calls_without_an_outcome_explain_what_they_probably_cost_and_no_more() -> None:
    theirs = Theirs(12, tokens(1_500_000, 0, 100_000), money(3_000_000_000, 0, 1_000_000_000))
    line = only(OURS, theirs, Loose(1, 1, 400_000_000))
    assert kinds(line) == {"intents": 400_000_000, "missing": 600_000_000}
    assert "2 calls were sent and have no outcome here (1 of processes that died, 1 open)" in (
        line.why
    )


def test_calls_at_midnight_are_in_both_sums_and_count_against_nobody() -> None:
    ours = {HERE: OURS._replace(crossing_nusd=200_000_000), NEXT: OURS}
    theirs = {
        HERE: Theirs(None, tokens(900_000, 0, 100_000), money(1_800_000_000, 0, 10**9)),
        NEXT: Theirs(None, tokens(1_100_000, 0, 100_000), money(2_200_000_000, 0, 10**9)),
    }
    lines = compare(ours, theirs, {}, price)
    assert [kinds(it) for it in lines] == [
        {"midnight": -200_000_000},
        {"midnight": 200_000_000},
    ]
    assert [it.counted_nusd for it in lines] == [0, 0]


def test_a_report_of_tokens_alone_is_counted_at_what_ours_cost() -> None:
    line = only(OURS, Theirs(10, tokens(500_000, 0, 100_000)))
    assert line.valued
    assert line.theirs_nusd == 2_000_000_000


def test_amounts_in_whole_cents_may_differ_by_half_a_cent_each() -> None:
    theirs = Theirs(10, OURS.tokens, money(2_000_000_000, 0, 1_010_000_000), 2)
    assert kinds(only(OURS, theirs)) == {"rounding": 10_000_000}


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("priority_nusd", "tier"),
        ("client_nusd", "clients"),
        ("imported_nusd", "imported"),
        ("estimated_nusd", "estimates"),
        ("ceiling_nusd", "ceiling"),
    ],
)
def test_what_may_be_missing_at_the_provider_is_named(column: str, kind: str) -> None:
    part: Any = {column: 700_000_000}
    ours = OURS._replace(**part)
    theirs = Theirs(10, tokens(500_000, 0, 100_000), money(1_000_000_000, 0, 1_000_000_000))
    assert kinds(only(ours, theirs)) == {kind: -700_000_000, "surplus": -300_000_000}


def test_tries_without_an_answer_are_valued_at_a_mean_call() -> None:
    theirs = Theirs(None, tokens(1_500_000, 0, 100_000), money(3_000_000_000, 0, 10**9))
    line = only(OURS._replace(maybe_billed=2), theirs)
    assert kinds(line) == {"unanswered": 600_000_000, "missing": 400_000_000}


COUNTS = st.integers(0, 10**9)
MONEY = st.integers(0, 10**12)
SIDES = st.tuples(st.tuples(*[COUNTS] * len(TOKENS)), st.tuples(*[MONEY] * len(LINES)))


@given(SIDES, SIDES, st.booleans(), st.tuples(MONEY, MONEY, MONEY))
def test_the_causes_of_a_difference_add_up_to_it_exactly(
    mine: tuple[tuple[int, ...], tuple[int, ...]],
    others: tuple[tuple[int, ...], tuple[int, ...]],
    told: bool,
    loose: tuple[int, int, int],
) -> None:
    ours = Ours(5, *mine, client_nusd=loose[0], crossing_nusd=loose[1])
    theirs = Theirs(5, others[0], others[1] if told else None, 3)
    line = only(ours, theirs, Loose(1, 0, loose[2]))
    assert sum(it.nusd for it in line.causes) == line.delta_nusd


def test_what_a_report_never_tells_counts_against_nobody() -> None:
    ours = OURS._replace(priority_nusd=1_000_000_000)
    theirs = Theirs(10, tokens(500_000, 0, 100_000), money(1_000_000_000, 0, 1_000_000_000))
    line = only(ours, theirs)
    assert kinds(line) == {"tier": -1_000_000_000}
    assert line.counted_nusd == 0
