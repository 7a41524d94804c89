"""Our side of a comparison holds what a provider was asked for, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.ledger.reconcile.counted import count, loose
from headgate.ledger.reconcile.sides import DAY_US, Loose, Place
from headgate.store.sql import Connection
from tests.audit.ledgers import book_of

DAY = 20_740
AT = DAY * DAY_US + 3_600_000_000
ROW: dict[str, Any] = {
    "at_us": AT,
    "provider": "anthropic",
    "model_sent": "claude-opus-5-5",
    "input_fresh": 1_000,
    "output": 100,
}
HERE = Place("anthropic", DAY, "claude-opus-5-5")


def counted(*rows: dict[str, Any], sellers: dict[str, str] | None = None) -> Any:
    with book_of([{**ROW, **row} for row in rows]) as book:
        return count(book, DAY * DAY_US, (DAY + 1) * DAY_US, sellers)


def test_calls_of_a_day_and_model_are_added_up_under_one_name() -> None:
    found = counted({}, {"model_sent": "claude-opus-5-5-20261021"})
    ours = found.places[HERE]
    assert (ours.calls, ours.tokens[0], ours.tokens[-1]) == (2, 2_000, 200)
    assert sum(ours.nusd) == 2 * (4_000_000 + 2_000_000)
    assert set(ours.names) == {"claude-opus-5-5", "claude-opus-5-5-20261021"}


@pytest.mark.parametrize(
    "row",
    [
        {"answered_from": "hit"},
        {"surface": "count_tokens"},
        {"priced_by": "free"},
        {"at_us": AT + DAY_US},
        {"at_us": AT - DAY_US},
    ],
)
def test_what_no_provider_was_asked_for_that_day_is_not_counted(row: dict[str, Any]) -> None:
    assert counted(row).places == {}


def test_rows_that_are_a_providers_own_report_prove_nothing_of_it() -> None:
    found = counted({"source": "anthropic-console", "span_us": DAY_US})
    assert (found.places, found.reported_nusd) == ({}, 6_000_000)


def test_calls_of_the_simulator_stay_apart() -> None:
    assert set(counted({}, {"simulated": 1}).places) == {HERE, HERE._replace(simulated=True)}


def test_a_provider_by_another_name_is_in_its_vendors_report() -> None:
    found = counted({"provider": "claude-eu"}, sellers={"claude-eu": "anthropic"})
    assert set(found.places) == {HERE}


def test_parts_that_may_be_missing_at_the_provider_are_told_apart() -> None:
    ours = counted(
        {"source": "claude-code"},
        {"credential": "client"},
        {"tier": "priority", "cost_nusd": 5},
        {"usage_from": "estimate"},
        {"maybe_billed": 2},
        {"took_us": DAY_US},
    ).places[HERE]
    assert ours.imported_nusd == ours.client_nusd == ours.crossing_nusd == 6_000_000
    assert ours.estimated_nusd == 6_000_000
    assert (ours.priority_nusd, ours.maybe_billed) == (5, 2)


def test_calls_without_an_outcome_are_found_by_day_and_model(connection: Connection) -> None:
    for n, state in enumerate(("open", "orphaned", "orphaned")):
        connection.execute(
            "INSERT INTO intent (n, owner, state, id, at_us, key_id, surface, model_asked,"
            " provider, model_sent, input_estimate, max_output, charged, probable_nusd)"
            " VALUES (?, 1, ?, ?, ?, '', 'messages', 'x', 'anthropic', 'claude-opus-5-5',"
            " 10, 10, '', 7)",
            (n, state, str(n), AT),
        )
    found = loose(connection, DAY * DAY_US, (DAY + 1) * DAY_US)
    assert found == {HERE: Loose(1, 2, 21)}
