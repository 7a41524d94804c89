"""What a process holds: it never gives back what it uses, and keeps little that it does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.config.model import CapsConfig
from headgate.engine.till import TICK_S
from headgate.policy.cap import span
from headgate.policy.holding import EPOCH, Pot, Tap

AMOUNTS = st.integers(0, 10**6)


def pot() -> Pot:
    return Pot("key:k day", "key:k", span("day", 20_000), 10**7, "hard")


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.integers(-(10**6), 10**7))
def test_a_wish_covers_what_is_needed_and_half_of_the_rest_at_most(
    granted: int, used: int, held: int, peak: int, free: int
) -> None:
    it = pot()
    it.granted, it.used, it.held, it.free = granted, used, held, free
    it.peak.see(peak)
    wish = it.wish()
    assert wish >= used + held
    spare = max(granted - used - held, 0)
    assert wish - used - held <= max((free + spare) // 2, 0)
    before = it.granted
    assert it.ask() == wish
    assert it.granted == min(before, wish)


def test_what_is_not_needed_any_more_goes_back_in_time() -> None:
    it = pot()
    it.answer(10**6, 10**6, 0)
    it.held = 500_000
    it.tick()
    it.held = 0
    it.active = True
    for _ in range(400):
        wish = it.ask()
        it.answer(min(it.granted, wish) if wish <= it.granted else wish, 10**6, 0)
        it.tick()
    assert it.granted == 0
    assert it.settled()


def test_an_idle_cushion_is_given_back_before_those_who_wait_elsewhere_give_up() -> None:
    it = pot()
    it.answer(10**6, 0, 0)
    it.held = 10**6
    for _ in range(EPOCH + 1):  # it is seen in the next epoch too, which is the worst
        it.tick()
    it.held = 0
    for _ in range(int((CapsConfig().wait_s - 1) / TICK_S)):
        it.tick()
        if it.due():
            before = it.granted
            it.answer(it.ask(), it.free + before - it.granted, 0)
    assert it.granted == 0


def test_what_is_left_counts_what_the_bank_cannot_know_yet() -> None:
    it = pot()
    it.used = 100
    it.answer(1_000, 0, 5_000)
    assert it.left() == 10**7 - 5_000
    it.used += 300
    assert it.left() == 10**7 - 5_300
    assert it.spent_now() == 5_300


def test_a_span_counted_by_another_process_number_begins_with_nothing() -> None:
    it = pot()
    it.answer(1_000, 0, 0)
    it.used, it.held = 400, 100
    it.forget()
    assert it.room() == -100


def test_a_tap_asks_for_what_those_in_line_lack() -> None:
    it = Tap("key:k requests", 60, 20)
    it.level, it.wanted, it.smallest = 1, 5, 2
    take, least = it.ask()
    assert take >= 4
    assert least == 1


def test_a_tap_keeps_no_more_at_hand_than_a_second_brings_however_busy_it_was() -> None:
    it = Tap("key:k requests", 900, 20)
    it.used = 500
    it.tick()
    assert it.due()
    assert it.ask() == (10, 1)
    it.answer(10, 0, 0.0)
    assert not it.due()
    it.level = 25
    assert it.due()
    assert it.ask() == (-10, 0)


def test_a_debt_is_paid_before_anything_else() -> None:
    it = Tap("key:k input_tokens", 6000, 6000)
    it.level = -500
    take, least = it.ask()
    assert take >= 500
    assert least >= 1


def test_an_idle_tap_gives_back_all_it_has() -> None:
    it = Tap("key:k requests", 60, 20)
    it.answer(12, 8, 0.0)
    assert it.left() == 20
    for _ in range(60):
        it.tick()
    assert it.ask() == (-12, 0)
    assert it.level == 0
    assert it.settled()


def test_what_lets_nobody_go_is_given_back_and_asked_for_again() -> None:
    it = pot()
    it.wanted = it.smallest = 60
    assert it.ask() >= 60
    it.answer(40, 0, 0)  # another has the rest
    it.stuck = True
    assert (it.ask(), it.room()) == (0, 0)
    it.answer(0, 50, 0)
    assert it.gave_back
    assert it.ask() >= 60
    it.answer(60, 0, 0)
    assert (it.gave_back, it.stuck) == (False, False)
