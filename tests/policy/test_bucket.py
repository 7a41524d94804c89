"""A bucket grants what fits into it and what time brings, and never more."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.bucket import PATIENCE_US, Bucket, Size, Want, draw, filled, full

MINUTE_US = 60_000_000
sizes = st.builds(Size, st.integers(1, 1_000_000), st.integers(1, 1_000_000))
steps = st.lists(
    st.tuples(st.integers(0, 3 * MINUTE_US), st.integers(1, 2_000_000), st.integers(1, 5_000)),
    max_size=40,
)


@given(size=sizes, taken=steps)
def test_no_span_of_time_grants_more_than_a_full_bucket_and_what_flows_in(
    size: Size, taken: list[tuple[int, int, int]]
) -> None:
    now, bucket = 10**15, full(size, 10**15)
    grants: list[tuple[int, int]] = []
    for passed, take, least in taken:
        now += passed
        drawn = draw(bucket, size, Want(take, min(least, size.burst)), now)
        bucket = drawn.bucket
        grants.append((now, drawn.granted))
    for n, (start, _) in enumerate(grants):
        total = 0
        for at, granted in grants[n:]:
            total += granted
            assert total * MINUTE_US <= size.burst * MINUTE_US + size.per_minute * (at - start)


@given(size=sizes, level=st.integers(-(10**9), 10**9), back=st.integers(0, 10**12))
def test_a_clock_that_goes_backwards_grants_nothing(size: Size, level: int, back: int) -> None:
    bucket = Bucket(min(level, size.burst * 1000), 10**15)
    assert filled(bucket, size, 10**15 - back).level == bucket.level


def test_a_clock_set_far_back_is_believed_after_a_minute() -> None:
    size, now = Size(60, 10), 10**15
    bucket = filled(Bucket(0, now + 10**12), size, now)
    assert bucket == Bucket(0, now + PATIENCE_US)
    assert filled(bucket, size, now + PATIENCE_US + 1_000_000).level == 1000


@given(size=sizes, take=st.integers(1, 10**6), least=st.integers(1, 10**6))
def test_what_could_not_be_had_can_be_had_when_it_was_said(
    size: Size, take: int, least: int
) -> None:
    now = 10**15
    want = Want(take, min(take, least))
    drawn = draw(Bucket(0, now), size, want, now)
    assert drawn.granted == 0
    later = now + math.ceil(drawn.wait_s * 1_000_000) + 1
    assert draw(drawn.bucket, size, want, later).granted >= want.least
    sooner = now + math.floor(drawn.wait_s * 999_000) - 1
    assert draw(drawn.bucket, size, want, max(sooner, now)).granted == 0


@given(size=sizes, pieces=st.lists(st.integers(0, 10_000_000), max_size=50))
def test_it_does_not_matter_how_often_one_looks(size: Size, pieces: list[int]) -> None:
    bucket = Bucket(0, 10**15)
    looked, now = bucket, 10**15
    for piece in pieces:
        now += piece
        looked = filled(looked, size, now)
    once = filled(bucket, size, now)
    assert once.level - len(pieces) - size.per_minute / 60_000 * len(pieces) <= looked.level
    assert looked.level <= once.level


def test_what_is_larger_than_the_bucket_is_owed() -> None:
    size, now = Size(60, 10), 10**15
    drawn = draw(full(size, now), size, Want(25, 25), now)
    assert (drawn.granted, drawn.bucket.level) == (25, -15_000)
    assert draw(Bucket(9_999, now), size, Want(25, 25), now).granted == 0
    assert draw(full(size, now), size, Want(25, 5), now).granted == 10


def test_what_is_given_back_fills_no_bucket_above_its_brim() -> None:
    size, now = Size(60, 10), 10**15
    assert draw(Bucket(-2_000, now), size, Want(-3, 0), now).bucket.level == 1_000
    assert draw(Bucket(9_000, now), size, Want(-3, 0), now).bucket.level == 10_000


def test_a_bucket_that_does_not_fill_is_never_waited_for() -> None:
    drawn = draw(Bucket(0, 0), Size(0, 10), Want(1, 1), 10**15)
    assert (drawn.granted, drawn.wait_s) == (0, math.inf)
