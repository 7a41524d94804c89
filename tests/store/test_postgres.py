"""A PostgreSQL server is spoken to safely, and its troubles are told in plain words."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from headgate.store import postgres as door
from headgate.store import sql
from headgate.store.place import connect, connect_reader
from headgate.store.postgres import _BY_CODE, connect_bare, explain, numbered, told
from headgate.store.server import Server, read_url
from headgate.store.sql import ServerError, StoreError, transaction
from tests.servers import Postgres

SERVER = read_url("postgresql://ann:hush@db.example/gate")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT ?, ?", "SELECT $1, $2"),
        ("SELECT ?2, ?1", "SELECT $2, $1"),
        ("SELECT '?', 'it''s ?', ?", "SELECT '?', 'it''s ?', $1"),
        ("SELECT 1 % 2", "SELECT 1 % 2"),
    ],
)
def test_places_of_values_are_numbered(sql: str, expected: str) -> None:
    assert numbered(sql) == expected


def test_what_the_driver_says_by_itself_stands_in_no_log() -> None:
    """Without a setting, Python writes every library's warnings to stderr."""
    say = "import logging, headgate.store.postgres; logging.getLogger('psycopg').warning('x')"
    done = subprocess.run(
        [sys.executable, "-c", say], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_tables_lie_in_a_schema_of_their_own(server_store: Server, postgres: Postgres) -> None:
    postgres.run("CREATE TABLE public.meta (diary text)", str(server_store).rpartition("/")[2])
    with contextlib.closing(connect(server_store)) as connection:
        assert connection.execute("SELECT count(*) FROM meta").fetchone()[0] > 1


def test_a_commit_waits_for_the_disk_whatever_the_server_is_set_to(
    server_store: Server, postgres: Postgres
) -> None:
    name = str(server_store).rpartition("/")[2]
    postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with contextlib.closing(connect(server_store)) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    with contextlib.closing(connect(server_store)) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("remote_apply",)


def test_nobody_waits_long_for_one_who_stopped_within_a_transaction(
    server_store: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_SETTINGS", door._SETTINGS.replace("4000", "100"))
    stopped, other = connect(server_store), connect(server_store)
    more = "UPDATE meta SET value = value + 1 WHERE name = 'keys_version'"
    stopped.execute("BEGIN")
    stopped.execute(more)
    before = time.monotonic()
    other.execute(more)
    assert time.monotonic() - before < 3
    with pytest.raises(ServerError, match="idle"):
        stopped.execute("COMMIT")
    assert not stopped.in_transaction
    stopped.close()
    other.close()


@pytest.mark.parametrize("what", ["a statement", "a pipe"])
def test_one_who_stopped_in_the_middle_of_a_statement_is_ended_by_others(
    server_store: Server, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(door, "_SETTINGS", door._SETTINGS.replace("4000", "100"))
    monkeypatch.setattr(sql, "_END_STALLED", sql._END_STALLED.replace("'5 s'", "'0.1 s'"))
    stopped, reading, other = (door.connect(server_store) for _ in range(3))
    more = "UPDATE meta SET value = value + 1 WHERE name = 'keys_version'"
    with contextlib.ExitStack() as open_ones:
        if what == "a statement":
            stopped.execute("BEGIN")
            stopped.execute(more)
            stopped._link.pgconn.enter_pipeline_mode()
            stopped._link.pgconn.send_prepare(b"half", b"SELECT 1")
            stopped._link.pgconn.send_flush_request()
            stopped._link.pgconn.flush()
        else:
            open_ones.enter_context(contextlib.suppress(ServerError))
            open_ones.enter_context(stopped.piped())
            stopped.execute("BEGIN")
            stopped.execute(more)
        reading.execute("SELECT count(*) FROM meta").fetchone()
        time.sleep(0.3)
        assert sql.end_stalled(other) == 1
        before = time.monotonic()
        other.execute(more)
        assert time.monotonic() - before < 3
        reading.execute("SELECT count(*) FROM meta").fetchone()
    assert sql.end_stalled(other) == 0
    for each in (stopped, reading, other):
        each.close()


def _several(connection: door.Postgres) -> None:
    connection.executemany("SELECT pg_sleep(?)", [(0.0,), (3.0,)])


def _several_read(connection: door.Postgres) -> None:
    with connection.piped() as arrive:
        connection.execute("SELECT pg_sleep(3)")
        arrive()


def _several_left(connection: door.Postgres) -> None:
    """Nothing but the end of the pipe waits for these."""
    with connection.piped():
        connection.execute("SELECT pg_sleep(3)")


WAITS: list[Callable[[door.Postgres], object]] = [
    lambda connection: connection.execute("SELECT pg_sleep(3)"),
    _several,
    _several_read,
    _several_left,
]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("wait", WAITS, ids=["one", "many", "pipe", "end-of-pipe"])
@pytest.mark.parametrize("pause", [True, False], ids=["stopped", "slow"])
@pytest.mark.slow
def test_a_server_that_does_not_answer_is_given_up(
    server_store: Server,
    postgres: Postgres,
    wait: Callable[[door.Postgres], object],
    pause: bool,
) -> None:
    connection = door.connect(server_store, 1.0)
    if pause:
        postgres.pause()
    began = time.monotonic()
    try:
        with pytest.raises(ServerError, match="did not answer") as caught:
            wait(connection)
        took = time.monotonic() - began
    finally:
        postgres.resume()
    gc.collect()
    assert took < 1.95, "it is waited for once"
    assert explain(caught.value, server_store).why == "it does not answer"
    assert not connection.in_transaction
    with pytest.raises(ServerError, match="closed"):
        connection.execute("SELECT 1")


def test_a_connection_that_the_server_ends_is_told_and_closed(server_store: Server) -> None:
    victim, killer = connect(server_store), connect(server_store)
    (pid,) = victim.execute("SELECT pg_backend_pid()").fetchone()
    killer.execute("SELECT pg_terminate_backend(CAST(? AS INTEGER), 1000)", (pid,))
    with pytest.raises(ServerError) as caught:
        victim.execute("SELECT 1")
    assert caught.value.code == "57P01"
    assert not caught.value.refused
    killer.close()


@pytest.mark.parametrize("value", ["a\0b", 2**70, "not a number", b"x"])
def test_a_value_that_does_not_fit_is_told_from_a_server_in_trouble(
    server_store: Server, value: object
) -> None:
    with contextlib.closing(connect(server_store)) as connection:
        with pytest.raises(ServerError) as caught:
            connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (value, value))
        assert caught.value.refused
        with pytest.raises(ServerError) as caught:
            connection.execute("SELECT * FROM nowhere")
        assert not caught.value.refused


def test_two_who_wait_for_each_other_are_told_so(server_store: Server) -> None:
    first, second = connect(server_store), connect(server_store)
    lock = "UPDATE meta SET value = 0 WHERE name = ?"
    faults: list[str] = []

    def cross(connection: object, names: tuple[str, str], ready: threading.Barrier) -> None:
        assert isinstance(connection, door.Postgres)
        try:
            with transaction(connection):
                connection.execute(lock, names[:1])
                ready.wait()
                connection.execute(lock, names[1:])
        except ServerError as error:
            faults.append(error.code)

    ready = threading.Barrier(2)
    names = ("keys_version", "fingerprint_key")
    threads = [
        threading.Thread(target=cross, args=(first, names, ready)),
        threading.Thread(target=cross, args=(second, names[::-1], ready)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == ["40P01"]
    first.close()
    second.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("CREATE ROLE {role} LOGIN", "may not do that there"),
        (None, "there is no such user"),
    ],
)
def test_a_user_who_may_not_is_told_the_remedy(
    server_store: Server, postgres: Postgres, change: str | None, words: str
) -> None:
    role = f"r_{str(server_store).rpartition('_')[2]}"
    if change is not None:
        postgres.run(change.format(role=role))
    url = server_store.url.replace("headgate@", f"{role}:hush@")
    with pytest.raises(StoreError, match=words) as caught:
        connect_reader(read_url(url))
    assert caught.value.hint
    assert "hush" not in str(caught.value)


def test_a_database_that_is_not_there_is_told_with_how_to_make_it(postgres: Postgres) -> None:
    with pytest.raises(StoreError, match="no such database") as caught:
        connect(read_url(postgres.url("nowhere")))
    assert "CREATE DATABASE" in caught.value.hint


def test_a_wrong_password_is_told_without_either(server_store: Server) -> None:
    words = 'connection failed: FATAL:  password authentication failed for user "ann"'
    error = explain(psycopg.OperationalError(words), SERVER)
    assert "the password is wrong" in error.what
    assert "hush" not in str(error)


def test_a_server_too_old_is_refused(
    server_store: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MINIMUM_SERVER", 99)
    with pytest.raises(StoreError, match="needs 99 or newer"):
        connect(server_store)


def test_a_database_in_another_encoding_is_refused(postgres: Postgres) -> None:
    make = "ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    postgres.run(f"CREATE DATABASE test_latin {make}")
    with pytest.raises(StoreError, match="holds text as LATIN1") as caught:
        connect_bare(read_url(postgres.url("test_latin")))
    assert "ENCODING 'UTF8'" in caught.value.hint


def test_a_standby_or_read_only_server_is_told(server_store: Server) -> None:
    with contextlib.closing(connect_reader(server_store)) as reader:
        with pytest.raises(ServerError) as caught:
            reader.execute("UPDATE meta SET value = 0")
        assert "read-only" in explain(caught.value, server_store).what


def test_every_trouble_known_has_its_remedy() -> None:
    for code, part, what, hint in _BY_CODE:
        for error in (ServerError("odd words", code), ServerError(f"x {part} y")):
            if error.code or not code:
                found = explain(error, SERVER)
                assert found.hint
                assert str(SERVER) in found.what
        assert what
        assert hint


def test_an_unknown_trouble_keeps_its_words_but_not_the_password() -> None:
    error = told(psycopg.OperationalError("gremlins ate hush\nand more"), SERVER)
    found = explain(error, SERVER)
    assert found.what.endswith("gremlins ate ***")
    assert found.hint
