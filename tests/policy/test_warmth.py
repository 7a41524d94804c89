"""What is remembered of conversations is bounded, and forgotten when their caches are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.warmth import HOUR_S, SHORT_S, Seen, Warmth
from headgate.wire.model import Usage

NAME = b"conversation"


def seen(*, automatic: bool = False, **classes: int) -> Seen:
    return Seen(Usage(**classes), 4000, automatic)


def test_a_conversation_is_cold_five_minutes_after_its_last_use() -> None:
    warmth = Warmth()
    assert warmth.of(NAME, 0.0) is None
    warmth.touch(NAME, "A", 0.0)
    warmth.touch(NAME, "A", 200.0)
    found = warmth.of(NAME, 200.0 + SHORT_S - 1)
    assert found is not None
    assert found.account == "A"
    assert warmth.of(NAME, 200.0 + SHORT_S) is None


def test_an_hour_where_an_hour_was_paid_for_also_after_calls_that_only_read() -> None:
    warmth = Warmth()
    warmth.learn(NAME, "A", seen(input_fresh=10, cache_write_1h=990), 0.0)
    warmth.learn(NAME, "A", seen(input_fresh=10, cache_read=990), 60.0)
    found = warmth.of(NAME, 60.0 + HOUR_S - 1)
    assert found is not None
    assert (found.tokens, found.cached, found.size) == (1000, 990, 4000)


def test_what_is_cached_lives_from_the_moment_its_request_was_sent() -> None:
    warmth = Warmth()
    slow = seen(cache_write_5m=1000)._replace(sent_at=10.0)
    warmth.learn(NAME, "A", slow, 200.0)
    assert warmth.of(NAME, 10.0 + SHORT_S - 1) is not None
    assert warmth.of(NAME, 10.0 + SHORT_S) is None
    warmth.touch(NAME, "A", 50.0)
    warmth.learn(NAME, "A", slow, 200.0)
    assert warmth.of(NAME, 50.0 + SHORT_S - 1) is not None


def test_it_is_at_most_worth_what_the_vendor_keeps() -> None:
    warmth = Warmth()
    warmth.learn(NAME, "A", seen(input_fresh=5000), 0.0)
    found = warmth.of(NAME, 1.0)
    assert found is not None
    assert found.cached == 0
    warmth.learn(NAME, "A", seen(input_fresh=5000, automatic=True), 0.0)
    found = warmth.of(NAME, 1.0)
    assert found is not None
    assert found.cached == 5000


def test_at_another_account_its_cache_is_another_and_late_answers_take_nothing_back() -> None:
    warmth = Warmth()
    warmth.learn(NAME, "A", seen(cache_write_5m=1000), 0.0)
    warmth.touch(NAME, "B", 1.0)
    found = warmth.of(NAME, 2.0)
    assert found is not None
    assert (found.account, found.cached) == ("B", 0)
    warmth.learn(NAME, "B", seen(cache_write_5m=1000), 3.0)
    warmth.learn(NAME, "A", seen(cache_read=1000), 4.0)
    found = warmth.of(NAME, 5.0)
    assert found is not None
    assert found.account == "B"


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 100)), max_size=80))
def test_a_bounded_number_is_kept_and_the_last_one_always(
    steps: list[tuple[int, float]],
) -> None:
    warmth, now = Warmth(10), 0.0
    for number, pause in steps:
        now += pause
        name = b"%d" % number
        warmth.touch(name, "A", now)
        assert len(warmth) <= 10
        assert warmth.of(name, now) is not None


def test_expired_ones_make_room_by_themselves() -> None:
    warmth = Warmth()
    for number in range(100):
        warmth.touch(b"%d" % number, "A", 0.0)
    for number in range(100, 130):
        warmth.touch(b"%d" % number, "A", 2 * SHORT_S)
    assert len(warmth) == 30
