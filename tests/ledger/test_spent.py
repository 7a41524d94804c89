"""What accounts spend is summed by the day and process, and none of it is lost on the way."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger import spent
from headgate.store.sql import Connection
from tests.ledger.rows import INTENT, entry
from tests.stores import empty

DAY_US = spent.DAY_US
ACCOUNTS = st.sampled_from(["house", "key:a", "key:b", "team:x"])
SUMS = st.dictionaries(
    st.tuples(ACCOUNTS, st.integers(0, 2)),
    st.tuples(st.integers(0, 9), st.integers(0, 10**12)),
    max_size=5,
)


def rows(connection: Connection) -> list[tuple[object, ...]]:
    sql = "SELECT account, day, owner, calls, cost_nusd FROM spend ORDER BY 1, 2, 3"
    return [tuple(row) for row in connection.execute(sql).fetchall()]


def test_rows_are_summed_by_account_and_day() -> None:
    made = [
        entry(at_us=1, charged="house key:a", cost_nusd=3),
        entry(at_us=DAY_US - 1, charged="house", cost_nusd=4),
        entry(at_us=DAY_US, charged="house", cost_nusd=5),
        entry(charged=""),
    ]
    assert spent.of_entries(made) == {
        ("house", 0): (2, 7),
        ("key:a", 0): (1, 3),
        ("house", 1): (1, 5),
    }


def test_an_orphan_costs_and_is_no_call_yet() -> None:
    orphan = INTENT._replace(at_us=1, charged="house", probable_nusd=9)
    assert spent.of_orphans([orphan, orphan]) == {("house", 0): (0, 18)}


def test_what_was_charged_can_be_taken_back(connection: Connection) -> None:
    sums = {("house", 0): (2, 7), ("key:a", 0): (1, 3)}
    spent.add(connection, 0, sums)
    spent.add(connection, 0, sums)
    spent.add(connection, 0, sums, back=True)
    assert rows(connection) == [("house", 0, 0, 2, 7), ("key:a", 0, 0, 1, 3)]
    spent.add(connection, 0, {})


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(1, 3), SUMS), max_size=6))
def test_folding_moves_every_sum_and_changes_no_total(
    connection: Connection, steps: list[tuple[int, spent.Sums]]
) -> None:
    empty(connection)
    for owner, added in steps:
        spent.add(connection, owner, added)
    total = (
        "SELECT account, day, sum(calls), sum(cost_nusd) FROM spend GROUP BY 1, 2 ORDER BY 1, 2"
    )
    before = connection.execute(total).fetchall()
    for owner in (1, 2, 2, 0):
        spent.fold(connection, owner)
    assert connection.execute(total).fetchall() == before
    owners = connection.execute("SELECT DISTINCT owner FROM spend").fetchall()
    assert {owner for (owner,) in owners} <= {0, 3}
