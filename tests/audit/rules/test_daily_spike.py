"""The day that stands out is found, and what grew on it is named."""

from __future__ import annotations

from typing import Any

from headgate.audit.rules.daily_spike import RULE
from tests.audit.ledgers import DAY_US, MONDAY_US
from tests.audit.rules.judged import USD, found, keeps_its_word


def call(day: int, dollars: float, **more: Any) -> dict[str, Any]:
    return {"at_us": MONDAY_US + day * DAY_US, "cost_nusd": int(dollars * USD), **more}


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_the_day_above_its_usual_is_told_with_what_grew() -> None:
    rows = [call(day, 10, key_id="k_app", session="a") for day in range(6)]
    rows.append(call(5, 60, key_id="k_job", session="loop", head=0x2C))
    (it,) = found(RULE, rows, names={"k_job": "nightly"})
    assert it.subject == "day 2026-11-07"
    assert (it.saving_nusd, it.confidence) == (60 * USD, "hypothesis")
    assert {row["dimension"]: row["called"] for row in it.figures["grew"]} == {
        "key": "nightly",
        "model": "claude-sonnet-5-5",
        "session": "loop",
        "system prompt": "000000000000002c",
        "hour (UTC)": "00:00",
    }
    assert it.rows == 2
    assert "7.0 times the usual $10.00" in it.what


def test_quiet_days_count_and_two_days_before_are_no_usual() -> None:
    assert not found(RULE, [call(0, 10), call(1, 10), call(2, 90)])
    (it,) = found(RULE, [call(0, 10), call(3, 90)])
    assert "and nothing is the usual" in it.what


def test_the_first_day_after_a_pause_is_no_spike() -> None:
    weeks = [call(day, 10) for day in range(21) if day % 7 < 5]
    assert not found(RULE, [*weeks, *(call(day, 10) for day in range(40, 45))])
    assert not found(RULE, [call(4, 10), call(7, 10), call(8, 10)]), "begun on a Friday"


def test_a_bill_that_rises_slowly_has_no_spike() -> None:
    assert not found(RULE, [call(day, 10 + 3 * day) for day in range(10)])


def test_daily_buckets_tell_their_day_and_longer_ones_do_not() -> None:
    rows = [call(day, 10, calls=100, span_us=DAY_US) for day in range(6)]
    (it,) = found(RULE, [*rows, call(6, 90, calls=900, span_us=DAY_US)])
    assert it.rows == 900
    assert "hour" not in it.what
    assert not found(RULE, [*rows, call(6, 90, calls=900, span_us=30 * DAY_US)])
