"""A pattern is possible, and what is read from a cache follows from how it arrives."""

from __future__ import annotations

from fractions import Fraction
from math import exp
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money.pattern import Caching, Part, Pattern, Peak, Shares, poisson

F = Fraction


def pattern(**more: Any) -> Pattern:
    usual: dict[str, Any] = {"requests": F(1_000), "input": F(2_000), "output": F(100)}
    return Pattern(**{**usual, **more})


@given(
    st.fractions(0, 100_000),
    st.sampled_from([300, 1_800, 3_600, 43_200]),
    st.fractions(0, 60),
)
def test_the_three_shares_are_shares_and_add_up_to_one(
    per_hour: Fraction, life: int, late: Fraction
) -> None:
    shares = poisson(per_hour, life, late)
    assert sum(shares) == 1
    assert all(0 <= part <= 1 for part in shares[1:])
    assert shares.reads >= -F(1, 10**11)  # both others are rounded


def test_a_request_reads_when_the_one_before_came_within_the_lifetime() -> None:
    for per_hour in (F(1), F(12), F(42)):
        reads = float(poisson(per_hour, 300).reads)
        assert reads == pytest.approx(1 - exp(-float(per_hour) / 12), abs=1e-9)


@pytest.mark.parametrize(("per_hour", "late"), [(30, 0), (30, 20), (120, 10)])
def test_the_shares_are_those_of_requests_played_out_at_random(
    per_hour: int, late: int
) -> None:
    dice, now, written, expiry = Random(7), 0.0, -1e9, -1e9  # noqa: S311 - a walk that is the same each time
    counts = [0, 0, 0]
    for _ in range(40_000):
        now += dice.expovariate(per_hour / 3_600)
        if now >= expiry:
            counts[1] += 1
            written = now
        elif now - written < late:
            counts[2] += 1
        else:
            counts[0] += 1
        expiry = now + 300
    seen = [count / 40_000 for count in counts]
    assert seen == pytest.approx(
        [float(it) for it in poisson(F(per_hour), 300, F(late))], abs=0.01
    )


def test_what_is_said_of_hits_goes_before_what_follows_from_arrivals() -> None:
    assert Caching(F(800), hit=F(7, 10)).shares("5m", F(1)).reads == F(7, 10)
    measured = Caching(F(800), measured=(("5m", F(1, 2)), ("1h", F(9, 10))))
    assert measured.shares("1h", F(1)) == Shares(F(9, 10), F(1, 10))
    assert measured.shares("30m", F(2)) == poisson(F(2), 1_800)


def test_many_prefixes_share_the_arrivals() -> None:
    alone = Caching(F(800)).shares("5m", F(60))
    shared = Caching(F(800), heads=10).shares("5m", F(60))
    assert shared == poisson(F(6), 300)
    assert shared.reads < alone.reads
    mixed = Caching(F(800), arrivals=(Part(F(1, 2), F(60)), Part(F(1, 2), F(1))))
    both = (poisson(F(60), 300).reads + poisson(F(1), 300).reads) / 2
    assert mixed.shares("5m", F(0)).reads == both


def test_sizes_are_those_given_or_the_mean() -> None:
    assert pattern().parts == (Part(F(1), F(2_000)),)
    sizes = (Part(F(3, 4), F(1_000)), Part(F(1, 4), F(5_000)))
    assert pattern(sizes=sizes).longest == 5_000


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"requests": F(-1)}, "requests: cannot be below 0"),
        ({"batch": F(2)}, "batch: is a share"),
        ({"growth": F(-1)}, "growth: -100%"),
        ({"days": 0}, "days: a month has"),
        ({"peak": Peak(rpm=F(-1))}, "peak: cannot"),
        ({"peak": Peak(burst_s=F(0))}, "burst: lasts"),
        ({"caching": Caching(F(3_000))}, "3,000 tokens are more than the 2,000"),
        ({"caching": Caching(F(-1))}, "prefix: cannot"),
        ({"caching": Caching(F(1), hit=F(2))}, "hit: is a share"),
        (
            {"caching": Caching(F(1), hit=F(1), arrivals=(Part(F(1), F(1)),))},
            "hit and arrivals",
        ),
        ({"caching": Caching(F(1), arrivals=(Part(F(1, 2), F(-1)),))}, "do not add up"),
        ({"caching": Caching(F(1), heads=0)}, "at least 1 prefix"),
        ({"caching": Caching(F(1), ttl="2h")}, "ttl: '2h' is none"),
        ({"caching": Caching(F(1), readable_s=F(-1))}, "readable: cannot"),
        ({"sizes": (Part(F(1, 2), F(2_000)),)}, "do not add up to 1"),
        ({"sizes": (Part(F(1), F(1)),)}, "mean is not the input"),
        ({"sizes": (Part(F(2), F(1)), Part(F(-1), F(1)))}, "sizes: cannot be below 0"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        pattern(**wrong)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="requests") as caught:
        pattern(requests=F(-1), output=F(-1), batch=F(3))
    assert len(str(caught.value).splitlines()) == 3
