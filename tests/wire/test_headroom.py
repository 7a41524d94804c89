"""What is left of a vendor's limits is read from its replies, whatever they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.limits import Limits, Meter
from headgate.wire.headroom import GAUGES, LONGEST_S, Gauge, Told, read, until_s
from headgate.wire.model import Headers

AT = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
LIMITS = Limits(1000, 2_000_000, 400_000)


def test_anthropics_fields_are_read_and_the_tighter_of_two_is_not_read_twice() -> None:
    now = AT.timestamp()
    meter = Meter.full(LIMITS, now)
    meter.admit(500_000, now)
    meter.output_tokens.take(100_000, now)
    told = read(meter.anthropic_headers(now), AT)
    assert told == Told(
        (
            Gauge("requests", 1000, 999, 1.0),
            Gauge("input_tokens", 2_000_000, 1_500_000, 15.0),
            Gauge("output_tokens", 400_000, 300_000, 15.0),
        ),
        spares_cached=True,
    )


def test_openais_fields_are_read() -> None:
    now = AT.timestamp()
    meter = Meter.full(LIMITS, now)
    meter.admit(500_000, now)
    told = read(meter.openai_headers(now), AT)
    assert told == Told(
        (Gauge("requests", 1000, 999, 0.06), Gauge("tokens", 2_000_000, 1_500_000, 15.0))
    )


def test_a_server_that_names_no_unit_speaks_of_requests() -> None:
    headers: Headers = [
        (b"x-ratelimit-limit", b"20"),
        (b"x-ratelimit-remaining", b"3"),
        (b"x-ratelimit-reset", b"%d" % (1000 * (AT.timestamp() + 9))),
    ]
    assert read(headers, AT) == Told((Gauge("requests", 20, 3, 9.0),))


def test_a_subscription_tells_the_share_used_and_when_it_takes_calls_again() -> None:
    start = b"anthropic-ratelimit-unified-"
    headers: Headers = [
        (start + b"status", b"allowed_warning"),
        (start + b"5h-utilization", b"0.82"),
        (start + b"7d-utilization", b"0.4"),
        (start + b"overage-utilization", b"1"),
    ]
    assert read(headers, AT) == Told((), spares_cached=True, used=0.82)
    headers[0] = (start + b"status", b"rejected")
    headers.append((start + b"reset", b"%d" % (AT.timestamp() + 3600)))
    assert read(headers, AT) == Told((), spares_cached=True, used=1.0, shut_s=3600.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12ms", 0.012), ("1s", 1.0), ("6m0s", 360.0), ("1h2m3.5s", 3723.5),
        ("2m59.56s", 179.56), ("1d", 86_400.0), ("7", 7.0), ("0.25", 0.25),
        ("2026-11-20T12:00:30Z", 30.0),
        ("2026-11-20T11:59:30Z", 0.0), ("2026-11-20T13:00:30.5+01:00", 30.5),
        ("", -1.0), ("soon", -1.0), ("6m0s6m", -1.0), ("T", -1.0), ("nan", -1.0),
        ("1e400", -1.0), ("9999-12-31T00:00:00Z", -1.0), ("99999999999999999999999", -1.0),
        ("-5", 0.0),
    ],
)  # fmt: skip
def test_a_reset_is_a_moment_or_a_span(text: str, seconds: float) -> None:
    assert until_s(text.encode(), AT) == pytest.approx(seconds)


def test_replies_that_say_nothing_of_limits_say_nothing() -> None:
    assert read([], AT) is None
    assert read([(b"content-type", b"application/json"), (b"x-request-id", b"1")], AT) is None
    assert read([(b"x-ratelimit-limit-requests", b"60")], AT) is None


def test_a_limit_of_nothing_is_nobodys_limit_and_more_than_all_is_all() -> None:
    def of(limit: bytes, left: bytes) -> Told | None:
        headers = [
            (b"x-ratelimit-limit-tokens", limit),
            (b"x-ratelimit-remaining-tokens", left),
        ]
        return read(headers, AT)

    assert of(b"0", b"0") is None
    assert of(b"10", b"many") is None
    assert of(b"10", b"50") == Told((Gauge("tokens", 10, 10, -1.0),))
    assert of(b"10", b"-3") == Told((Gauge("tokens", 10, 0, -1.0),))


NAMES = st.sampled_from(
    [
        f"{vendor}ratelimit-{part}".encode()
        for vendor in ("anthropic-", "x-")
        for part in (
            "requests-limit", "requests-remaining", "requests-reset", "tokens-limit",
            "input-tokens-limit", "input-tokens-remaining", "input-tokens-reset",
            "limit-requests", "remaining-requests", "reset-requests", "remaining-tokens",
            "limit-tokens", "reset-tokens", "unified-status", "unified-reset",
            "unified-5h-utilization", "limit", "remaining", "reset", "",
        )
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"rejected", b"inf", b"-1", b"6m0s", b"2026-11-20T12:00:00Z", b"1e9"]),
    st.integers(-(10**20), 10**20).map(lambda number: b"%d" % number),
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=12), st.integers(0, 10**9))
def test_whatever_the_fields_hold_what_is_read_of_them_can_be_true(
    headers: Headers, seconds: int
) -> None:
    told = read(headers, datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    if told is None:
        return
    assert told.gauges or told.used >= 0 or told.shut_s
    assert 0 <= told.shut_s <= LONGEST_S
    assert told.used <= 1
    assert len({gauge.kind for gauge in told.gauges}) == len(told.gauges)
    for gauge in told.gauges:
        assert gauge.kind in GAUGES
        assert 0 <= gauge.left <= gauge.limit
        assert gauge.limit > 0
        assert -1 <= gauge.full_in_s <= LONGEST_S
