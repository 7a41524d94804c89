"""headgate decide chooses, and says whether a gateway pays."""

from __future__ import annotations

import pytest

from tests.cli.decisions import TWO, WORK, run, told


def test_the_cheapest_that_fits_is_named_with_its_reasons() -> None:
    found = told(*WORK, *TWO)
    assert found["choice"] == "claude-haiku-5-5"
    assert any("nobody said how often each is right" in it for it in found["reasons"])


def test_a_budget_for_the_first_token_disqualifies_the_cheapest() -> None:
    takes = ("--takes", "claude-haiku-5-5=ttft:1.9", "--takes", "claude-sonnet-5-5=ttft:0.7")
    found = told(*WORK, *TWO, *takes, "--budget-ttft", "1")
    assert found["choice"] == "claude-sonnet-5-5"
    (out,) = [it["out"] for it in found["models"] if it["out"]]
    assert "after 1.90 s" in out[0]


def test_the_price_of_a_mistake_buys_the_better_model() -> None:
    right = ("--right", "claude-haiku-5-5=450/500", "--right", "claude-sonnet-5-5=480/500")
    found = told(*WORK, *TWO, *right, "--wrong", "0.50")
    assert found["choice"] == "claude-sonnet-5-5"
    (step,) = found["pays_from"]
    assert step["fewer_wrong"] == pytest.approx(1_200_000 * 0.06)


def test_a_small_user_stays_with_the_direct_api() -> None:
    done = run("gateway", "--keys", "1", "--monthly", "90")
    assert "stay with the direct API" in done.stdout
    assert told("gateway", "--keys", "12", "--monthly", "4200")["take_it"] is True
