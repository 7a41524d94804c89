"""A time-out of callers disqualifies; what nobody measured does not, and is said."""

from __future__ import annotations

from headgate.money.decision.pace import Budget, Times, keep


def test_280_tokens_at_120_a_second_cannot_come_within_210_milliseconds() -> None:
    pace = keep(Times(ttft_p50_s=0.085, tokens_per_s=120), Budget(whole_s=0.210), 280)
    assert pace.in_time is False
    assert "2.42 s" in pace.why


def test_the_slow_calls_decide_and_not_the_median() -> None:
    times = Times(ttft_p50_s=0.3, ttft_slow_s=1.2)
    assert keep(times, Budget(ttft_s=1.0), 100).in_time is False


def test_nobody_waits_for_background_work() -> None:
    assert keep(Times(ttft_slow_s=90), Budget(ttft_s=1, background=True), 100).in_time is True


def test_what_was_not_measured_is_neither_in_time_nor_late() -> None:
    pace = keep(Times(), Budget(ttft_s=1), 100)
    assert pace.in_time is None
    assert "nobody measured" in pace.why


def test_a_measured_whole_beats_a_reckoned_one() -> None:
    times = Times(ttft_p50_s=1, whole_slow_s=4, tokens_per_s=1)
    assert keep(times, Budget(whole_s=5), 1000).in_time is True


def test_a_part_that_alone_takes_too_long_is_late_and_else_tells_nothing_of_the_whole() -> None:
    slow = keep(Times(tokens_per_s=10), Budget(whole_s=5), 100)
    assert slow.in_time is False
    assert "10.00 s or more" in slow.why
    assert keep(Times(ttft_slow_s=6), Budget(whole_s=5), 100).in_time is False
    fast = keep(Times(tokens_per_s=100), Budget(whole_s=5), 100)
    assert fast.in_time is None
    assert "nobody measured" in fast.why
