"""Owns the shape of headgate.db: a list of named migrations, and the one way to apply them.

Rule 1: a migration that has been released is never edited; a change is a new one at the end.
Rule 2: all pending migrations run in one exclusive transaction: two processes that upgrade at
once see either the old shape or the new one, and only one of them does the work.
Rule 3: a shape newer than this program knows is refused, never guessed at.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from headgate.store import shape_book, shape_caching
from headgate.store.sql import Connection, moment

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


def _tenancy(connection: sqlite3.Connection) -> None:
    """Organisations, teams, secrets that rotate, whom a row is charged to, spend by the day."""
    for text in (_TENANT, _NEW_KEY, _HASHES, _SPEND):
        connection.execute(text)
    now = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
    connection.execute(
        "INSERT INTO tenant (id, level, parent, name, created_us) VALUES"  # noqa: S608 - constant text
        f" ('{DEFAULT_ORGANISATION}', 'organisation', '', 'default', {now}),"
        f" ('{DEFAULT_TEAM}', 'team', '{DEFAULT_ORGANISATION}', 'default', {now})"
    )
    connection.execute(
        "INSERT INTO tenant (id, level, parent, name, created_us)"  # noqa: S608 - constant text
        f" SELECT 't_' || lower(hex(randomblob(5))), 'team', '{DEFAULT_ORGANISATION}',"
        ' trim(team), min(created_us) FROM "key"'
        " WHERE trim(coalesce(team, '')) NOT IN ('', 'default') GROUP BY trim(team)"
    )
    connection.execute(
        "INSERT INTO new_key (id, name, team_id, created_us, expires_us, revoked_us)"  # noqa: S608 - constant text
        f" SELECT old.id, old.name, coalesce(t.id, '{DEFAULT_TEAM}'), old.created_us,"
        ' old.expires_us, old.revoked_us FROM "key" AS old LEFT JOIN tenant AS t'
        " ON t.level = 'team' AND t.name = trim(old.team)"
    )
    connection.execute(
        "INSERT INTO secret (hash, key_id, last4, created_us)"
        ' SELECT hash, id, last4, created_us FROM "key"'
    )
    connection.execute('DROP TABLE "key"')
    connection.execute('ALTER TABLE new_key RENAME TO "key"')
    for column in ("organisation", "team", "cost_centre", "key_tags"):
        connection.execute(f"ALTER TABLE call ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    connection.execute(
        "INSERT INTO spend SELECT key_id, at_us / 86400000000, count(*),"
        " CAST(total(cost_nusd) AS INTEGER) FROM call GROUP BY 1, 2"
    )


DEFAULT_ORGANISATION, DEFAULT_TEAM = "o_default", "t_default"
"""what keys belong to that were given nothing else"""

_TRAITS = """
  cost_centre TEXT NOT NULL DEFAULT '',
  tags TEXT NOT NULL DEFAULT '[]',
  models TEXT NOT NULL DEFAULT '[]',
  surfaces TEXT NOT NULL DEFAULT '[]',
  metadata TEXT NOT NULL DEFAULT '{}'
