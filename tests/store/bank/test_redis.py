"""The bank in Redis loses its data, its server and its sight of others, and grants nothing
twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.policy.cap import Span
from headgate.store import place as stores
from headgate.store.bank import Answer, BankError, Flow, Stock
from headgate.store.bank import redis as banks
from headgate.store.bank.redis import RedisBank, shown
from headgate.store.server import Server
from tests.servers import Postgres
from tests.store.bank import world as worlds
from tests.store.bank.world import Process, World

pytestmark = pytest.mark.slow

ASK = Stock("key:k day", "key:k", Span(1, 1), 100, 60, 1)
FLOW = Flow("key:k requests", 600, 10, 8, 1)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with worlds.world("redis", request, tmp_path) as it:
        yield it


def ask(process: Process, *asks: Stock | Flow) -> list[Answer]:
    """An exchange by what PostgreSQL says now."""
    assert isinstance(process.bank, RedisBank)
    process.bank._reading = None
    return process.bank.exchange(asks)


def test_nothing_new_is_granted_until_all_have_told_what_they_hold(world: World) -> None:
    a, b, c = world.start(), world.start(), world.start()
    ask(a, ASK)
    world.forget()
    assert ask(b, ASK)[0][:2] == (0, 0)
    assert ask(c, ASK)[0].granted == 0
    assert ask(a, ASK)[0].granted == 60
    assert ask(b, ASK)[0].granted == 40


def test_what_is_given_back_while_others_are_awaited_is_given_back(world: World) -> None:
    a, _ = world.start(), world.start()
    ask(a, ASK)
    world.forget()
    assert ask(a, ASK._replace(hold=20))[0].granted == 20


def test_who_died_with_the_data_is_not_awaited_once_it_is_buried(world: World) -> None:
    a, b = world.start(), world.start()
    ask(a, ASK)
    world.commit(a, [("key:k", 1, 15, -1)])
    world.forget()
    world.die(a)
    assert ask(b, ASK._replace(hold=100))[0].granted == 0
    world.bury()
    assert ask(b, ASK._replace(hold=100))[0].granted == 85


def test_a_flow_begins_empty_after_a_loss_and_full_in_a_new_store(world: World) -> None:
    a = world.start()
    assert ask(a, FLOW)[0].granted == 8
    world.forget()
    assert ask(a, FLOW._replace(account="another"))[0].granted == 0
    world.pass_time(500_000)
    assert 5 <= ask(a, FLOW)[0].granted <= 6


def test_a_redis_that_went_away_is_said_and_taken_up_again(world: World) -> None:
    assert world.redis is not None
    a, b = world.start(), world.start()
    ask(a, ASK)
    world.redis.stop()
    for process in (a, b):
        with pytest.raises(BankError, match=f"Redis at 127.0.0.1:{world.redis.port}/0 cannot"):
            process.bank.exchange([ASK])
    world.redis.start()
    assert [ask(process, ASK)[0].granted for process in (b, a, b)] == [0, 60, 40]


def test_a_redis_that_is_silent_is_given_up_in_time(world: World) -> None:
    assert world.redis is not None
    a = world.start()
    ask(a, ASK)
    world.redis.pause()
    with pytest.raises(BankError, match=r"[Tt]ime"):
        a.bank.exchange([ASK])
    world.redis.resume()
    assert ask(a, ASK)[0].granted == 60


def test_a_postgresql_that_went_away_is_said_and_taken_up_again(
    world: World, postgres: Postgres
) -> None:
    a = world.start()
    ask(a, ASK)
    postgres.kill()
    with pytest.raises(BankError, match="the store postgresql"):
        ask(a, ASK)
    postgres.start()
    assert ask(a, ASK)[0].granted == 60


def test_a_process_unknown_to_redis_for_long_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = world.start(), world.start()
    world.forget()
    ask(b, ASK)
    monkeypatch.setattr(banks, "FROZEN_S", 0.0)
    with pytest.raises(
        BankError, match=f"process {a.owner.n} of this store does not use Redis"
    ):
        ask(b, ASK)
    ask(a)
    assert ask(b, ASK)[0].granted == 60


def test_whoever_is_struck_off_is_not_taken_for_unspent_by_an_old_reading(
    world: World,
) -> None:
    """Its spend is on the way from its own account to the account of the gone."""
    a, b, c = world.start(), world.start(), world.start()
    ask(a, ASK)
    ask(b, ASK._replace(hold=0))  # b has read before a spends
    world.commit(a, [("key:k", 1, 55, -1)])
    world.leave(a)
    ask(c)
    assert b.bank.exchange([ASK._replace(hold=100)])[0].granted == 45


def test_whoever_came_and_went_since_the_last_reading_is_counted(world: World) -> None:
    b = world.start()
    ask(b, ASK._replace(hold=0))
    a = world.start()
    ask(a, ASK)
    world.commit(a, [("key:k", 1, 55, -1)])
    world.leave(a)
    assert b.bank.exchange([ASK._replace(hold=100)])[0].granted == 45


def test_two_stores_may_share_a_redis(
    world: World, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    assert world.redis is not None
    a = world.start()
    ask(a, ASK)
    place = Server(request.getfixturevalue("postgres").fresh())
    worlds.prepare(place.url)
    connection = stores.connect(place)
    other = World("redis", place, world.redis, connection)
    b = other.start()
    assert ask(b, ASK)[0].granted == 60
    other.leave(b)
    connection.close()


def test_what_is_left_in_redis_when_all_have_left_holds_no_lease(world: World) -> None:
    a = world.start()
    ask(a, ASK, FLOW)
    world.leave(a)
    b = world.start()
    assert ask(b, ASK._replace(hold=100), FLOW)[0].granted == 100


def test_no_password_is_shown() -> None:
    assert shown("rediss://me:word@redis.internal:6380/3") == "redis.internal:6380/3"
