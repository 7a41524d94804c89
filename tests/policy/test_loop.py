"""What looks like a loop and what does not: bounds, windows, and calls at the same time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import loop
from headgate.policy.loop import PARTS, Finding, Loops, Rules, Vigil, Window

RULES = Rules(
    identical=5,
    identical_stop=20,
    unnamed_stop=0,
    failed=40,
    failed_stop=60,
    window_s=120.0,
    session_calls=0,
    session_nusd=0,
    session_window_s=3600.0,
    cool_s=300.0,
)
WHO = "k_1\0s1"


class Caller:
    """Sends one request again and again, by a clock of its own."""

    def __init__(self, rules: Rules = RULES, *, named: bool = True) -> None:
        self.loops = Loops()
        self.rules = rules
        self.named = named
        self.now = 1000.0
        self.under_way: list[Vigil] = []

    def come(self, request: int = 1) -> Finding | None:
        body = self.loops.body((WHO, request), self.rules, self.now)
        found = loop.again(body, self.rules, self.now, named=self.named)
        if found is None or not found.stop:
            self.under_way.append(Vigil(body))
        return found

    def end(self, *, answered: bool = True) -> None:
        self.under_way.pop(0).over(answered=answered)

    def ask(self, request: int = 1, *, answered: bool = True) -> Finding | None:
        found = self.come(request)
        if found is None or not found.stop:
            self.end(answered=answered)
        return found

    def asks(self, times: int, *, pause: float = 1.0, answered: bool = True) -> list[str]:
        """What was found each time: nothing, seen or stop."""
        told = []
        for _ in range(times):
            found = self.ask(answered=answered)
            told.append("" if found is None else "stop" if found.stop else "seen")
            self.now += pause
        return told


def test_what_comes_again_is_noticed_then_stopped_by_the_numbers() -> None:
    assert Caller().asks(23) == [""] * 5 + ["seen"] * 15 + ["stop"] * 3


def test_the_finding_says_how_often_within_what_time_and_for_how_long() -> None:
    caller = Caller()
    caller.asks(20, pause=2.0)
    found = caller.ask()
    assert found == Finding("identical", True, 20, 20, 38.0, 300.0, True)
    caller.now += 100
    again = caller.ask()
    assert again == Finding("identical", True, 20, 20, 38.0, 200.0, False)


def test_it_is_noticed_once_and_told_every_time() -> None:
    caller = Caller()
    caller.asks(5)
    assert [found.first for _ in range(3) if (found := caller.ask())] == [True, False, False]


def test_where_no_session_is_named_nothing_is_stopped_unless_it_was_said() -> None:
    assert "stop" not in Caller(named=False).asks(200, pause=0.1)
    strict = Caller(RULES._replace(unnamed_stop=7), named=False)
    assert strict.asks(9) == [""] * 5 + ["seen"] * 2 + ["stop"] * 2


def test_what_was_stopped_goes_on_after_its_rest_and_begins_anew() -> None:
    caller = Caller()
    caller.asks(21)
    caller.now += RULES.cool_s
    assert caller.asks(23) == [""] * 5 + ["seen"] * 15 + ["stop"] * 3


def test_another_request_of_the_session_is_answered_meanwhile() -> None:
    caller = Caller()
    caller.asks(21)
    assert caller.ask(request=2) is None


def test_a_retry_after_a_failure_is_counted_apart_and_more_mildly() -> None:
    assert Caller().asks(63, answered=False) == [""] * 40 + ["seen"] * 20 + ["stop"] * 3


def test_after_an_answer_a_failure_does_not_make_the_count_forget() -> None:
    caller = Caller()
    caller.asks(5)
    caller.asks(1, answered=False)
    assert caller.asks(2) == ["", "seen"]


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 40))
def test_equal_calls_at_the_same_time_are_no_loop(comings: list[bool], at_once: int) -> None:
    """A pool of workers that sample one prompt: at any moment another call is under way."""
    caller = Caller()
    assert caller.come() is None
    for comes in comings:
        caller.now += 0.01
        if comes or len(caller.under_way) <= 1:
            assert caller.come() is None
        elif len(caller.under_way) > at_once:
            caller.end()


def test_who_had_two_equal_calls_under_way_samples_and_is_left_alone_for_a_window() -> None:
    """Several workers whose answers come together begin anew together, at moments with none."""
    caller = Caller()
    caller.come()
    caller.come()
    caller.end()
    caller.end()
    assert set(caller.asks(100)) == {""}
    caller.now += RULES.window_s
    assert caller.asks(7)[-1] == "seen"


@given(st.lists(st.floats(0, 400), min_size=1, max_size=80))
def test_nothing_is_stopped_that_did_not_come_so_often_in_its_window(
    pauses: list[float],
) -> None:
    """A window is passed part by part: what is older by one part more is never counted."""
    caller = Caller()
    came: list[float] = []
    for pause in pauses:
        caller.now += pause
        found = caller.ask()
        came.append(caller.now)
        oldest = caller.now - RULES.window_s * (1 + 1 / PARTS)
        if found is not None and found.first:
            assert sum(at > oldest for at in came[1:]) >= found.bound
        if found is not None and found.stop:
            return


@given(st.lists(st.floats(0, 5), min_size=21, max_size=21))
def test_everything_is_stopped_that_came_so_often_in_its_window(pauses: list[float]) -> None:
    caller = Caller()
    told = []
    for pause in pauses:
        found = caller.ask()
        told.append(found is not None and found.stop)
        caller.now += pause
    assert told[-1]
    assert not any(told[:-1])


def test_what_comes_rarely_is_never_noticed() -> None:
    assert set(Caller().asks(100, pause=RULES.window_s / 3)) == {""}


@given(st.lists(st.tuples(st.floats(0, 50), st.integers(0, 9)), max_size=60))
def test_a_window_holds_all_of_its_time_and_at_most_a_part_more(
    fell: list[tuple[float, int]],
) -> None:
    window, now = Window(120.0), 0.0
    held: list[tuple[float, int]] = []
    for pause, amount in fell:
        now += pause
        window.add(amount, now)
        held.append((now, amount))
        sum_of = window.sum(now)
        assert sum_of >= sum(it for at, it in held if at > now - 120.0)
        assert sum_of <= sum(it for at, it in held if at >= now - 120.0 * (1 + 1 / PARTS))
    window.clear()
    assert window.sum(now) == 0
    assert window.since(now) == now


def test_a_window_remembers_when_it_began_to_fill() -> None:
    window = Window(120.0)
    window.add(1, 7.0)
    window.add(1, 50.0)
    assert window.since(60.0) == 7.0
    assert window.since(140.0) == 50.0


# ---- sessions

SESSIONS = RULES._replace(session_calls=10, session_nusd=5_000_000_000)


def test_a_session_is_told_near_its_bound_and_stopped_at_it() -> None:
    loops, told = Loops(), []
    for n in range(12):
        session = loops.session((WHO, b""), SESSIONS, float(n))
        found = loop.goes_on(session, SESSIONS, float(n))
        told.append("" if found is None else "stop" if found.stop else "seen")
    assert told == [""] * 8 + ["seen"] * 2 + ["stop"] * 2


def test_a_session_that_cost_too_much_is_stopped_and_goes_on_after_its_rest() -> None:
    loops = Loops()
    session = loops.session((WHO, b""), SESSIONS, 0.0)
    assert loop.goes_on(session, SESSIONS, 0.0) is None
    Vigil(None, session).pay(4_000_000_000, 1.0)
    near = loop.goes_on(session, SESSIONS, 2.0)
    assert near is not None
    assert (near.what, near.stop, near.first) == ("money", False, True)
    Vigil(None, session).pay(1_000_000_000, 3.0)
    found = loop.goes_on(session, SESSIONS, 4.0)
    assert found == Finding("money", True, 5_000_000_000, 5_000_000_000, 4.0, 300.0, True)
    assert loop.goes_on(session, SESSIONS, 303.0) is not None
    assert loop.goes_on(session, SESSIONS, 304.0) is None


def test_a_session_may_go_on_for_ever_below_its_bound_in_each_window() -> None:
    loops = Loops()
    for n in range(200):
        now = n * 700.0
        session = loops.session((WHO, b""), SESSIONS, now)
        assert loop.goes_on(session, SESSIONS, now) is None


# ---- bounds


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "MOST_BODIES", 50)
    monkeypatch.setattr(loop, "MOST_SESSIONS", 50)
    loops = Loops()
    for n in range(500):
        loops.body((WHO, n), RULES, 1.0)
        loops.session((WHO, n), SESSIONS, 1.0)
    assert len(loops._bodies) == len(loops._sessions) == 50
    assert (WHO, 499) in loops._bodies


def test_what_is_over_is_forgotten_as_new_requests_come() -> None:
    loops = Loops()
    for n in range(500):
        loops.body((WHO, n), RULES, 1.0)
    for n in range(500):
        loops.body((WHO, 1000 + n), RULES, 1.0 + 2 * RULES.window_s)
    assert len(loops._bodies) == 500


def test_the_end_of_a_call_that_was_forgotten_harms_nobody() -> None:
    caller = Caller()
    caller.come()
    caller.now += 10 * RULES.window_s
    assert caller.come() is None
    caller.end()
    caller.end()
    assert caller.loops.body((WHO, 1), RULES, caller.now).running == 0
    Vigil().over(answered=True)
    Vigil().pay(5, 1.0)
