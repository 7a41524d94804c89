"""The file's shape: reached once, by whoever comes first, and never guessed at."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.ledger.record import COLUMNS, Intent
from headgate.store import schema


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    found = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return [name for (name,) in found]


def test_the_call_table_has_the_entrys_columns_in_its_order(
    connection: sqlite3.Connection,
) -> None:
    schema.migrate(connection)
    assert columns(connection, "call") == ["seq", *COLUMNS]


def test_the_intent_table_has_the_intents_columns(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)
    assert columns(connection, "intent") == ["n", "owner", "state", *Intent._fields]


def test_every_table_refuses_values_of_another_type(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)
    loose = connection.execute(
        "SELECT name FROM pragma_table_list WHERE strict = 0 AND name NOT LIKE 'sqlite_%'"
    )
    assert loose.fetchall() == []


def test_no_key_column_could_hold_a_secret(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)
    assert set(columns(connection, "key")).isdisjoint({"secret", "key", "token"})


def test_a_second_migration_has_nothing_to_do(connection: sqlite3.Connection) -> None:
    assert schema.migrate(connection) == [step.name for step in schema.MIGRATIONS]
    assert schema.migrate(connection) == []


def test_a_later_migration_is_applied_to_an_older_file(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.migrate(connection)

    def widen(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE call ADD COLUMN mood TEXT NOT NULL DEFAULT ''")

    later = [*schema.MIGRATIONS, schema.Migration("mood", widen)]
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    assert schema.migrate(connection) == ["mood"]
    assert columns(connection, "call")[-1] == "mood"


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.migrate(connection)

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (a)")
        raise OSError("the power went")

    monkeypatch.setattr(
        schema, "MIGRATIONS", [*schema.MIGRATIONS, schema.Migration("half", half)]
    )
    with pytest.raises(OSError, match="power"):
        schema.migrate(connection)
    assert columns(connection, "half") == []
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_file_of_a_newer_headgate_is_refused(connection: sqlite3.Connection) -> None:
    schema.migrate(connection)
    connection.execute("PRAGMA user_version = 99")
    with pytest.raises(schema.SchemaError, match=r"newer Headgate.*upgrade this Headgate"):
        schema.migrate(connection)


def test_another_programs_database_is_refused_and_left_alone(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("CREATE TABLE diary (page TEXT)")
    with pytest.raises(schema.SchemaError, match="another program"):
        schema.migrate(connection)
    assert columns(connection, "call") == []


@pytest.mark.slow
def test_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    script = (
        "import pathlib, sys\n"
        "from headgate.store import schema, sqlite\n"
        "sys.stdin.readline()\n"
        "connection = sqlite.connect(pathlib.Path(sys.argv[1]))\n"
        "sql = 'SELECT value FROM meta WHERE name = ?'\n"
        "print(connection.execute(sql, ('fingerprint_key',)).fetchone()[0].hex())\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    keys = {racer.communicate()[0] for racer in racers}
    assert [racer.returncode for racer in racers] == [0] * 6
    assert len(keys) == 1
