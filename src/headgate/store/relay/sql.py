"""The tower in SQL: a file that the workers of one host share, or a PostgreSQL server.

Rule 1: on a file it is a file of its own beside the ledger: its commits wait for no disk, and
the ledger's wait for none of them.
Rule 2: the time is the server's, or the host's: one clock for everybody.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from headgate.store import shape_flights, sqlite
from headgate.store.place import Place, explain
from headgate.store.relay import KEPT_S, LEASE_S, NOTHING, SILENCE_S, Heard, Led, RelayError
from headgate.store.sql import ERRORS, Connection, StoreError, on_file, transaction

FILE = "flights.db"
PARTS_AT_ONCE = 16
"""read of one flight"""
LEASE_US, KEPT_US = int(LEASE_S * 1e6), int(KEPT_S * 1e6)
_PATIENCE = f"SET statement_timeout = {int(SILENCE_S * 1000)}"
_FILE_NOW = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
_SERVER_NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

# The new row's lease tells the time: the clock is read once for all that is decided by it.
_CLAIM = """
INSERT INTO flight (name, leader, lease_us, wanted, wanted_us)
VALUES (?1, ?2, {now} + {lease}, 0, 0)
ON CONFLICT (name) DO UPDATE SET
  leader = CASE WHEN flight.lease_us > excluded.lease_us - {lease}
    THEN flight.leader ELSE excluded.leader END,
  wanted = CASE WHEN flight.lease_us > excluded.lease_us - {lease}
    THEN flight.wanted + 1 ELSE 0 END,
  wanted_us = CASE WHEN flight.lease_us > excluded.lease_us - {lease}
    THEN excluded.lease_us ELSE 0 END,
  lease_us = CASE WHEN flight.lease_us > excluded.lease_us - {lease}
    THEN flight.lease_us ELSE excluded.lease_us END
RETURNING leader
"""
_RENEW = """
UPDATE flight SET lease_us = {now} + {lease}
WHERE name = ? AND leader = ? AND lease_us > {now}
"""
_KEEP = "UPDATE flight SET wanted_us = {now} + {lease} WHERE name = ? AND leader = ?"
_WANTED = """
SELECT leader FROM flight
WHERE wanted > 0 AND leader > ?1 AND leader < ?2 AND wanted_us > {now} AND lease_us > {now}
"""
_LAND = """
DELETE FROM flight
WHERE name = ? AND leader = ? AND NOT (wanted > 0 AND wanted_us > {now})
"""
_OURS = "SELECT 1 FROM flight WHERE name = ? AND leader = ?"
_FORGET = "DELETE FROM flight_part WHERE leader = ?"
_PART = """
INSERT INTO flight_part (leader, n, at_us, data) VALUES (?, ?, {now}, ?)
ON CONFLICT (leader, n) DO NOTHING
"""
_OVER = "UPDATE flight SET lease_us = {now} WHERE name = ? AND leader = ?"
_LEAVE = "UPDATE flight SET wanted = wanted - 1 WHERE name = ? AND leader = ?"
_DONE = """
DELETE FROM flight WHERE name = ? AND leader = ? AND wanted <= 0 AND lease_us <= {now}
"""
# One statement: whoever is not alive in it has written all its parts before it.
_READ = """
SELECT alive, part.n, part.data
FROM (SELECT count(*) AS alive FROM flight
  WHERE name = ?1 AND leader = ?2 AND lease_us > {now}) AS led
