"""Owns how a ClickHouse warehouse is asked the questions of the book: of a table that sealed
segments were loaded into.

Rule 1: the table is called `book`, as the view is, in the database that the URL names; its
columns are those of a segment, so that segments are loaded as they are.
Rule 2: loading a segment twice does no harm: of rows that are one call, one counts.
Rule 3: the driver is loaded when a warehouse is opened, and never otherwise; a password is
never shown.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from headgate.ledger.book.columns import BOOK, Column
from headgate.ledger.book.hot import ALWAYS, Window
from headgate.ledger.book.tongue import CLICKHOUSE
from headgate.store.sql import StoreError

TABLE = "book"
SCHEMES = ("clickhouse", "clickhouses", "chdb")
_KINDS = {
    "BIGINT": "Int64",
    "VARCHAR": "String",
    "BLOB": "String",
    "UBIGINT": "UInt64",
    "UBIGINT[]": "Array(UInt64)",
    "UINTEGER[]": "Array(UInt32)",
}
_KEYS = "at_us, source, import_id, id, seq"
_SETTINGS = {
    "final": 1,
    "prefer_column_name_to_alias": 1,  # as DuckDB has it
    "max_execution_time": 120,
}


class Warehouse:
    """Answers questions like a Book."""

    tongue = CLICKHOUSE

    def __init__(self, client: Any, window: Window, shown: str) -> None:
        self._client = client
        self.window = window
        self._shown = shown

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All that a question finds."""
        settings: dict[str, Any] = dict(_SETTINGS)
        if self.window != ALWAYS:
            bounds = f"at_us >= {self.window.since_us:d} AND at_us < {self.window.until_us:d}"
            settings["additional_table_filters"] = f"{{'{TABLE}': '{bounds}'}}"
        with _told(self._shown):
            answer = self._client.query(sql, settings=settings)
            return [tuple(row) for row in answer.result_rows]

    @functools.cached_property
    def sources(self) -> list[str]:
        """Where its rows come from."""
        return [row[0] for row in self.rows("SELECT DISTINCT source FROM book ORDER BY 1")]

    def make(self) -> None:
        """Make the table, unless it is there."""
        with _told(self._shown):
            self._client.command(table_text())

    def load(self, files: Sequence[Path]) -> None:
        """Put segments into the table."""
        with _told(self._shown):
            for file in files:
                self._client.raw_insert(TABLE, insert_block=file.read_bytes(), fmt="Parquet")


def table_text() -> str:
    """What makes the table."""
    columns = ",\n  ".join(f"{it.name} {_kind(it)}" for it in BOOK)
    return (
        f"CREATE TABLE IF NOT EXISTS {TABLE} (\n  {columns}\n)"
        f" ENGINE = ReplacingMergeTree ORDER BY ({_KEYS})"
    )


def _kind(column: Column) -> str:
    kind = _KINDS[column.kind]
    if column.default == "NULL":
        return f"Nullable({kind})"
    return kind if column.default in ("0", "''", "[]") else f"{kind} DEFAULT {column.default}"


@contextlib.contextmanager
def open_warehouse(url: str, window: Window = ALWAYS) -> Iterator[Warehouse]:
    """The warehouse at clickhouse://USER:PASSWORD@HOST:PORT/DATABASE (clickhouses:// with
    TLS), or in a folder of this machine: chdb:///FOLDER."""
    shown, options = _read(url)
    try:
        import clickhouse_connect
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "clickhouse_connect":
            raise
        raise StoreError(
            "a warehouse needs the package clickhouse-connect, which is not installed",
            "pip install 'headgate[clickhouse]'",
        ) from None
    with _told(shown):
        client: Any = clickhouse_connect.get_client(**options)
    try:
        yield Warehouse(client, window, shown)
    finally:
        client.close()


def _read(url: str) -> tuple[str, dict[str, Any]]:
    """(as it may be shown, what the driver is told)"""
    hint = "write clickhouse://USER:PASSWORD@HOST:8123/DATABASE"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise StoreError("the warehouse's url is no URL", hint) from None
    if parts.scheme not in SCHEMES:
        raise StoreError("the warehouse's url must begin with clickhouse://", hint)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if parts.scheme == "chdb":
        return shown, {"dsn": url}
    if not parts.hostname:
        raise StoreError(f"the warehouse's url {shown} names no host", hint)
    secure = parts.scheme == "clickhouses"
    return shown, {
        "host": parts.hostname,
        "port": port or (8443 if secure else 8123),
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "database": parts.path.strip("/") or "default",
        "secure": secure,
        "connect_timeout": 5,
    }


@contextlib.contextmanager
def _told(shown: str) -> Iterator[None]:
    from clickhouse_connect.driver.exceptions import Error

    try:
        yield
    except Error as error:
        words = str(error).strip().split("\n")[0][:300]
        unknown = "UNKNOWN_TABLE" in str(error) or "UNKNOWN_IDENTIFIER" in str(error)
        hint = (
            "`headgate report warehouse URL --load FOLDER` makes its table and loads segments"
            if unknown
            else "is the server running, and do user, password and database of the url fit"
        )
        raise StoreError(f"the warehouse {shown} does not answer: {words}", hint) from None
