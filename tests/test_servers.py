"""The servers that tests start are real, private, and gone afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import Postgres, Redis, Server, children, is_stopped

pytestmark = pytest.mark.slow


def prepare(url: str) -> None:
    subprocess.run(["psql", "-Xq", "-d", url, "-c", "CREATE TABLE t (x int)"], check=True)


def test_a_database_is_a_clone_of_what_was_prepared(postgres: Postgres) -> None:
    first, second = postgres.fresh(prepare), postgres.fresh(prepare)
    postgres.run("INSERT INTO t VALUES (1)", first.rpartition("/")[2])
    assert first != second
    assert postgres.run("SELECT count(*) FROM t", second.rpartition("/")[2]) == "0"


def test_postgresql_keeps_what_was_committed_through_a_crash(postgres: Postgres) -> None:
    name = postgres.fresh(prepare).rpartition("/")[2]
    postgres.run("INSERT INTO t VALUES (7)", name)
    postgres.kill()
    assert not postgres.ready()
    postgres.start()
    assert postgres.run("SELECT x FROM t", name) == "7"
    postgres.stop()
    postgres.start()
    assert postgres.run("SELECT x FROM t; SHOW fsync", name) == "7\non"


def test_a_paused_server_says_nothing_until_it_is_resumed(redis: Redis) -> None:
    redis.pause()
    assert redis.process is not None
    assert is_stopped(redis.process.pid)
    redis.resume()
    assert redis.ready()


def test_redis_loses_everything_by_a_restart(redis: Redis) -> None:
    redis.ask("SET", "a", "1")
    redis.stop()
    redis.start()
    assert redis.ask("GET", "a") == b"$-1\r\n"


@pytest.mark.parametrize("kind", [Postgres, Redis])
def test_nothing_is_left_of_a_server(kind: Callable[[], Server]) -> None:
    server = kind()
    server.start()
    assert server.process is not None
    pids = [server.process.pid, *children(server.process.pid)]
    server.remove()
    assert not server.folder.exists()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
