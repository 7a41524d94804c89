"""A batch is one transaction: all of it, once, whatever its size."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.insert import SELDOM, SIZES, Batch, write
from headgate.ledger.record import COLUMNS, Entry
from headgate.store.sql import ERRORS, Connection
from tests.ledger.any_rows import entries
from tests.ledger.rows import INTENT, entry
from tests.stores import empty, sign_in

AGAIN = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
"""each example empties the one store"""


@pytest.fixture(autouse=True)
def signed_in(connection: Connection) -> None:
    sign_in(connection, 7)


def rows(connection: Connection) -> list[Entry]:
    found = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM call ORDER BY seq")  # noqa: S608 - constant text
    return [Entry._make(row) for row in found]


@pytest.mark.slow
@AGAIN
@given(batch=st.lists(entries(), max_size=20))
def test_every_value_comes_back_as_it_was_put_in(
    connection: Connection, batch: list[Entry]
) -> None:
    empty(connection)
    sign_in(connection, 7)
    write(connection, 7, Batch(1, batch, [], []))
    assert rows(connection) == batch


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 63, 64, 65, 200])
def test_a_batch_of_any_size_is_written_whole_and_in_order(
    connection: Connection, count: int
) -> None:
    batch = [entry(id=f"req-{n}") for n in range(count)]
    intents = [(n, INTENT._replace(id=f"i-{n}")) for n in range(count)]
    write(connection, 7, Batch(1, batch, intents, []))
    assert rows(connection) == batch
    assert connection.execute("SELECT count(*) FROM intent").fetchone() == (count,)


@pytest.mark.parametrize("name", sorted(SELDOM))
def test_what_is_seldom_said_is_kept_where_one_row_of_many_says_it(
    connection: Connection, name: str
) -> None:
    plain = entry(id="plain")
    value: Any = 7 if getattr(plain, name) == 0 else "x"
    said = plain._replace(id="said", **{name: value})
    batch = [*[plain] * 9, said, *[plain] * 3]
    write(connection, 7, Batch(1, batch, [], []))
    assert rows(connection) == batch


def test_sizes_end_in_one_so_that_nothing_is_left_over() -> None:
    assert list(SIZES) == sorted(SIZES, reverse=True)
    assert SIZES[-1] == 1


def test_a_batch_whose_number_was_committed_is_not_written_again(
    connection: Connection,
) -> None:
    write(connection, 7, Batch(3, [entry()], [], []))
    write(connection, 7, Batch(3, [entry()], [], []))
    assert len(rows(connection)) == 1


def test_an_outcome_closes_the_intent_of_its_own_owner_only(
    connection: Connection,
) -> None:
    sign_in(connection, 8)
    write(connection, 7, Batch(1, [], [(5, INTENT)], []))
    write(connection, 8, Batch(1, [], [(5, INTENT)], []))
    write(connection, 7, Batch(2, [entry()], [], [5]))
    assert connection.execute("SELECT owner FROM intent").fetchall() == [(8,)]


def test_two_calls_with_the_same_id_both_have_their_row(connection: Connection) -> None:
    write(connection, 7, Batch(1, [entry(id="same", status=200)], [], []))
    write(connection, 7, Batch(2, [entry(id="same", status=500)], [], []))
    assert [row.status for row in rows(connection)] == [200, 500]


def test_a_batch_that_fails_half_way_leaves_nothing(connection: Connection) -> None:
    with pytest.raises(ERRORS):
        write(connection, 7, Batch(1, [entry(), entry(status=None)], [(1, INTENT)], []))
    assert rows(connection) == []
    assert connection.execute("SELECT count(*) FROM intent").fetchone() == (0,)
    write(connection, 7, Batch(1, [entry()], [], []))
    assert len(rows(connection)) == 1


def spent(connection: Connection) -> list[tuple[object, ...]]:
    sql = "SELECT account, day, calls, cost_nusd FROM spend ORDER BY account, day"
    return connection.execute(sql).fetchall()


def test_what_an_account_spends_is_summed_by_the_day_in_the_same_transaction(
    connection: Connection,
) -> None:
    day = 86_400_000_000
    rows = [(1, "k_1", 5), (day, "k_1", 7), (day + 1, "k_1", 11), (day, "k_2", 13)]
    made = [entry(at_us=at, charged=f"{key} house", cost_nusd=cost) for at, key, cost in rows]
    write(connection, 7, Batch(1, made[:2], [], []))
    write(connection, 7, Batch(2, made[2:], [(1, INTENT)], []))
    write(connection, 7, Batch(2, made[2:], [], []))  # committed already
    write(connection, 7, Batch(3, [], [], [1]))
    assert spent(connection) == [
        ("house", 0, 1, 5),
        ("house", 1, 3, 31),
        ("k_1", 0, 1, 5),
        ("k_1", 1, 2, 18),
        ("k_2", 1, 1, 13),
    ]


def test_sums_beyond_64_bits_lose_no_row(connection: Connection) -> None:
    most = 2**63 - 1
    for number in range(1, 7):
        made = [entry(charged="house", cost_nusd=most)] * 2
        write(connection, 7, Batch(number, made, [], []))
    assert len(rows(connection)) == 12
    (sums,) = spent(connection)
    assert sums[2] == 12
    assert 2**61 <= int(str(sums[3])) < 2**63


@AGAIN
@given(
    batches=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["", "k_1", "k_2"]),
                st.integers(0, 3 * 86_400_000_000),
                st.integers(0, 10**12),
            ),
            max_size=10,
        ),
        max_size=4,
    )
)
def test_sums_and_rows_never_disagree(
    connection: Connection, batches: list[list[tuple[str, int, int]]]
) -> None:
    empty(connection)
    sign_in(connection, 7)
    for number, batch in enumerate(batches, start=1):
        made = [entry(charged=key, at_us=at, cost_nusd=cost) for key, at, cost in batch]
        write(connection, 7, Batch(number, made, [], []))
    counted = connection.execute(
        "SELECT charged, at_us / 86400000000 AS day, count(*), sum(cost_nusd) FROM call"
        " WHERE charged <> '' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert spent(connection) == counted.fetchall()
