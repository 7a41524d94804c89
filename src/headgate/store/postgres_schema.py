"""Owns the shape of a store on PostgreSQL: the same tables and columns as in headgate.db.

Rule 1: the first shape is the file's third, read from a file of that shape made in memory;
from then on a migration says what it does to either.
Rule 2: nothing but an upgrade that was asked for changes it, in one transaction and alone.
Rule 3: text is compared byte by byte, as in a file, whatever the database's language.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from headgate.store import schema
from headgate.store.server import Server
from headgate.store.sql import UPGRADES, Connection, StoreError, alone, transaction

SCHEMA = "headgate"
FIRST = 3
"""the shape of a file that a server begins with"""
_TYPES = {"INTEGER": "BIGINT", "ANY": "BIGINT", "BLOB": "BYTEA", "TEXT": 'TEXT COLLATE "C"'}


def version(connection: Connection) -> int:
    """How many migrations the store has seen; 0: there is none yet."""
    found = connection.execute("SELECT to_regclass(?)", (f"{SCHEMA}.meta",)).fetchone()
    if found[0] is None:
        return 0
    row = connection.execute("SELECT value FROM meta WHERE name = 'shape'").fetchone()
    if row is None:
        raise StoreError(
            f"the schema {SCHEMA} of that database belongs to another program",
            "name another database in [store] url",
        )
    return int(row[0])


def check(connection: Connection, server: Server) -> None:
    """StoreError unless the store's shape is the one this program writes."""
    seen, newest = version(connection), len(schema.MIGRATIONS)
    if seen == newest:
        return
    if seen > newest:
        raise newer(str(server), seen)
    what = f"has an older shape ({seen}; this Headgate writes {newest})"
    if not seen:
        what = "holds no tables of Headgate yet"
    raise StoreError(f"the store {server} {what}", "`headgate db upgrade` brings it up to date")


def newer(place: str, seen: int) -> StoreError:
    """The refusal of a store that a later program has upgraded."""
    return StoreError(
        f"the store {place} was upgraded by a newer Headgate (shape {seen}, this program knows"
        f" {len(schema.MIGRATIONS)})",
        "upgrade this Headgate, or name another store",
    )


def upgrade(connection: Connection) -> list[str]:
    """Bring the store to the newest shape; the names of what was applied."""
    newest = len(schema.MIGRATIONS)
    with transaction(connection):
        alone(connection, UPGRADES)
        seen = version(connection)  # another process may have been first
        if seen > newest:
            raise newer("there", seen)
        if seen == newest:
            return []
        names = schema.pending(seen)
        if not seen:
            for text in _first_shape():
                connection.execute(text)
            _first_rows(connection)
            seen = FIRST
        for migration in schema.MIGRATIONS[seen:]:
            assert migration.on_server is not None, f"{migration.name} has no server's part"
            migration.on_server(connection)
        connection.execute("UPDATE meta SET value = ? WHERE name = 'shape'", (newest,))
    return names


@contextlib.contextmanager
def _pattern() -> Iterator[sqlite3.Connection]:
    """A new file of the shape a server begins with."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as pattern:
        for migration in schema.MIGRATIONS[:FIRST]:
            migration.apply(pattern)
        yield pattern


def _tables(pattern: sqlite3.Connection) -> list[str]:
    rows = pattern.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " ORDER BY rowid"
    )
    return [name for (name,) in rows]


def _first_shape() -> Iterator[str]:
    yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
    with _pattern() as pattern:
        for table in _tables(pattern):
            yield _table(pattern, table)
        for (text,) in pattern.execute(
            "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        ):
            yield text
    yield _REFUSE
    yield (
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
    )


_REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'admin_log is append-only'; END $$
"""


def _table(pattern: sqlite3.Connection, table: str) -> str:
    """CREATE TABLE as PostgreSQL reads it."""
    made = pattern.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    columns = pattern.execute(
        'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', (table,)
    ).fetchall()
    lines, key = [], [name for name, *_, place in sorted(columns, key=_place) if place]
    for name, kind, needed, default, place in columns:
        words = [f'"{name}"', _TYPES[kind]]
        if place and "AUTOINCREMENT" in made[0]:
            words.append("GENERATED BY DEFAULT AS IDENTITY")
        if needed:
            words.append("NOT NULL")
        if default is not None:
            words.append(f"DEFAULT {default}")
        lines.append(" ".join(words))
    lines.append(f"PRIMARY KEY ({_quoted(key)})")
    for (index,) in pattern.execute(
        "SELECT name FROM pragma_index_list(?) WHERE origin = 'u'", (table,)
    ):
        unique = pattern.execute(
            "SELECT name FROM pragma_index_info(?) ORDER BY seqno", (index,)
        )
        lines.append(f"UNIQUE ({_quoted([name for (name,) in unique])})")
    return f'CREATE TABLE "{table}" ({", ".join(lines)})'


def _place(column: tuple[str, str, int, str | None, int]) -> int:
    return column[-1]


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _first_rows(connection: Connection) -> None:
    """What a new file holds, and the shape, which a file keeps in its header."""
    with _pattern() as pattern:
        for table in _tables(pattern):
            rows = pattern.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of ours
            names = [column[0] for column in rows.description]
            marks = ", ".join("?" * len(names))
            for row in rows:
                connection.execute(
                    f'INSERT INTO "{table}" ({_quoted(names)}) VALUES ({marks})',  # noqa: S608 - the same
                    row,
                )
    connection.execute("INSERT INTO meta (name, value) VALUES ('shape', ?)", (FIRST,))
