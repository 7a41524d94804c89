"""Owns the shape of headgate.db: a list of named migrations, and the one way to apply them.

Rule 1: a migration that has been released is never edited; a change is a new one at the end.
Rule 2: all pending migrations run in one exclusive transaction: two processes that start at
once see either the old shape or the new one, and only one of them does the work.
Rule 3: a shape newer than this program knows is refused, never guessed at.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

APPLICATION_ID = (
    0x48474C31  # "HGL1", in the file's header: tells our file from any other SQLite
)
MINIMUM_SQLITE = (3, 37, 0)  # STRICT tables


class SchemaError(Exception):
    """The file is a database, but not one this program may write to."""


def _first_shape(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT")
    connection.executemany(
        "INSERT INTO meta (name, value) VALUES (?, ?)",
        [("keys_version", 0), ("fingerprint_key", secrets.token_bytes(32))],
    )
    connection.execute(_CALL)
    connection.execute(_OWNER)
    connection.execute(_INTENT)
    connection.execute(_KEY)


# Two calls may carry the same X-Request-ID, so the id is no key: seq is. Nor has it an index,
# because ids are random: a page of the index per row would double the cost of every commit.
_CALL = """
CREATE TABLE call (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  took_us INTEGER NOT NULL,
  ttft_us INTEGER NOT NULL,
  surface TEXT NOT NULL,
  key_id TEXT NOT NULL,
  session TEXT NOT NULL,
  agent TEXT NOT NULL,
  tags TEXT NOT NULL,
  client TEXT NOT NULL,
  latency_class TEXT NOT NULL,
  model_asked TEXT NOT NULL,
  route TEXT NOT NULL,
  provider TEXT NOT NULL,
  credential TEXT NOT NULL,
  model_sent TEXT NOT NULL,
  model_served TEXT NOT NULL,
  upstream_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  fault TEXT NOT NULL,
  ending TEXT NOT NULL,
  stream INTEGER NOT NULL,
  canned INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  maybe_billed INTEGER NOT NULL,
  tries_json TEXT,
  input_fresh INTEGER NOT NULL,
  cache_read INTEGER NOT NULL,
  cache_write_5m INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL,
  cache_write_30m INTEGER NOT NULL,
  cache_write_12h INTEGER NOT NULL,
  output INTEGER NOT NULL,
  reasoning_of_output INTEGER NOT NULL,
  web_searches INTEGER NOT NULL,
  usage_from TEXT NOT NULL,
  tier TEXT NOT NULL,
  speed TEXT NOT NULL,
  geo TEXT NOT NULL,
  input_nusd INTEGER NOT NULL,
  cache_read_nusd INTEGER NOT NULL,
  cache_write_nusd INTEGER NOT NULL,
  output_nusd INTEGER NOT NULL,
  search_nusd INTEGER NOT NULL,
  cost_nusd INTEGER NOT NULL,
  price_version TEXT NOT NULL,
  priced_by TEXT NOT NULL,
  max_output INTEGER NOT NULL,
  request_bytes INTEGER NOT NULL,
  reply_bytes INTEGER NOT NULL,
  tools_offered INTEGER NOT NULL,
  tools_called INTEGER NOT NULL,
  prefix BLOB,
  reply_hash BLOB,
  batch_id TEXT NOT NULL,
  warnings TEXT NOT NULL,
  simulated INTEGER NOT NULL
) STRICT
"""

_OWNER = """
CREATE TABLE owner (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  lock TEXT NOT NULL,
  pid INTEGER NOT NULL,
  started_us INTEGER NOT NULL,
  batch INTEGER NOT NULL
) STRICT
"""

_INTENT = """
CREATE TABLE intent (
  n INTEGER PRIMARY KEY,
  owner INTEGER NOT NULL,
  state TEXT NOT NULL,
  id TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  surface TEXT NOT NULL,
  model_asked TEXT NOT NULL,
  provider TEXT NOT NULL,
  model_sent TEXT NOT NULL,
  input_estimate INTEGER NOT NULL,
  max_output INTEGER NOT NULL
) STRICT
"""

_KEY = """
CREATE TABLE "key" (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  last4 TEXT NOT NULL,
  name TEXT NOT NULL,
  team TEXT,
  created_us INTEGER NOT NULL,
  expires_us INTEGER,
  revoked_us INTEGER
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the file's shape; its place in the list is its version."""

    name: str
    apply: Callable[[sqlite3.Connection], None]


MIGRATIONS: list[Migration] = [
    Migration("calls, intents, owners, keys", _first_shape),
]


def version(connection: sqlite3.Connection) -> int:
    """How many migrations the file has seen; SchemaError if it is not ours or too new."""
    ours = connection.execute("PRAGMA application_id").fetchone()[0]
    seen = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if ours != APPLICATION_ID and (ours or tables or seen):
        raise SchemaError("it is an SQLite database of another program, not a Headgate ledger")
    if seen > len(MIGRATIONS):
        raise SchemaError(
            f"it was written by a newer Headgate (shape {seen}, this program knows"
            f" {len(MIGRATIONS)}): upgrade this Headgate, or name another ledger"
        )
    return seen


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Bring the file to the newest shape; the names of what was applied."""
    if version(connection) == len(MIGRATIONS):
        return []
    connection.execute("BEGIN EXCLUSIVE")
    try:
        pending = MIGRATIONS[version(connection) :]  # another process may have been first
        for migration in pending:
            migration.apply(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return [migration.name for migration in pending]
