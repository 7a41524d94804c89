"""A role is a plain user of one database: no other, no file, no program of the server."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from headgate.sandbox.database.admin import Admin, Login
from headgate.sandbox.database.server import Server
from headgate.sandbox.model import Refused, Unavailable

KEPT = "CREATE TABLE kept (a int); INSERT INTO kept VALUES (1), (2)"
FORBIDDEN = (
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/made-by-a-database'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/made-by-a-database')",
    "CREATE DATABASE more",
    "CREATE ROLE more",
    "CREATE ROLE more SUPERUSER",
    "ALTER ROLE headgate PASSWORD 'known'",
    "ALTER ROLE current_user SUPERUSER",
    "ALTER ROLE current_user CONNECTION LIMIT -1",
    "SET ROLE headgate",
    "SET SESSION AUTHORIZATION headgate",
    "SELECT rolpassword FROM pg_authid",
    "ALTER SYSTEM SET fsync = 'on'",
    "SET temp_file_limit = -1",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'headgate'",
    "SELECT pg_reload_conf()",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE LANGUAGE plpython3u",
    "LOAD '/usr/lib/libm.so'",
    "CREATE FUNCTION f() RETURNS int AS '/lib/libc.so.6', 'getpid' LANGUAGE c",
    "CREATE TABLESPACE more LOCATION '/tmp'",
    "UPDATE pg_database SET datacl = NULL",
    "CREATE SUBSCRIPTION s CONNECTION 'host=/tmp' PUBLICATION p",
    "SELECT pg_create_physical_replication_slot('s')",
    "SELECT pg_ls_dir('.')",
    "LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE pg_authid IN SHARE MODE",
    "DROP DATABASE template1",
)


def entered(server: Server, login: Login, database: str = "") -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=server.socket,
        user=login.name,
        password=login.password,
        dbname=database or login.name,
        autocommit=True,
    )


def test_each_has_the_beginning_to_itself_and_owns_it(
    admin: Admin, database_server: Server
) -> None:
    one, two = admin.lend(KEPT), admin.lend(KEPT)
    with entered(database_server, one) as link:
        link.execute("DROP TABLE kept")
        link.execute("CREATE SCHEMA mine")
    with entered(database_server, two) as link:
        assert link.execute("SELECT count(*) FROM kept").fetchone() == (2,)
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'kept'"
        assert link.execute(owner).fetchone() == (two.name,)
    for it in (one, two):
        admin.take_back(it)
    with pytest.raises(psycopg.OperationalError):
        entered(database_server, one)


def test_nobody_enters_the_database_of_another(admin: Admin, database_server: Server) -> None:
    one, two = admin.lend(KEPT), admin.lend("")
    template = admin._templates[KEPT]
    for name in (two.name, template.name, "postgres", "template1", "template0"):
        with pytest.raises(psycopg.OperationalError):
            entered(database_server, one, name)
    for login in (Login(two.name, one.password), Login("headgate", ""), template):
        with pytest.raises(psycopg.OperationalError):
            entered(database_server, login, two.name)
    for it in (one, two):
        admin.take_back(it)


def test_what_only_an_administrator_may_do_is_refused(
    admin: Admin, database_server: Server
) -> None:
    login, done = admin.lend(""), []
    with entered(database_server, login) as link:
        for words in FORBIDDEN:
            try:
                found = link.execute(words.encode())
                if found.description and not found.fetchall():
                    continue  # nothing of others was there to be acted on
            except psycopg.Error:
                continue
            done.append(words)
    admin.take_back(login)
    assert done == []


def test_sql_of_a_task_runs_as_a_plain_user_too(admin: Admin) -> None:
    for words in ("CREATE ROLE more", "SELECT nothing", "COPY (SELECT 1) TO PROGRAM 'cat'"):
        with pytest.raises(Refused, match="setup_sql fails"):
            admin.prepare(words)
    assert admin._templates == {}


def test_memory_that_is_asked_for_without_end_is_an_error_and_the_server_goes_on(
    admin: Admin, database_server: Server
) -> None:
    login = admin.lend("")
    with entered(database_server, login) as link:
        link.execute("SET work_mem = '1TB'")
        with pytest.raises(psycopg.Error):
            link.execute("SELECT length(string_agg(repeat('x', 1000000), '')) FROM "
                         "generate_series(1, 100000)")  # fmt: skip
        assert link.execute("SELECT 1").fetchone() == (1,)
    admin.take_back(login)


def test_a_connection_that_was_lost_is_made_again(
    admin: Admin, database_server: Server
) -> None:
    """The server ends all of them where one process of it broke; then it goes on."""
    admin.prepare(KEPT)
    admin._link.close()
    with pytest.raises(Unavailable, match="the database server"):
        admin.lend(KEPT)
    admin.take_back(admin.lend(KEPT))
