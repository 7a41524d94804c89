"""The shape on a server: column for column that of a file, made once, when it is asked for."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest

from headgate.store import postgres_schema, schema
from headgate.store.place import connect, connect_reader
from headgate.store.postgres import connect_bare
from headgate.store.server import Server, read_url
from headgate.store.sql import Connection, ServerError, StoreError
from headgate.store.sqlite import connect as connect_file
from headgate.store.upgrade import upgrade
from tests.servers import Postgres

KINDS = {"INTEGER": "bigint", "ANY": "bigint", "TEXT": "text", "BLOB": "bytea"}


def test_every_column_of_a_file_is_on_a_server_in_the_same_place(
    server_store: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("file") / "headgate.db"
    with contextlib.closing(connect_file(path)) as file:
        expected = file.execute(
            'SELECT t.name, c.cid, c.name, c.type, c."notnull" OR c.pk FROM sqlite_schema AS t,'
            " pragma_table_info(t.name) AS c WHERE t.type = 'table'"
            " AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        ).fetchall()
        indexes = file.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
    with contextlib.closing(connect(server_store)) as server:
        found = server.execute(
            "SELECT table_name, ordinal_position - 1, column_name, data_type, is_nullable"
            " FROM information_schema.columns WHERE table_schema = 'headgate'"
            " AND table_name NOT LIKE 'flight%' ORDER BY 1, 2"  # these have a file of their own
        ).fetchall()
        there = server.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'headgate'"
        ).fetchall()
    assert [(str(t), int(n), str(c), k, a == "NO") for t, n, c, k, a in found] == [
        (table, n, name, KINDS[kind], bool(needed)) for table, n, name, kind, needed in expected
    ]
    assert set(indexes) <= set(there)


def test_a_new_server_holds_what_a_new_file_holds(server_store: Server) -> None:
    with contextlib.closing(connect(server_store)) as connection:
        names = connection.execute("SELECT id FROM tenant ORDER BY id").fetchall()
        (key,) = connection.execute(
            "SELECT secret FROM meta WHERE name = 'fingerprint_key'"
        ).fetchone()
    assert names == [("o_default",), ("t_default",)]
    assert len(key) == 32


def test_an_empty_database_is_left_alone_until_it_is_upgraded(postgres_url: str) -> None:
    server = read_url(postgres_url)
    for opener in (connect, connect_reader):
        with pytest.raises(StoreError, match="holds no tables of Headgate") as caught:
            opener(server)
        assert "headgate db upgrade" in caught.value.hint
    with contextlib.closing(connect_bare(server)) as connection:
        assert postgres_schema.version(connection) == 0
        assert len(postgres_schema.upgrade(connection)) == len(schema.MIGRATIONS)
        assert postgres_schema.upgrade(connection) == []
    connect(server).close()


@pytest.mark.parametrize(
    ("shape", "words", "hint"),
    [
        (2, r"older shape \(2", "headgate db upgrade"),
        (99, "upgraded by a newer Headgate", "upgrade this Headgate"),
    ],
)
def test_a_store_of_another_shape_is_refused_with_the_remedy(
    server_store: Server, shape: int, words: str, hint: str
) -> None:
    with contextlib.closing(connect_bare(server_store)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'shape'", (shape,))
    for opener in (connect, connect_reader):
        with pytest.raises(StoreError, match=words) as caught:
            opener(server_store)
        assert hint in caught.value.hint


def test_a_schema_of_another_program_is_refused_and_left_alone(
    postgres_url: str, postgres: Postgres
) -> None:
    name = postgres_url.rpartition("/")[2]
    postgres.run(
        "CREATE SCHEMA headgate; CREATE TABLE headgate.meta (name text, value int)", name
    )
    with pytest.raises(StoreError, match="belongs to another program"):
        upgrade(read_url(postgres_url))


def test_a_later_migration_is_applied_by_its_servers_part(
    server_store: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def widen(connection: Connection) -> None:
        connection.execute("ALTER TABLE call ADD COLUMN mood TEXT NOT NULL DEFAULT ''")

    more = [*schema.MIGRATIONS, schema.Migration("mood", widen, widen)]
    monkeypatch.setattr(schema, "MIGRATIONS", more)
    with pytest.raises(StoreError, match="older shape"):
        connect(server_store)
    assert upgrade(server_store).applied == ["mood"]
    with contextlib.closing(connect(server_store)) as connection:
        assert connection.execute("SELECT mood FROM call").fetchall() == []


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    server_store: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(connection: Connection) -> None:
        connection.execute("CREATE TABLE half (a BIGINT)")
        connection.execute("nonsense")

    before = schema.MIGRATIONS
    monkeypatch.setattr(
        schema, "MIGRATIONS", [*before, schema.Migration("half", lambda _: None, half)]
    )
    with pytest.raises(StoreError, match="nonsense"):
        upgrade(server_store)
    with contextlib.closing(connect_bare(server_store)) as connection:
        assert postgres_schema.version(connection) == len(before)
        found = connection.execute("SELECT to_regclass('headgate.half')").fetchone()
        assert found == (None,)


def test_every_migration_after_the_first_shape_has_a_servers_part() -> None:
    later = schema.MIGRATIONS[postgres_schema.FIRST :]
    assert all(migration.on_server is not None for migration in later)


def test_the_log_of_administrators_can_only_grow(server_store: Server) -> None:
    with contextlib.closing(connect(server_store)) as connection:
        for sql in ("DELETE FROM admin_log", "UPDATE admin_log SET actor = ''"):
            with pytest.raises(ServerError, match="append-only"):
                connection.execute(sql)


@pytest.mark.slow
def test_of_several_that_upgrade_at_once_one_does_the_work(postgres_url: str) -> None:
    script = (
        "import sys\n"
        "from headgate.store.server import read_url\n"
        "from headgate.store.upgrade import upgrade\n"
        "sys.stdin.readline()\n"
        "print(len(upgrade(read_url(sys.argv[1])).applied))\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script, postgres_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = sorted(int(racer.communicate()[0]) for racer in racers)
    assert said == [0, 0, 0, len(schema.MIGRATIONS)]
