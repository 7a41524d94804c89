"""What is shown adds up, and whatever it rests on stands below it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from headgate.cli.costview import Shown, as_data, described, plain, show, signed
from headgate.cli.workload import asked, gathered
from headgate.money.forecast import forecast
from headgate.money.ratelimit import fit
from headgate.money.whatif import variations

USD = 10**9


def shown(own: int | None = None, **words: Any) -> Shown:
    usual = {"requests": "1M", "input": "10k", "output": "500", "model": ("claude-sonnet-5-5",)}
    wanted = asked(gathered({**usual, **words}))
    found = [forecast(wanted.pattern, offer, wanted.extras) for offer in wanted.offers]
    pairs = tuple((it, fit(it, wanted.limits[it.offer.model])) for it in found)
    return Shown(wanted, pairs, variations(found[0]), own, ("seen in March",))


def test_a_pattern_is_described_in_words() -> None:
    it = shown(prefix="6k", hit="1", peak="90/min", batch="0.2", growth="5%")
    assert list(described(it.asked.pattern)) == [
        "1,000,000 requests a month, 10,000 tokens in and 500 out each",
        "6,000 of them a prefix that repeats, 90 a minute at the peak, "
        "20.0% can wait for a batch, 5.0% growth a month",
    ]


def test_numbers_and_differences_are_plain() -> None:
    assert plain(Fraction(1_234)) == "1,234"
    assert plain(Fraction(5, 2)) == "2.50"
    assert plain(Fraction(10_001, 2)) == "5,000"
    assert signed(5 * USD) == "+$5.0000"
    assert signed(-5 * USD) == "-$5.0000"


def test_machines_get_exact_money_and_the_caches_shares() -> None:
    (model,) = as_data(shown(5_000 * USD, prefix="6k", hit="0.75"))["models"]
    assert model["monthly_nusd"] == 17_200 * USD
    assert model["cache"]["reads"] == 0.75
    assert model["cache"]["saved_nusd"] == 7_800 * USD
    assert model["self_hosted_from_requests"] == pytest.approx(5_000 / 0.0172)
    (bare,) = as_data(shown())["models"]
    assert bare["cache"] is None
    assert bare["self_hosted_from_requests"] is None


def test_what_a_figure_rests_on_stands_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    show(shown(9_000 * USD, prefix="100", hit="1", model=("claude-haiku-5-5", "gpt-4o")))
    text = capsys.readouterr().out
    below = text[text.index("Assumed") :]
    assert "seen in March" in below
    assert (
        "claude-haiku-5-5: nothing is cached: 100 tokens are below the minimum of 512" in below
    )
    assert "claude-haiku-5-5: no request has more than 100,000 input tokens" in below


def test_a_month_that_costs_nothing_needs_no_machines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(shown(9_000 * USD, price=("input=0,output=0",), model=("gpt-4o",)))
    assert "never pay: gpt-4o costs nothing" in capsys.readouterr().out


def test_limits_that_nobody_knows_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    show(shown(peak="100/min", model=("grok-4.7",)))
    assert "not known of grok-4.7; give them: --limit" in capsys.readouterr().out


def test_who_counted_and_who_priced_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    work: dict[str, Any] = {
        "counted_with": "claude-sonnet-4-6",
        "batch": "0.5",
        "peak": "9/min",
    }
    show(shown(**work, price=("input=3",)))
    below = capsys.readouterr().out
    assert "tokens x 1.30" in below
    assert "tokens were counted by claude-sonnet-4-6; only between" in below
    assert "claude-sonnet-5-5: prices entered by hand" in below
    assert "the peak is of requests that do not wait" in below
    show(shown(counted_with="each"))
    assert "tokens are those each model counts" in capsys.readouterr().out