"""

_TENANT = f"""
CREATE TABLE tenant (
  id TEXT PRIMARY KEY,
  level TEXT NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  archived_us INTEGER,
  {_TRAITS},
  UNIQUE (parent, name)
) STRICT
"""

_NEW_KEY = f"""
CREATE TABLE new_key (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  team_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  expires_us INTEGER,
  revoked_us INTEGER,
  {_TRAITS}
) STRICT
"""

# used_day counts days since 1970: enough to tell whether the old secret is still in use.
_HASHES = """
CREATE TABLE secret (
  hash BLOB PRIMARY KEY,
  key_id TEXT NOT NULL,
  last4 TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  ends_us INTEGER,
  used_day INTEGER NOT NULL DEFAULT 0
) STRICT
"""

# What a key spent is asked often, and a month of rows is long: so the sums are kept with them.
_SPEND = """
CREATE TABLE spend (
  key_id TEXT NOT NULL,
  day INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  cost_nusd INTEGER NOT NULL,
  PRIMARY KEY (key_id, day)
) STRICT, WITHOUT ROWID
"""


def _caps(connection: sqlite3.Connection) -> None:
    """Limits and budgets, what is charged to whom, leases, administrators and their log."""
    connection.execute("ALTER TABLE spend RENAME TO old_spend")
    for text in (_CHARGED, _LEASE, _FLOW, _EVENT, _DUE, _ADMIN_KEY, _ADMIN_LOG, _SHARED_CONFIG):
        connection.execute(text)
    connection.execute(_BURIED)
    connection.execute("ALTER TABLE meta ADD COLUMN secret BLOB")
    connection.execute(
        "UPDATE meta SET secret = value, value = 0 WHERE name = 'fingerprint_key'"
    )
    connection.execute("ALTER TABLE secret RENAME TO old_secret")
    connection.execute(_HASHES_IN_ORDER)
    connection.execute(
        "INSERT INTO secret (hash, key_id, last4, created_us, ends_us, used_day) SELECT hash,"
        " key_id, last4, created_us, ends_us, used_day FROM old_secret ORDER BY rowid"
    )
    connection.execute("DROP TABLE old_secret")
    connection.execute("CREATE INDEX spend_owner ON spend (owner) WHERE owner <> 0")
    connection.execute(_ADMIN_HEAD)
    connection.execute(
        "INSERT INTO admin_head (one, count, hash, seal) VALUES (1, 0, ?, ?)",
        (bytes(32), bytes(32)),
    )
    for verb in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER admin_log_{verb.lower()} BEFORE {verb} ON admin_log"
            " BEGIN SELECT RAISE(ABORT, 'admin_log is append-only'); END"
        )
    connection.execute(
        "CREATE TRIGGER admin_log_replace BEFORE INSERT ON admin_log"  # REPLACE deletes unheard
        " WHEN EXISTS (SELECT 1 FROM admin_log WHERE seq = NEW.seq)"
        " BEGIN SELECT RAISE(ABORT, 'admin_log is append-only'); END"
    )
    connection.execute(
        "INSERT INTO spend (account, day, owner, calls, cost_nusd)"
        " SELECT 'key:' || key_id, day, 0, calls, cost_nusd FROM old_spend WHERE key_id <> ''"
        " UNION ALL SELECT 'house', day, 0, sum(calls), sum(cost_nusd)"
        " FROM old_spend GROUP BY 2"
        " UNION ALL SELECT 'team:' || k.team_id, day, 0, sum(calls), sum(cost_nusd)"
        ' FROM old_spend JOIN "key" AS k ON k.id = key_id GROUP BY 1, 2'
        " UNION ALL SELECT 'organisation:' || t.parent, day, 0, sum(calls), sum(cost_nusd)"
        ' FROM old_spend JOIN "key" AS k ON k.id = key_id JOIN tenant AS t ON t.id = k.team_id'
        " GROUP BY 1, 2"
    )
    connection.execute("DROP TABLE old_spend")
    for table in ('"key"', "tenant"):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN caps TEXT NOT NULL DEFAULT '{{}}'")
    for column, kind in (
        ("charged", "TEXT NOT NULL DEFAULT ''"),
        ("waited_us", "INTEGER NOT NULL DEFAULT 0"),
        ("chosen_by", "TEXT NOT NULL DEFAULT ''"),
    ):
        connection.execute(f"ALTER TABLE call ADD COLUMN {column} {kind}")
    for column, kind in (
        ("charged", "TEXT NOT NULL DEFAULT ''"),
        ("probable_nusd", "INTEGER NOT NULL DEFAULT 0"),
    ):
        connection.execute(f"ALTER TABLE intent ADD COLUMN {column} {kind}")
    connection.execute("ALTER TABLE owner ADD COLUMN host TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE owner ADD COLUMN alive_us INTEGER NOT NULL DEFAULT 0")


# By owner, so that what a process was granted and what it has spent of that can be told apart:
# a lease is the difference, and a commit of rows moves no lease. Owner 0 is all that are gone.
_CHARGED = """
CREATE TABLE spend (
  account TEXT NOT NULL,
  day INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  cost_nusd INTEGER NOT NULL,
  PRIMARY KEY (account, day, owner)
) STRICT, WITHOUT ROWID
"""

# Who died, and which batch of rows was its last: should it come back after all, it knows what
# of its own was committed.
_BURIED = """
CREATE TABLE buried (
  n INTEGER PRIMARY KEY,
  lock TEXT NOT NULL,
  batch INTEGER NOT NULL,
  at_us INTEGER NOT NULL
) STRICT
"""

# Numbered, because PostgreSQL has no rowid that tells which came first.
_HASHES_IN_ORDER = """
CREATE TABLE secret (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB NOT NULL UNIQUE,
  key_id TEXT NOT NULL,
  last4 TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  ends_us INTEGER,
  used_day INTEGER NOT NULL DEFAULT 0
) STRICT
"""

_LEASE = """
CREATE TABLE lease (
  account TEXT NOT NULL,
  span INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  granted INTEGER NOT NULL,
  PRIMARY KEY (account, span, owner)
) STRICT, WITHOUT ROWID
"""

_FLOW = """
CREATE TABLE flow (
  account TEXT PRIMARY KEY,
  level INTEGER NOT NULL,
  at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""

# `once` keeps an event from being noted twice, whichever process sees it first. `due_us` is
# when it may be delivered next; whoever moves it on has it for that long. NULL: never again.
_EVENT = """
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at_us INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  once TEXT NOT NULL UNIQUE,
  detail TEXT NOT NULL,
  due_us INTEGER,
  delivered_us INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  answer TEXT NOT NULL DEFAULT ''
) STRICT
"""

_DUE = "CREATE INDEX event_due ON event (due_us) WHERE due_us IS NOT NULL"

_ADMIN_KEY = """
CREATE TABLE admin_token (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  last4 TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  scopes TEXT NOT NULL DEFAULT '[]',
  created_us INTEGER NOT NULL,
  expires_us INTEGER,
  revoked_us INTEGER
) STRICT
"""

_ADMIN_LOG = """
CREATE TABLE admin_log (
  seq INTEGER PRIMARY KEY,
  at_us INTEGER NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT
"""

# How long the log is and its last hash: without them rows could be cut off its end unnoticed.
_ADMIN_HEAD = """
CREATE TABLE admin_head (
  one INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  hash BLOB NOT NULL,
  seal BLOB NOT NULL
) STRICT
"""

_SHARED_CONFIG = """
CREATE TABLE shared_config (
  version INTEGER PRIMARY KEY AUTOINCREMENT,
  at_us INTEGER NOT NULL,
  actor TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the file's shape; its place in the list is its version."""

    name: str
    apply: Callable[[sqlite3.Connection], None]
    on_server: Callable[[Connection], None] | None = None
    """the same on PostgreSQL, where a store begins with the third shape"""


MIGRATIONS: list[Migration] = [
    Migration("calls, intents, owners, keys", _first_shape),
    Migration("organisations, teams, rotation, spend by the day", _tenancy),
    Migration("limits, budgets, leases, events, administrators", _caps),
    Migration("caches, keyed calls", shape_caching.apply, shape_caching.apply),
    Migration("segments, imports, reports", shape_book.apply, shape_book.apply),
]


def _header(connection: sqlite3.Connection) -> list[int]:
    questions = (
        "PRAGMA application_id",
        "PRAGMA user_version",
        "SELECT count(*) FROM sqlite_schema",
    )
    return [int(connection.execute(each).fetchone()[0]) for each in questions]


def version(connection: sqlite3.Connection) -> int:
    """How many migrations the file has seen; SchemaError if it is not ours or too new."""
    if connection.in_transaction:
        ours, seen, tables = _header(connection)
    else:
        with moment(connection):  # else it may be given its shape between two of the questions
            ours, seen, tables = _header(connection)
    if ours != APPLICATION_ID and (ours or tables or seen):
        raise SchemaError("it is an SQLite database of another program, not a Headgate ledger")
    if seen > len(MIGRATIONS):
        raise SchemaError(
            f"it was upgraded by a newer Headgate (shape {seen}, this program knows"
            f" {len(MIGRATIONS)}): upgrade this Headgate, or name another ledger"
        )
    return seen


def pending(seen: int) -> list[str]:
    """What an upgrade of a store of that shape would do."""
    return [migration.name for migration in MIGRATIONS[seen:]]


def migrate(
    connection: sqlite3.Connection, before: Callable[[int], None] | None = None
) -> list[str]:
    """Bring the file to the newest shape; the names of what was applied.

    `before` is told the old shape when there is one, while nobody can write to the file.
    """
    if version(connection) == len(MIGRATIONS):
        return []
    connection.execute("BEGIN EXCLUSIVE")
    try:
        seen = version(connection)  # another process may have been first
        ahead = MIGRATIONS[seen:]
        if before is not None and ahead and seen:
            before(seen)
        for migration in ahead:
            migration.apply(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return [migration.name for migration in ahead]
