"""The file's shape: reached once, when asked for, and never guessed at."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.ledger.record import COLUMNS, Intent
from headgate.store import schema
from headgate.store.keys import Keys, listing
from headgate.store.sqlite import connect, upgrade
from headgate.store.tenant import TEAM, find


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def test_what_is_done_before_an_upgrade_knows_the_old_shape_and_stops_it(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    schema.migrate(connection, told.append)
    assert told == []  # a new file has nothing that could be kept
    newest = len(schema.MIGRATIONS)
    more = [*schema.MIGRATIONS, schema.Migration("more", lambda _: None)]
    monkeypatch.setattr(schema, "MIGRATIONS", more)

    def fail(_: int) -> None:
        raise OSError("no room for a copy")

    with pytest.raises(OSError, match="no room"):
        schema.migrate(connection, fail)
    assert schema.version(connection) == newest
    assert schema.migrate(connection, told.append) == ["more"]
    assert told == [newest]


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
    for table in ("key", "secret"):
        assert set(columns(connection, table)).isdisjoint({"secret", "key", "token"})


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

    before = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", [*before, schema.Migration("half", half)])
    with pytest.raises(OSError, match="power"):
        schema.migrate(connection)
    assert columns(connection, "half") == []
    assert connection.execute("PRAGMA user_version").fetchone() == (len(before),)


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


OLD = Path(__file__).parent / "old" / "shape-1.db"
"""written by the Headgate before teams: three calls and six keys, one of them revoked"""
SECRETS = {
    "alice": "hg-weXfR9KPa4-tZK7zW-RYm9Tyr3lQ4xaiZHxPmG6Haf0",
    "bob": "hg-hzvOoTeTabcOIJtlyGYjdqHJ0PtSWT_sYgrAO4Pt4cg",
    "carol": "hg-ahBFBunS3-MML_mPb2zTYYd_kpHxDfOWEJ4R-1o54zU",
    "dave": "hg-VyGcRekbgJ5pTqS_PlyYOpD4d5Mm98pE8hYRCKCFNiA",
    "erin": "hg-HfxACfmQ6kFK4Y9IXJUlqlD4yEm3BX2r_bVuwSbNU4Y",
    "frank": "hg-giRKSRUkKBbI5tqQ7ANTdDxza3jau82bPuIhepWr8N8",
}


def upgraded(folder: Path) -> Path:
    """The old file, brought to the newest shape."""
    path = folder / "headgate.db"
    shutil.copy(OLD, path)
    upgrade(path)
    return path


def test_a_file_of_the_first_shape_is_upgraded_in_place_with_its_keys(tmp_path: Path) -> None:
    path = upgraded(tmp_path)
    with contextlib.closing(Keys(path)) as gate:
        found = {name: gate.find(secret) for name, secret in SECRETS.items()}
        assert gate.refusal(SECRETS["dave"]) == "revoked"
    teams = {name: key.team.label for name, key in found.items() if key is not None}
    assert teams == {
        "alice": "default/search",
        "bob": "default/default",
        "carol": "default/search",
        "erin": "default/default",
        "frank": "default/default",
    }
    carol = found["carol"]
    assert carol is not None
    assert carol.expires_us == 4_000_000_000_000_000


def test_an_upgraded_file_keeps_its_rows_and_knows_what_was_spent(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(OLD)) as old:
        before = old.execute("SELECT * FROM call ORDER BY seq").fetchall()
    path = upgraded(tmp_path)
    with contextlib.closing(connect(path)) as connection:
        after = connection.execute("SELECT * FROM call ORDER BY seq").fetchall()
        sums = connection.execute(
            "SELECT name, calls, cost_nusd FROM spend JOIN \"key\" ON account = 'key:' || id"
            " ORDER BY name"
        ).fetchall()
        house = connection.execute(
            "SELECT substr(account, 1, 5), sum(calls), sum(cost_nusd) FROM spend"
            " WHERE account NOT LIKE 'key:%' GROUP BY account ORDER BY account"
        ).fetchall()
        kept = sorted(key.name for key in listing(connection))
        again = connection.execute("PRAGMA integrity_check").fetchone()
    assert len(before) == 3
    assert [row[: len(before[0])] for row in after] == before
    assert {row[len(before[0]) :] for row in after} == {
        ("", "", "", "", "", 0, "", *(0, "", "", "", "", 0, "", 0))
    }
    assert house[0] == ("house", 3, 67_800)
    assert [name for name, _, _ in house[1:]] == ["organ", *["team:"] * (len(house) - 2)]
    assert sum(cost for name, _, cost in house if name == "team:") == 67_800
    assert sums == [("alice", 2, 44_200), ("bob", 1, 23_600)]
    assert kept == sorted(SECRETS)
    assert again == ("ok",)


def test_a_team_of_the_first_shape_may_have_a_name_that_would_be_refused_today(
    tmp_path: Path,
) -> None:
    with contextlib.closing(connect(upgraded(tmp_path))) as connection:
        assert find(connection, TEAM, "a/b c").label == "default/a/b c"


@pytest.mark.slow
def test_processes_that_start_at_once_on_a_new_file_make_it_once(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    script = (
        "import pathlib, sys\n"
        "from headgate.store import schema, sqlite\n"
        "sys.stdin.readline()\n"
        "connection = sqlite.connect(pathlib.Path(sys.argv[1]))\n"
        "sql = 'SELECT secret FROM meta WHERE name = ?'\n"
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