LEFT JOIN flight_part AS part ON part.leader = ?2 AND part.n >= ?3
ORDER BY part.n LIMIT {most}
"""
_SWEEP = "DELETE FROM flight WHERE lease_us < {now} - {kept}"
_SWEEP_PARTS = """
DELETE FROM flight_part
WHERE at_us < {now} - {kept} AND leader NOT IN (SELECT leader FROM flight)
"""


def open_sql(place: Place) -> SqlTower:
    """The tower of this store. RelayError: it cannot be opened."""
    try:
        if isinstance(place, Path):
            connection: Connection = sqlite.connect_beside(place, FILE, SILENCE_S)
            try:
                shape_flights.lay(connection)
            except BaseException:
                connection.close()
                raise
        else:
            from headgate.store import postgres

            connection = postgres.connect(place, SILENCE_S)
            connection.execute(_PATIENCE)
    except (StoreError, *ERRORS) as error:
        raise RelayError(explain(error, place).what) from error
    return SqlTower(connection, place)


class SqlTower:
    """One connection of one process."""

    pauses_s = (0.02, 0.1)

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection = connection
        self._place = place
        now = _FILE_NOW if on_file(connection) else _SERVER_NOW
        given = {"now": now, "lease": LEASE_US, "kept": KEPT_US, "most": PARTS_AT_ONCE}
        self._timed = {text: text.format(**given) for text in _TIMED}
        self._written: set[str] = set()
        """flights with parts here"""

    @contextlib.contextmanager
    def _told(self) -> Iterator[Connection]:
        """Whatever goes wrong with the database is a RelayError."""
        try:
            yield self._connection
        except (StoreError, *ERRORS) as error:
            raise RelayError(explain(error, self._place).what) from error

    def claim(self, flight: Led) -> str:
        with self._told() as connection:
            row = connection.execute(self._timed[_CLAIM], flight).fetchone()
        return str(row[0])

    def renew(self, led: Collection[Led], followed: Collection[Led]) -> None:
        # In one order, and those of one kind at a time: else two processes could each wait for
        # what the other holds.
        for text, flights in ((_RENEW, led), (_KEEP, followed)):
            if flights:
                with self._told() as connection, transaction(connection):
                    connection.executemany(self._timed[text], sorted(flights))

    def wanted(self, process: str) -> set[str]:
        between = (f"{process}.", f"{process}/")  # the character after the full stop
        with self._told() as connection:
            return {
                str(token) for (token,) in connection.execute(self._timed[_WANTED], between)
            }

    def land(self, flight: Led) -> bool:
        with self._told() as connection:
            gone = connection.execute(self._timed[_LAND], flight).rowcount
            if not gone and connection.execute(_OURS, flight).fetchone() is not None:
                return False
            if flight.token in self._written:
                connection.execute(_FORGET, (flight.token,))
        self._written.discard(flight.token)
        return True

    def publish(self, flight: Led, first: int, boxes: Sequence[bytes], *, over: bool) -> None:
        rows = [(flight.token, first + n, box) for n, box in enumerate(boxes)]
        self._written.add(flight.token)
        with self._told() as connection, transaction(connection):
            connection.executemany(self._timed[_PART], rows)
            if over:
                connection.execute(self._timed[_OVER], flight)
                self._drop(connection, flight)
                self._written.discard(flight.token)

    def leave(self, flight: Led) -> None:
        with self._told() as connection, transaction(connection):
            connection.execute(_LEAVE, flight)
            self._drop(connection, flight)

    def _drop(self, connection: Connection, flight: Led) -> None:
        """Of what is over and nobody reads any more, nothing stays."""
        if connection.execute(self._timed[_DONE], flight).rowcount:
            connection.execute(_FORGET, (flight.token,))

    def read(self, asks: Sequence[tuple[Led, int]]) -> list[Heard]:
        with self._told() as connection:
            return [self._heard(connection, *ask) for ask in asks]

    def _heard(self, connection: Connection, flight: Led, n: int) -> Heard:
        rows = connection.execute(self._timed[_READ], (*flight, n)).fetchall()
        boxes: list[bytes] = []
        for _, at, data in rows:
            if at is None or at != n + len(boxes):
                break
            boxes.append(bytes(data))
        if len(boxes) == PARTS_AT_ONCE:
            return Heard(boxes, True)
        if rows[0][0] and not boxes:
            return NOTHING
        return Heard(boxes, bool(rows[0][0]))

    def sweep(self) -> int:
        with self._told() as connection:
            gone = connection.execute(self._timed[_SWEEP]).rowcount
            return gone + connection.execute(self._timed[_SWEEP_PARTS]).rowcount

    def close(self) -> None:
        self._connection.close()


_TIMED = (
    *(_CLAIM, _RENEW, _KEEP, _WANTED, _LAND, _PART, _OVER, _DONE, _READ),
    *(_SWEEP, _SWEEP_PARTS),
)
