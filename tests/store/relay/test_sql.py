"""What only a tower in SQL promises: one clock, bounded patience, a file of its own."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from headgate.store import shape_flights
from headgate.store.place import Place, connect
from headgate.store.relay import LEASE_S, Led, RelayError
from headgate.store.relay.sql import FILE, SqlTower, open_sql
from headgate.store.sqlite import connect_beside
from tests.servers import Postgres

FLIGHT = Led(b"name", "aa.1")


def test_a_lease_ends_by_the_clock_of_the_store(store: Place) -> None:
    with contextlib.closing(open_sql(store)) as tower:
        tower.claim(FLIGHT)
        (lease_us,) = tower._connection.execute("SELECT lease_us FROM flight").fetchone()
        left_s = lease_us / 1e6 - time.time_ns() / 1e9
        assert LEASE_S - 2 < left_s < LEASE_S + 2


def test_a_file_that_is_locked_is_not_waited_for_as_long_as_a_ledgers(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    with contextlib.closing(connect_beside(path, FILE, 0.01)) as connection:
        shape_flights.lay(connection)
        tower = SqlTower(connection, path)
        with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(RelayError, match="write lock"):
                tower.claim(FLIGHT)
        assert tower.claim(FLIGHT) == "aa.1"


def test_two_that_renew_what_the_other_follows_do_not_wait_for_each_other(store: Place) -> None:
    with contextlib.closing(open_sql(store)) as one, contextlib.closing(open_sql(store)) as two:
        mine = [Led(b"%d" % n, f"aa.{n}") for n in range(50)]
        theirs = [Led(b"x%d" % n, f"bb.{n}") for n in range(50)]
        for flight in mine:
            one.claim(flight)
        for flight in theirs:
            two.claim(flight)
        for n in range(50):
            two.claim(Led(mine[n].name, f"bb.a{n}"))
            one.claim(Led(theirs[n].name, f"aa.b{n}"))
        one.renew(mine, theirs[::-1])
        two.renew(theirs, mine[::-1])
        assert len(one.wanted("aa")) == len(two.wanted("bb")) == 50


def test_a_name_that_is_the_beginning_of_another_is_not_its_process(store: Place) -> None:
    with contextlib.closing(open_sql(store)) as tower:
        tower.claim(Led(b"one", "ab.1"))
        tower.claim(Led(b"one", "zz.1"))
        assert tower.wanted("a") == set()
        assert tower.wanted("ab") == {"ab.1"}


@pytest.mark.slow
def test_a_server_that_hangs_is_given_up(postgres: Postgres, server_store: Place) -> None:
    with contextlib.closing(open_sql(server_store)) as tower:
        postgres.pause()
        since = time.monotonic()
        with pytest.raises(RelayError, match="it does not answer"):
            tower.claim(FLIGHT)
        assert time.monotonic() - since < 3
        postgres.resume()


def test_a_server_without_their_tables_is_named_as_such(server_store: Place) -> None:
    with contextlib.closing(connect(server_store)) as connection:
        connection.execute("DROP TABLE flight")
    with (
        contextlib.closing(open_sql(server_store)) as tower,
        pytest.raises(RelayError, match="tables are not all there"),
    ):
        tower.claim(FLIGHT)
