"""When the direct API is enough, and when a gateway pays."""

from __future__ import annotations

import pytest

from headgate.money.decision.gateway import Situation, advise

USD = 1_000_000_000


def test_one_key_one_vendor_and_a_small_bill_stay_with_the_direct_api() -> None:
    advice = advise(Situation(keys=1, monthly_nusd=200 * USD))
    assert not advice.take_it
    assert advice.against


@pytest.mark.parametrize(
    ("situation", "word"),
    [
        (Situation(keys=4), "4 keys"),
        (Situation(monthly_nusd=501 * USD), "$501 a month"),
        (Situation(vendors=2), "2 vendors"),
        (Situation(teams=2), "2 teams"),
        (Situation(failing_share=0.02), "2.0% of calls fail"),
    ],
)
def test_each_reason_is_enough_and_is_named_with_its_figure(
    situation: Situation, word: str
) -> None:
    advice = advise(situation)
    assert advice.take_it
    assert any(word in reason for reason in advice.reasons)


def test_at_the_bounds_themselves_nothing_speaks_for_it() -> None:
    assert not advise(Situation(keys=3, monthly_nusd=500 * USD)).take_it


def test_what_it_costs_is_set_against_what_it_saves() -> None:
    advice = advise(Situation(monthly_nusd=400 * USD, saving_share=0.5, hourly_nusd=150 * USD))
    assert advice.net_nusd == -100 * USD
    assert any("costs $300 a month to run, and saves $200" in it for it in advice.against)


def test_one_that_costs_more_than_the_bill_does_not_pay_whatever_speaks_for_it() -> None:
    bill = Situation(keys=9, monthly_nusd=600 * USD, infrastructure_nusd=5_000 * USD)
    advice = advise(bill)
    assert not advice.take_it
    assert "more than the whole bill" in advice.against[0]
    assert advise(bill._replace(monthly_nusd=6_000 * USD)).take_it
