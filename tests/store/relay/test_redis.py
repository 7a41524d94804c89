"""What only a tower in Redis promises: parts come at once, and everything goes by itself."""

from __future__ import annotations

import contextlib
import time
from threading import Timer
from typing import Any

import pytest
from redis import Redis as RedisClient

from headgate.store.relay import Heard, Led, RelayError
from headgate.store.relay import redis as tower
from headgate.store.relay.redis import RedisTower
from tests.servers import Redis

OURS, THEIRS = Led(b"name", "aa.1"), Led(b"name", "bb.1")


def test_whoever_reads_is_told_as_soon_as_there_is_a_part(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tower, "BLOCK_MS", 800)
    with (
        contextlib.closing(RedisTower(redis.url)) as leader,
        contextlib.closing(RedisTower(redis.url)) as follower,
    ):
        leader.claim(OURS)
        follower.claim(THEIRS)
        later = Timer(0.01, lambda: leader.publish(OURS, 0, [b"part"], over=False))
        later.start()
        since = time.monotonic()
        assert follower.read([(OURS, 0)]) == [Heard([b"part"], True)]
        assert time.monotonic() - since < 0.7, "it was not waited out"
        later.join()


def test_everything_has_a_time_after_which_it_is_gone(redis: Redis) -> None:
    with contextlib.closing(RedisTower(redis.url)) as tower:
        tower.claim(OURS)
        tower.claim(THEIRS)
        tower.publish(OURS, 0, [b"part"], over=False)
        with contextlib.closing(RedisClient.from_url(redis.url)) as it:
            client: Any = it
            first = {key: client.pttl(key) for key in client.keys("*")}
            tower.publish(OURS, 1, [b"end"], over=True)
            then = {key: client.pttl(key) for key in client.keys("*")}
    assert len(first) == 3
    assert all(0 < left <= 60_000 for left in (*first.values(), *then.values()))
    assert {key.decode() for key in then} >= {f"headgate:flight:{b'name'.hex()}:aa.1"}


def test_a_redis_that_lost_everything_has_lost_the_flights_too(redis: Redis) -> None:
    with contextlib.closing(RedisTower(redis.url)) as tower:
        tower.claim(OURS)
        tower.publish(OURS, 0, [b"part"], over=False)
        redis.ask("FLUSHALL")
        assert tower.read([(OURS, 1)]) == [Heard([], False)]
        tower.publish(OURS, 1, [b"more"], over=False)
        assert tower.read([(OURS, 1)]) == [Heard([], False)], "it does not begin in the middle"
        tower.renew([OURS], [])
        assert tower.claim(THEIRS) == "bb.1"


@pytest.mark.slow
def test_a_redis_that_hangs_is_given_up(redis: Redis) -> None:
    with contextlib.closing(RedisTower(redis.url)) as tower:
        redis.pause()
        since = time.monotonic()
        with pytest.raises(RelayError, match="cannot be used"):
            tower.claim(OURS)
        assert time.monotonic() - since < 3
        redis.resume()
