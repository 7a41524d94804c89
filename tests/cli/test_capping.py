"""Limits and budgets are written as people say them, and printed as they read them."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from headgate.cli.capping import (
    budgets_told,
    caps_options,
    caps_shown,
    caps_told,
    changes,
    clear_options,
    limits_told,
)
from headgate.policy.cap import NO_CAPS, Budget, Caps, Limits
from headgate.policy.sound import NANO
from headgate.store.capped import TAKEN, CapChanges


def given(*words: str) -> CapChanges | None:
    found: list[CapChanges | None] = []

    @click.command()
    @caps_options
    @clear_options
    def command(**options: object) -> None:
        found.append(changes(options))

    result = CliRunner().invoke(command, words)
    if result.exit_code:
        raise ValueError(result.stderr)
    return found[0]


def test_nothing_said_is_no_change() -> None:
    assert given() is None


def test_everything_that_can_be_said_is_taken() -> None:
    assert given(
        *("--limit", "requests=300", "--limit", "input-tokens=2m", "--limit", "burst=none"),
        *("--budget", "20/day", "--budget", "$0.50/month", "--budget", "none/total"),
        *("--budget-kind", "soft", "--lower-output", "--warn-at", "0.5,0.9"),
    ) == CapChanges(
        (("requests", 300), ("input_tokens", 2_000_000), ("burst", TAKEN)),
        (("day", 20 * NANO), ("month", NANO // 2), ("total", TAKEN)),
        "soft",
        True,
        (0.5, 0.9),
    )
    assert given("--keep-output") == CapChanges(lower_output=False)
    cleared = CapChanges(no_limits=True, no_budgets=True)
    assert given("--no-limits", "--no-budgets") == cleared


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--limit", "request=3"], "did you mean 'requests'?"),
        (["--limit", "requests"], "write requests=300"),
        (["--limit", "requests=0"], "'0' is no amount"),
        (["--limit", "requests=many"], "'many' is no amount"),
        (["--limit", "requests=-4"], "'-4' is no amount"),
        (["--budget", "20"], "write 20/day"),
        (["--budget", "20/dya"], "did you mean 'day'?"),
        (["--budget", "0/day"], "more than $0"),
        (["--budget", "x/day"], "no amount of dollars"),
        (["--budget", "0.0000000001/day"], "nine decimals"),
        (["--budget-kind", "hart"], "'hart' is not one of"),
        (["--warn-at", "half"], "write 0.5,0.9"),
    ],
)
def test_a_mistake_is_answered_with_how_it_is_written(words: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        given(*words)


def test_caps_are_printed_as_they_are_read_aloud() -> None:
    caps = Caps(
        Limits(requests=300, input_tokens=200_000, concurrent=1),
        (Budget(20 * NANO, "day"), Budget(NANO // 2, "total", "soft")),
        lower_output=True,
        warn_at=(0.5, 0.9),
    )
    assert caps_told(caps_shown(caps)) == {
        "limits": "300 requests a minute (up to 75 at once), 200,000 input tokens a minute,"
        " 1 call at once",
        "budgets": "$20 a day, $0.5 in all (soft)",
        "lower_output": "to what a hard budget has left",
        "warn_at": "50%, 90%",
    }
    assert set(caps_told(caps_shown(NO_CAPS)).values()) == {""}
    assert limits_told({"requests": 60, "burst": 9}) == "60 requests a minute (up to 9 at once)"
    assert budgets_told([]) == ""
