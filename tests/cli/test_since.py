"""How far back a command looks: a span or a day."""

from __future__ import annotations

import pytest

from headgate.cli import Misuse
from headgate.cli.since import start_us

NOW = 1_763_740_800_000_000


@pytest.mark.parametrize(
    ("since", "seconds"), [("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600)]
)
def test_a_span_ends_now(since: str, seconds: int) -> None:
    assert start_us(since, NOW) == NOW - seconds * 1_000_000


def test_a_span_longer_than_time_begins_with_it() -> None:
    assert start_us("9999999w", NOW) == 0


def test_a_day_begins_at_midnight() -> None:
    assert start_us("2026-11-02", NOW) - start_us("2026-11-01", NOW) == 86_400_000_000


@pytest.mark.parametrize(
    "since", ["", "d", "7", "7y", "-7d", "yesterday", "2026-13-01", "\u0667d"]
)
def test_anything_else_is_told_with_what_would_do(since: str) -> None:
    with pytest.raises(Misuse) as told:
        start_us(since, NOW)
    assert "7d" in told.value.hint


def test_the_option_that_was_wrong_is_named() -> None:
    with pytest.raises(Misuse, match="--until soon"):
        start_us("soon", NOW, "--until")
