"""A provider's report is kept once, however often it is read."""

from __future__ import annotations

import pytest

from headgate.ledger.reconcile.reported import (
    Drift,
    Reported,
    drifts,
    gathered,
    keep,
    line_of,
    note_drift,
    rows,
)
from headgate.ledger.reconcile.sides import DAY_US, SIMULATED, Place
from headgate.store import shape_book
from headgate.store.sql import Connection

DAY = 20_000
LATER = (DAY + 9) * DAY_US
USED = Reported("anthropic", "", DAY, "claude-opus-5-5", "", "", 3, 100, 0, 0, 0, 10)
PAID = Reported("anthropic", "", DAY, "Claude Opus 5.5", "", "input", cost_nusd=400_000)


def test_a_line_has_the_columns_of_its_table_but_for_when_it_was_fetched() -> None:
    text = shape_book._REPORTED.split("(", 1)[1].split("PRIMARY KEY")[0]
    columns = tuple(line.split()[0] for line in text.strip().splitlines())
    assert columns == (*Reported._fields, "fetched_us")


def test_what_a_report_does_not_say_is_not_zero() -> None:
    line = Reported("openai", "", 20_000, "gpt-5", "", "", cost_nusd=1)
    assert line.requests is None
    assert line.output is None


def test_a_report_read_twice_counts_once(connection: Connection) -> None:
    for _ in range(2):
        assert keep(connection, [USED, PAID], LATER) == 2
    report = gathered(rows(connection, DAY, DAY))
    (theirs,) = report.places.values()
    assert theirs.tokens == (100, 0, 0, 0, 0, 0, 10)
    assert theirs.nusd is not None
    assert sum(theirs.nusd) == 400_000
    assert theirs.requests == 3


def test_what_is_fetched_again_replaces_what_was_known_of_the_day(
    connection: Connection,
) -> None:
    keep(connection, [USED, PAID], LATER)
    keep(connection, [USED._replace(model="claude-haiku-4-5", output=7)], LATER)
    report = gathered(rows(connection, DAY, DAY))
    assert {place.model for place in report.places} == {"claude-haiku-4-5", "claude-opus-5-5"}
    told = report.places[Place("anthropic", DAY, "claude-opus-5-5")]
    assert told.tokens is None  # its tokens are gone, its money is another report's


def test_rows_of_several_workspaces_are_added_up(connection: Connection) -> None:
    keep(connection, [USED._replace(account=name) for name in ("a", "b")], LATER)
    (theirs,) = gathered(rows(connection, DAY, DAY)).places.values()
    assert theirs.requests == 6


def test_days_between_the_first_and_the_last_of_a_report_are_reported_as_unused(
    connection: Connection,
) -> None:
    keep(connection, [USED, USED._replace(day=DAY + 2)], LATER)
    report = gathered(rows(connection, DAY, DAY + 9))
    assert report.days == {("anthropic", False): {DAY, DAY + 1, DAY + 2}}
    assert not report.partial


def test_a_day_that_was_not_over_when_it_was_fetched_is_partial(
    connection: Connection,
) -> None:
    keep(connection, [USED], DAY * DAY_US + 1)
    assert gathered(rows(connection, DAY, DAY)).partial == {("anthropic", False): {DAY}}


def test_a_report_of_the_simulator_stays_apart(connection: Connection) -> None:
    keep(connection, [USED], LATER)
    keep(connection, [USED], LATER, SIMULATED)
    report = gathered(rows(connection, DAY, DAY))
    assert {place.simulated for place in report.places} == {False, True}


@pytest.mark.parametrize(
    ("called", "line"),
    [
        ("uncached_input_tokens", "input"),
        ("input_no_cache", "input"),
        ("cache_read_input_tokens", "cache_read"),
        ("cache_creation.ephemeral_1h_input_tokens", "cache_write"),
        ("input_cache_write_5m", "cache_write"),
        ("gpt-4o-mini-2024-07-18, cached input", "cache_read"),
        ("gpt-4o-mini-2024-07-18, output", "output"),
        ("web_search", "search"),
        ("code_execution", "other"),
    ],
)
def test_a_line_is_understood_however_its_report_calls_it(called: str, line: str) -> None:
    assert line_of(called) == line


def test_drift_found_again_takes_the_place_of_what_was_found(connection: Connection) -> None:
    found = Drift("anthropic", DAY, "claude-opus-5-5", 1, 2, "because", LATER)
    note_drift(connection, [found, found._replace(model="gone")])
    note_drift(connection, [found._replace(ours_nusd=2)])
    assert drifts(connection, DAY) == [found._replace(ours_nusd=2)]
