"""The scripts that run inside Redis leave alone what is not theirs."""

from __future__ import annotations

import contextlib

import pytest
from redis import Redis as RedisClient

from headgate.store.relay import script
from tests.servers import Redis

NAMES = ("CLAIM", "RENEW", "KEEP", "WANTED", "LAND", "PUBLISH", "LEAVE")


@pytest.mark.parametrize("name", ["RENEW", "KEEP", "LAND", "LEAVE"])
def test_what_another_leads_now_is_not_touched(name: str, redis: Redis) -> None:
    with contextlib.closing(RedisClient.from_url(redis.url, decode_responses=True)) as link:
        key = script.PREFIX + "00"
        link.hset(key, mapping={"leader": "bb.1", "wanted": "1", "until": "5"})
        keys = [key, key + ":aa.1", key + ":aa.1" + script.LEFT]
        link.register_script(getattr(script, name))(keys=keys, args=["aa.1", 1000, 1000])
        assert link.hgetall(key) == {"leader": "bb.1", "wanted": "1", "until": "5"}
        assert link.pttl(key) == -1


def test_each_says_what_it_is_given() -> None:
    assert all("-- KEYS: " in getattr(script, name) for name in NAMES)
