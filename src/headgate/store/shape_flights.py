"""The tables of calls that run and may be joined: on a server, or in a file beside the ledger.

Rule 1: they matter only while somebody runs: on a server nothing of them is written to its log,
and after a crash they are empty.
Rule 2: in a file they are not in the ledger's: its commits would wait for them.
"""

from __future__ import annotations

from headgate.store.sql import Connection, on_file

_FILE = {
    "TABLE": "TABLE IF NOT EXISTS",
    "INDEX": "INDEX IF NOT EXISTS",
    "INTEGER": "INTEGER",
    "BLOB": "BLOB",
    "TEXT": "TEXT",
    "END": "STRICT",
}
_SERVER = {
    "TABLE": "UNLOGGED TABLE",
    "INDEX": "INDEX",
    "INTEGER": "BIGINT",
    "BLOB": "BYTEA",
    "TEXT": 'TEXT COLLATE "C"',
    "END": "",
}

# `leader` is PROCESS.NUMBER and is used for one flight only; `wanted` counts the processes that
# follow it, and holds until `wanted_us`: only then are its parts written.
_FLIGHT = """
CREATE {TABLE} flight (
  name {BLOB} NOT NULL PRIMARY KEY,
  leader {TEXT} NOT NULL,
  lease_us {INTEGER} NOT NULL,
  wanted {INTEGER} NOT NULL,
  wanted_us {INTEGER} NOT NULL
) {END}
"""

_WANTED = "CREATE {INDEX} flight_wanted ON flight (leader) WHERE wanted > 0"

_FLIGHT_PART = """
CREATE {TABLE} flight_part (
  leader {TEXT} NOT NULL,
  n {INTEGER} NOT NULL,
  at_us {INTEGER} NOT NULL,
  data {BLOB} NOT NULL,
  PRIMARY KEY (leader, n)
) {END}
"""


def lay(connection: Connection) -> None:
    """Make the tables; in a file they may be there already."""
    types = _FILE if on_file(connection) else _SERVER
    for text in (_FLIGHT, _WANTED, _FLIGHT_PART):
        connection.execute(text.format(**types))
