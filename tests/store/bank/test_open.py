"""Where limits are shared is as configured, and what cannot be exact is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headgate.ledger import owner
from headgate.store import place as stores
from headgate.store.bank import BankError
from headgate.store.bank.open import open_bank
from headgate.store.bank.postgres import PostgresBank
from headgate.store.bank.redis import RedisBank
from headgate.store.bank.sqlite import SqliteBank
from headgate.store.server import Server
from tests.servers import Postgres, Redis, free_port
from tests.store.bank.world import prepare


def test_a_file_is_its_own_bank(tmp_path: Path) -> None:
    bank = open_bank(tmp_path / "headgate.db", 1)
    assert isinstance(bank, SqliteBank)
    bank.close()


def test_redis_beside_a_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"name a PostgreSQL server in \[store\] url too"):
        open_bank(tmp_path / "headgate.db", 1, "redis://127.0.0.1/0")


@pytest.mark.slow
def test_a_server_is_the_bank_unless_a_redis_is_named(postgres: Postgres, redis: Redis) -> None:
    for url, kind in (("", PostgresBank), (redis.url, RedisBank)):
        place = Server(postgres.fresh(prepare))
        connection = stores.connect(place)
        me, _ = owner.enter(connection, place)
        bank = open_bank(place, me.n, url)
        assert isinstance(bank, kind)
        bank.close()
        connection.close()


@pytest.mark.slow
def test_a_redis_that_is_not_there_is_said_in_one_sentence_without_its_password(
    postgres: Postgres,
) -> None:
    place, port = Server(postgres.fresh(prepare)), free_port()
    with pytest.raises(BankError, match=f"Redis at 127.0.0.1:{port}/0 cannot be used") as said:
        open_bank(place, 1, f"redis://me:hidden-word@127.0.0.1:{port}/0")
    assert "hidden-word" not in str(said.value)
    assert "\n" not in str(said.value)
    with pytest.raises(BankError, match=r"write redis://"):
        open_bank(place, 1, f"http://me:hidden-word@127.0.0.1:{port}/0")


WITHOUT = """
import sys
sys.modules[{name!r}] = None
from headgate.store.bank import BankError
from headgate.store.bank.open import open_bank
from headgate.store.server import Server
try:
    open_bank(Server("postgresql://u@127.0.0.1/d"), 1, {url!r})
except BankError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "url", "extra"),
    [("redis", "redis://127.0.0.1/0", "redis"), ("psycopg", "", "postgres")],
)
def test_a_driver_that_is_not_installed_is_named_with_its_remedy(
    name: str, url: str, extra: str
) -> None:
    script = WITHOUT.format(name=name, url=url)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert f"pip install 'headgate[{extra}]'" in done.stdout, done.stderr


@pytest.mark.slow
def test_neither_driver_is_loaded_for_a_file() -> None:
    script = (
        "import sys, headgate.store.bank.open; print({'redis', 'psycopg'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()", done.stderr
