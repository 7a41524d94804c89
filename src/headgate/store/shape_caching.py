"""The fourth shape of the store: what caches planned, missed and saved, and keyed calls.

Rule 1: one text serves a file and a server; only the names of types differ.
Rule 2: replies are kept sealed, under names that nobody can guess back to what was asked.
"""

from __future__ import annotations

from headgate.store import shape_flights
from headgate.store.sql import Connection, on_file

_FILE = {
    "INTEGER": "INTEGER",
    "BLOB": "BLOB",
    "TEXT": "TEXT",
    "END": "STRICT, WITHOUT ROWID",
    "LARGE": "STRICT",  # rows with a reply in them would make every look-up long
}
_SERVER = {
    "INTEGER": "BIGINT",
    "BLOB": "BYTEA",
    "TEXT": 'TEXT COLLATE "C"',
    "END": "",
    "LARGE": "",
}

_CALL_COLUMNS = (
    ("uncached_nusd", "INTEGER", "0"),
    ("cache_plan", "TEXT", "''"),
    ("opening", "TEXT", "''"),
    ("miss", "TEXT", "''"),
    ("miss_at", "TEXT", "''"),
    ("miss_nusd", "INTEGER", "0"),
    ("answered_from", "TEXT", "''"),
    ("saved_nusd", "INTEGER", "0"),
)

# Conversations whose vendor binds its thoughts to what came before: marked from their first
# turn on, or never.
_MARKED = """
CREATE TABLE marked (
  name {BLOB} PRIMARY KEY,
  plan {TEXT} NOT NULL,
  until_us {INTEGER} NOT NULL
) {END}
"""

# `asked` is a hash of the request: the same key with another request is refused. A row that is
# running while its lease has run out, or its owner is signed in no more, means that nobody
# knows what became of the call. With `call_id`, `at_us` names the one run that may end it.
_KEYED = """
CREATE TABLE keyed (
  name {BLOB} NOT NULL PRIMARY KEY,
  state {TEXT} NOT NULL,
  asked {BLOB} NOT NULL,
  call_id {TEXT} NOT NULL,
  owner {INTEGER} NOT NULL,
  lease_us {INTEGER} NOT NULL,
  at_us {INTEGER} NOT NULL,
  ends_us {INTEGER} NOT NULL,
  reply {BLOB}
) {LARGE}
"""

_KEYED_ENDS = "CREATE INDEX keyed_ends ON keyed (ends_us)"

# What was measured of nearly the same questions: a row for every call that was looked at. Of
# several calls with one id, which clients may choose, each has its own.
_NEAR = """
CREATE TABLE near (
  at_us {INTEGER} NOT NULL,
  call_id {TEXT} NOT NULL,
  key_id {TEXT} NOT NULL,
  route {TEXT} NOT NULL,
  model {TEXT} NOT NULL,
  other_id {TEXT} NOT NULL,
  likeness {INTEGER} NOT NULL,
  verdict {TEXT} NOT NULL,
  agreed {INTEGER} NOT NULL,
  worth_nusd {INTEGER} NOT NULL,
  PRIMARY KEY (at_us, call_id)
) {END}
"""

_NEAR_REPORT = """
CREATE TABLE near_report (
  at_us {INTEGER} PRIMARY KEY,
  since_us {INTEGER} NOT NULL,
  calls {INTEGER} NOT NULL,
  candidates {INTEGER} NOT NULL,
  verified {INTEGER} NOT NULL,
  agreed {INTEGER} NOT NULL,
  accuracy {INTEGER} NOT NULL,
  low {INTEGER} NOT NULL,
  likeness {INTEGER} NOT NULL,
  model {TEXT} NOT NULL
) {END}
"""

_TABLES = (_MARKED, _KEYED, _KEYED_ENDS, _NEAR, _NEAR_REPORT)


def apply(connection: Connection) -> None:
    """From the third shape to the fourth."""
    types = _FILE if on_file(connection) else _SERVER
    for text in _TABLES:
        connection.execute(text.format(**types))
    if not on_file(connection):
        shape_flights.lay(connection)
    for column, kind, default in _CALL_COLUMNS:
        connection.execute(
            f"ALTER TABLE call ADD COLUMN {column} {types[kind]} NOT NULL DEFAULT {default}"
        )
    for table in ('"key"', "tenant"):
        connection.execute(
            f"ALTER TABLE {table} ADD COLUMN prompt_cache {types['TEXT']} NOT NULL DEFAULT ''"
        )
