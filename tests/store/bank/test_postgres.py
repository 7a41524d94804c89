"""The bank on PostgreSQL holds through restarts, silence, and many who ask at once."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from headgate.ledger import owner
from headgate.policy.cap import Span
from headgate.store import place as stores
from headgate.store.bank import ALWAYS, BankError, Flow, Stock
from headgate.store.bank.postgres import PATIENCE_S, PostgresBank, array
from headgate.store.bank.redis import RedisBank
from headgate.store.server import Server
from headgate.store.sql import Connection
from tests.servers import Postgres, Redis
from tests.store.bank.world import prepare

pytestmark = pytest.mark.slow

ASK = Stock("key:k day", "key:k", Span(1, 1), 100, 60, 1)


@pytest.fixture
def place(postgres: Postgres) -> Server:
    return Server(postgres.fresh(prepare))


@contextlib.contextmanager
def opened(place: Server) -> Iterator[Connection]:
    with contextlib.closing(stores.connect(place)) as connection:
        yield connection


def start(place: Server) -> PostgresBank:
    with opened(place) as connection:
        me, _ = owner.enter(connection, place)
    return PostgresBank(place, me.n)


def test_what_was_granted_outlives_a_crash_of_the_server(
    postgres: Postgres, place: Server
) -> None:
    a, b = start(place), start(place)
    a.exchange([ASK])
    postgres.kill()
    for bank in (a, b):
        with pytest.raises(BankError, match="cannot be used"):
            bank.exchange([ASK])
    postgres.start()
    assert b.exchange([ASK])[0].granted == 40
    assert a.exchange([ASK])[0].granted == 60
    a.close()
    b.close()


def test_a_server_that_is_silent_is_given_up_in_time_and_taken_up_again(
    postgres: Postgres, place: Server
) -> None:
    bank = start(place)
    bank.exchange([ASK])
    postgres.pause()
    for _ in range(2):  # once in an exchange, once in connecting
        began = time.monotonic()
        with pytest.raises(BankError):
            bank.exchange([ASK])
        assert time.monotonic() - began < 2 * PATIENCE_S + 1
    postgres.resume()
    assert bank.exchange([ASK])[0].granted == 60
    bank.close()


def test_many_who_ask_at_once_in_any_order_never_wait_for_each_other_for_ever(
    place: Server,
) -> None:
    pots = [f"key:{n} concurrent" for n in range(30)]
    banks = [start(place) for _ in range(6)]
    granted = [dict.fromkeys(pots, 0) for _ in banks]
    held = threading.Lock()
    over: list[str] = []

    def hammer(n: int) -> None:
        dice = random.Random(n)  # noqa: S311 - the same asks at every run
        for _ in range(25):
            some = dice.sample(pots, 12)
            with held:  # what is about to be given back is not held any more
                wishes = {pot: dice.randrange(8) for pot in some}
                for pot, wish in wishes.items():
                    granted[n][pot] = min(granted[n][pot], wish)
            asks: list[Stock | Flow] = [
                Stock(p, "", ALWAYS, 9, w, 1) for p, w in wishes.items()
            ]
            asks += [Flow(p, 60, 10**6, 1, 1) for p in some]
            answers = banks[n].exchange(dice.sample(asks, len(asks)))
            assert len(answers) == 24
            answers = banks[n].exchange(asks)
            with held:
                for pot, answer in zip(some, answers, strict=False):
                    granted[n][pot] = answer.granted
                over.extend(p for p in pots if sum(each[p] for each in granted) > 9)

    with ThreadPoolExecutor(len(banks)) as pool:
        list(pool.map(hammer, range(len(banks))))
    assert over == []
    for bank in banks:
        bank.close()


def test_who_is_answered_is_known_to_live(place: Server) -> None:
    bank = start(place)
    with opened(place) as connection:
        connection.execute("UPDATE owner SET alive_us = alive_us - 4000000")
        bank.exchange([])
        row = connection.execute(f"SELECT {owner.CLOCK_US} - alive_us FROM owner").fetchone()  # noqa: S608 - constant text
        assert row[0] < 3_000_000
        connection.execute("UPDATE owner SET alive_us = 0")
        bank.exchange([])
        assert connection.execute("SELECT alive_us FROM owner").fetchone()[0] == 0
    bank.close()


def test_processes_with_and_without_redis_do_not_share_one_store(
    place: Server, redis: Redis
) -> None:
    without = start(place)
    with opened(place) as connection:
        me, _ = owner.enter(connection, place)
    with pytest.raises(BankError, match="without it, this one with"):
        RedisBank(place, me.n, redis.url)
    without.close()
    other = RedisBank(place, me.n, redis.url)
    with pytest.raises(BankError, match="with it, this one without"):
        start(place)
    other.close()
    start(place).close()


def stop_in_the_middle(bank: PostgresBank, meanwhile: Callable[[], None]) -> None:
    with bank._line.told() as connection, connection.piped() as arrive:
        bank._read(connection, arrive, [ASK])
        meanwhile()
        connection.execute("COMMIT")


def test_an_exchange_that_stops_in_the_middle_keeps_nobody_waiting_for_long(
    place: Server,
) -> None:
    a, b = start(place), start(place)
    a.exchange([ASK])
    began = time.monotonic()
    granted: list[int] = []

    def wait() -> None:
        while not granted:
            with contextlib.suppress(BankError):
                granted.append(b.exchange([ASK])[0].granted)

    with pytest.raises(BankError, match="connection"):
        stop_in_the_middle(a, wait)
    assert granted == [40]
    assert 2 < time.monotonic() - began < 8
    a.close()
    b.close()


def test_any_text_is_one_element_of_an_array(place: Server) -> None:
    texts = ["", "a", '"', "\\", "{a,b}", "NULL", " x ", "ü\n\t'", "%s $1"]
    with opened(place) as connection:
        found = connection.execute(
            "SELECT x FROM unnest(CAST(? AS text[])) AS x", (array(texts),)
        )
        assert [text for (text,) in found] == texts
