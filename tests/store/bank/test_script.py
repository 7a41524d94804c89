"""The script in Redis reckons as the rest of Headgate does."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis as RedisClient

from headgate.policy.bucket import PATIENCE_US, Bucket, Size, Want, draw
from headgate.policy.cap import Span
from headgate.store.bank import Stock
from headgate.store.bank.books import Books, decide
from headgate.store.bank.redis import Reading, _text
from headgate.store.bank.script import EXCHANGE, REGISTER
from tests.servers import Redis

pytestmark = pytest.mark.slow

PROBE = (
    EXCHANGE[: EXCHANGE.index("-- KEYS: the hash")]
    + """
return {draw(KEYS[1], ARGV[1], {'f', 'x', ARGV[2], ARGV[3], ARGV[4], ARGV[5]}, 0,
  tonumber(ARGV[6]))}
"""
)
NOW = 1_763_720_000_000_000
keys = itertools.count()
amounts = st.integers(0, 2**50)
people = st.dictionaries(st.integers(0, 5), amounts, max_size=6)
some = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def link(redis: Redis) -> Iterator[RedisClient]:
    client = RedisClient.from_url(redis.url, decode_responses=True)
    yield client
    client.close()


def test_a_bucket_in_redis_is_the_same_bucket(link: RedisClient) -> None:
    probe = link.register_script(PROBE)

    @some
    @given(
        size=st.builds(Size, st.integers(1, 10**7), st.integers(1, 10**7)),
        level=st.integers(-(10**10), 10**10),
        ago=st.integers(-2 * PATIENCE_US, 10 * PATIENCE_US),
        want=st.builds(Want, st.integers(-1000, 10**7), st.integers(0, 10**7)),
    )
    def same(size: Size, level: int, ago: int, want: Want) -> None:
        drawn = draw(Bucket(level, NOW - ago), size, want, NOW)
        numbers = (*size, *want, NOW)
        text, granted, free, _, wait = probe(
            keys=["k"], args=[f"{level} {NOW - ago}", *numbers]
        )
        assert text == f"{drawn.bucket.level} {drawn.bucket.at_us}"
        assert (int(granted), int(free)) == (drawn.granted, drawn.bucket.level // 1000)
        assert float(wait) / 1_000_000 == pytest.approx(drawn.wait_s, abs=1e-6)

    same()


def test_a_share_in_redis_is_the_same_share(link: RedisClient) -> None:
    register, exchange = link.register_script(REGISTER), link.register_script(EXCHANGE)

    @some
    @given(hold=amounts, least=amounts, cap=amounts, leases=people, spends=people)
    def same(
        hold: int, least: int, cap: int, leases: dict[int, int], spends: dict[int, int]
    ) -> None:
        key, pot, span = f"k{next(keys)}", 'a "pot" {x}', Span(7, 9)
        leases[1] = leases.get(1, 0)
        for n, granted in leases.items():
            before = link.hget(key, "g") or ""
            register(keys=[key], args=[before, "g", 0, n, "", f"l {n} 7 {pot}", granted])
        ask = Stock(pot, "account", span, cap, hold, least)
        spent = {("account", 7, 9): spends}
        reading = Reading("g", frozenset(leases), spent, frozenset(), 0.0)
        (answer,) = decide([ask], 1, Books(NOW, {(pot, 7): dict(leases)}, spent, {})).answers
        texts = "[" + json.dumps(_text(ask, reading)) + "]"
        found = exchange(keys=[key], args=["g", 1, " ".join(map(str, leases)), texts])
        assert found[2] == ""
        assert [int(it) for it in found[3:6]] == [answer.granted, answer.free, answer.spent]
        assert int(link.hget(key, f"l 1 7 {pot}") or 0) == answer.granted
        link.delete(key)

    same()


def test_a_script_changes_nothing_of_another_generation(link: RedisClient) -> None:
    register, exchange = link.register_script(REGISTER), link.register_script(EXCHANGE)
    assert register(keys=["k"], args=["", "one", 5, 1, "", "l 1 7 p", 3]) == ["one", "1"]
    before = link.hgetall("k")
    assert register(keys=["k"], args=["", "two", 6, 2, "1"]) == ["one", "1"]
    assert exchange(keys=["k"], args=["two", 1, "1", "[]"]) == ["one", "1", "stale"]
    assert exchange(keys=["k"], args=["one", 2, "1", "[]"]) == ["one", "1", "stale"]
    assert link.hgetall("k") == before


def test_whoever_is_struck_off_takes_its_leases_and_the_generation_along(
    link: RedisClient,
) -> None:
    register = link.register_script(REGISTER)
    register(keys=["k"], args=["", "one", 5, 1, "", "l 1 7 p", 3])
    register(keys=["k"], args=["one", "no", 5, 11, "", "l 11 7 p", 4])
    assert register(keys=["k"], args=["one", "two", 5, "", "1"]) == ["two", "11"]
    assert link.hgetall("k") == {"g": "two", "o": "11", "b": "5", "l 11 7 p": "4"}
