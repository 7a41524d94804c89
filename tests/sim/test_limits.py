"""Token buckets grant what they hold, refill continuously and tell it as vendors do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.limits import Bucket, Limits, Meter, Meters, rfc3339, span

times = st.lists(st.floats(-100, 1_000), min_size=1, max_size=40)


@given(st.integers(1, 10_000), times)
def test_a_bucket_grants_no_more_than_it_held_plus_what_time_brought(
    rate: int, waits: list[float]
) -> None:
    bucket, granted = Bucket(rate, float(rate), 0.0), 0
    for now in waits:
        if bucket.wait_s(1, now) == 0:
            bucket.take(1, now)
            granted += 1
    assert granted <= rate + rate * max(0.0, *waits, 0.0) / 60 + 1e-6
    assert bucket.level >= -1e-9


@given(st.integers(1, 1_000), st.floats(1, 1_000), st.floats(0.1, 500))
def test_a_clock_that_goes_backwards_grants_nothing(rate: int, at: float, back: float) -> None:
    bucket = Bucket(rate, 0.0, at)
    assert bucket.look(at - back) == 0


@given(st.integers(1, 1_000), st.integers(1, 5_000))
def test_after_the_stated_wait_the_bucket_grants(rate: int, amount: int) -> None:
    bucket = Bucket(rate, 0.0, 0.0)
    wait = bucket.wait_s(amount, 0.0)
    assert wait > 0
    assert bucket.wait_s(amount, wait + 1e-6) == pytest.approx(0, abs=1e-5)


def test_the_scarcest_bucket_is_named() -> None:
    meter = Meter.full(Limits(100, 10, 1000), 0.0)
    assert meter.admit(10, 0.0) == ("", 0.0)
    assert meter.admit(10, 0.0) == ("input tokens", 60.0)


def test_output_in_debt_refuses_until_it_is_paid() -> None:
    meter = Meter.full(Limits(100, 1000, 60), 0.0)
    meter.output_tokens.take(90, 0.0)
    short, wait = meter.admit(1, 0.0)
    assert short == "output tokens"
    assert wait == pytest.approx(31)
    assert meter.admit(1, 31.5) == ("", 0.0)


def test_anthropic_headers_name_limit_rest_and_reset_of_all_four() -> None:
    meter = Meter.full(Limits(60, 4_000, 2_000), 0.0)
    meter.admit(1_500, 0.0)
    headers = dict(meter.anthropic_headers(0.0))
    assert headers[b"anthropic-ratelimit-requests-remaining"] == b"59"
    assert headers[b"anthropic-ratelimit-requests-reset"] == b"1970-01-01T00:00:01Z"
    assert headers[b"anthropic-ratelimit-input-tokens-limit"] == b"4000"
    assert headers[b"anthropic-ratelimit-input-tokens-remaining"] == b"2000"  # whole thousands
    assert headers[b"anthropic-ratelimit-tokens-limit"] == b"6000"
    assert len(headers) == 12


def test_openai_headers_name_limit_rest_and_reset() -> None:
    meter = Meter.full(Limits(60, 4_000, 2_000), 0.0)
    meter.admit(2_000, 0.0)
    headers = dict(meter.openai_headers(0.0))
    assert headers[b"x-ratelimit-remaining-requests"] == b"59"
    assert headers[b"x-ratelimit-reset-tokens"] == b"30s"
    assert len(headers) == 6


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0ms"), (0.0115, "12ms"), (0.9999, "1s"), (360, "6m0s"), (61.2, "1m2s")],
)
def test_a_span_reads_as_openai_writes_it(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_time_reads_as_anthropic_writes_it() -> None:
    assert rfc3339(1_793_836_799.2) == "2026-11-05T00:00:00Z"


def test_each_key_has_its_own_meter_and_their_number_is_bounded() -> None:
    meters = Meters(Limits(), most=3)
    first = meters.of("a", 0.0)
    assert meters.of("a", 1.0) is first
    for name in "bcd":
        meters.of(name, 0.0)
    assert len(meters.meters) == 3
    assert meters.of("a", 0.0) is not first
