"""A plan never repeats what may not be repeated, and never waits for nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.router import (
    ONE_MORE,
    REFUSALS,
    Outcome,
    Patience,
    Target,
    Try,
    Wait,
    pause,
    plan,
)
from headgate.wire.model import FAULTS, Fault, Kind

KINDS = st.sampled_from(list(Kind))
FAULTY = st.builds(
    lambda kind, after: Fault(kind, "no", retry_after=after),
    KINDS,
    st.none() | st.floats(0, 60),
)
COMMITTED = st.integers(0, 5).map(lambda roll: roll == 5)
OUTCOME = st.builds(Outcome, st.none() | FAULTY | FAULTY | FAULTY, COMMITTED, st.just(False))
OUTCOMES = st.lists(OUTCOME, max_size=20)
RUNG = st.tuples(st.sampled_from("abc"), st.integers(1, 4))
LADDER = st.lists(RUNG, min_size=1, max_size=4).map(
    lambda rungs: [Target("p", f"{name}{n}", tries) for n, (name, tries) in enumerate(rungs)]
)
PATIENCE = st.builds(
    Patience,
    st.lists(st.floats(0, 10), max_size=3).map(tuple),
    st.floats(0, 1),
    st.floats(0, 30),
)
DICE = st.floats(0, 1, exclude_max=True)
FAILED = Outcome(Fault(Kind.OVERLOADED, "no"))


@dataclass(slots=True)
class Told:
    """What a plan did when its tries came out as listed; the last outcome repeats."""

    steps: list[Try | Wait] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    """of the tries among the steps"""

    @property
    def tries(self) -> list[Try]:
        return [step for step in self.steps if isinstance(step, Try)]


def drive(
    ladder: list[Target],
    outcomes: list[Outcome],
    patience: Patience = Patience(),  # noqa: B008 - frozen
    *,
    cold: Callable[[Target], bool] = lambda target: False,
    roll: float = 0.5,
) -> Told:
    told = Told()
    running = plan(ladder, cold, patience, lambda: roll)
    left = iter(outcomes)
    step: Try | Wait | None = next(running, None)
    while step is not None:
        told.steps.append(step)
        outcome: Outcome | None = None
        if isinstance(step, Try):
            outcome = next(left, FAILED)
            told.outcomes.append(outcome)
        try:
            step = running.send(outcome)
        except StopIteration:
            step = None
    return told


@given(LADDER, OUTCOMES, PATIENCE, st.sets(st.integers(0, 3)))
def test_a_plan_ends_within_its_ladder_and_never_waits_at_its_end(
    ladder: list[Target], outcomes: list[Outcome], patience: Patience, cold: set[int]
) -> None:
    cooling = {ladder[n] for n in cold if n < len(ladder)}
    told = drive(ladder, outcomes, patience, cold=cooling.__contains__)
    assert isinstance(told.steps[0], Try)
    assert isinstance(told.steps[-1], Try)
    for target in ladder:
        count = sum(step.target is target for step in told.tries)
        assert count <= (1 if target in cooling and len(ladder) > 1 else target.tries)
    for one, two in zip(told.steps, told.steps[1:], strict=False):
        if isinstance(one, Wait):
            assert two == Try(one.target, one.number, len(ladder) == 1)


@given(LADDER, FAULTY, st.booleans(), st.integers(0, 3))
def test_nothing_follows_an_outcome_that_is_final_whatever_its_fault_allows(
    ladder: list[Target], fault: Fault, others: bool, before: int
) -> None:
    final = Outcome(fault, others=others, final=True)
    told = drive(ladder, [FAILED] * before + [final], Patience())
    assert all(not outcome.final for outcome in told.outcomes[:-1])


@given(LADDER, OUTCOMES, PATIENCE, DICE)
def test_nothing_follows_an_answer_a_commit_or_a_fault_that_is_final(
    ladder: list[Target], outcomes: list[Outcome], patience: Patience, roll: float
) -> None:
    told = drive(ladder, outcomes, patience, roll=roll)
    for outcome in told.outcomes[:-1]:
        assert outcome.fault is not None
        assert not outcome.committed
        assert outcome.fault.consequence.next_target
        assert outcome.fault.consequence.whose != "client"


@given(LADDER, OUTCOMES, PATIENCE, DICE)
def test_every_rung_is_reached_unless_something_final_came_first(
    ladder: list[Target], outcomes: list[Outcome], patience: Patience, roll: float
) -> None:
    told = drive(ladder, outcomes, patience, roll=roll)
    last = told.outcomes[-1]
    final = last.fault is None or last.committed or not last.fault.consequence.next_target
    reached = list(dict.fromkeys(step.target for step in told.tries))
    assert reached == ladder if not final else reached == ladder[: len(reached)]


@given(LADDER, OUTCOMES, PATIENCE, DICE)
def test_the_same_target_is_tried_again_only_where_the_table_allows(
    ladder: list[Target], outcomes: list[Outcome], patience: Patience, roll: float
) -> None:
    told = drive(ladder, outcomes, patience, roll=roll)
    tries, ends = told.tries, told.outcomes
    for n in range(1, len(tries)):
        fault = ends[n - 1].fault
        if tries[n].number > 1:
            assert fault is not None
            assert fault.consequence.same_target
            assert (fault.retry_after or 0) <= patience.max_retry_after_s
            assert tries[n].number == tries[n - 1].number + 1
            assert tries[n].target is tries[n - 1].target
    for target in ladder:
        kinds = [
            end.fault.kind
            for step, end in zip(tries, ends, strict=True)
            if step.target is target and end.fault
        ]
        assert all(kinds.count(kind) <= 2 for kind in ONE_MORE)


@given(LADDER, OUTCOMES, PATIENCE, DICE)
def test_a_wait_is_what_the_provider_asked_for_or_within_jitter(
    ladder: list[Target], outcomes: list[Outcome], patience: Patience, roll: float
) -> None:
    for step in drive(ladder, outcomes, patience, roll=roll).steps:
        if isinstance(step, Wait):
            asked = step.fault.retry_after
            if asked is not None:
                assert step.seconds == asked
                continue
            waits = patience.waits_s or (0.0,)
            wait = waits[min(step.number - 1, len(waits)) - 1]
            slack = wait * patience.jitter + 1e-9
            assert wait - slack <= step.seconds <= wait + slack


@pytest.mark.parametrize("kind", [kind for kind in Kind if FAULTS[kind].whose == "client"])
def test_a_fault_of_the_clients_is_tried_once(kind: Kind) -> None:
    ladder = [Target("p", "a", 3), Target("p", "b", 3)]
    assert len(drive(ladder, [Outcome(Fault(kind, "no"))]).steps) == 1


def test_never_retry_once_bytes_are_out() -> None:
    ladder = [Target("p", "a", 3), Target("p", "b", 3)]
    outcome = Outcome(Fault(Kind.OVERLOADED, "no"), committed=True)
    assert len(drive(ladder, [outcome]).steps) == 1


def test_the_default_ladder_waits_one_and_two_seconds_and_never_after_the_last_try() -> None:
    told = drive([Target("p", "a", 3), Target("p", "b", 2), Target("p", "c")], [])
    waits = [step.seconds for step in told.steps if isinstance(step, Wait)]
    assert waits == [1.0, 2.0, 1.0]
    assert [step.target.model for step in told.tries] == list("aaabbc")


def test_a_cooling_target_is_passed_over_while_another_is_warm() -> None:
    a, b, c = Target("p", "a", 3), Target("p", "b", 2), Target("p", "c")
    told = drive([a, b, c], [], cold=lambda target: target is a)
    assert [step.target.model for step in told.tries] == list("bbca")
    answered = drive([a, b, c], [Outcome(None)], cold=lambda target: target is a)
    assert [step.target.model for step in answered.tries] == ["b"]


def test_when_all_are_cooling_each_is_tried_once_in_order() -> None:
    ladder = [Target("p", "a", 3), Target("p", "b", 2)]
    told = drive(ladder, [], cold=lambda target: True)
    assert [step.target.model for step in told.steps if isinstance(step, Try)] == ["a", "b"]
    assert len(told.steps) == 2


def test_a_lone_target_is_tried_in_full_although_it_is_cooling() -> None:
    told = drive([Target("p", "a", 3)], [], cold=lambda target: True)
    assert len(told.tries) == 3


def test_a_retry_after_too_long_to_wait_for_goes_to_the_next_rung() -> None:
    limited = Outcome(Fault(Kind.UPSTREAM_LIMITED, "no", retry_after=21.0))
    told = drive([Target("p", "a", 3), Target("p", "b")], [limited, Outcome(None)])
    assert [step.target.model for step in told.tries] == ["a", "b"]
    assert len(told.steps) == 2


def test_an_empty_ladder_is_no_plan() -> None:
    assert drive([], []).steps == []


@given(st.integers(1, 50), DICE)
def test_the_last_wait_repeats_and_no_waits_means_at_once(number: int, roll: float) -> None:
    still = Patience(jitter=0)
    assert pause(number, None, still, lambda: roll) == (1.0, 2.0, 4.0)[min(number, 3) - 1]
    assert pause(number, None, Patience(()), lambda: roll) == 0


def refused(kind: Kind, *, others: bool, **more: bool) -> Outcome:
    return Outcome(Fault(kind, "no", retry_after=9), others=others, **more)


@given(st.sampled_from(sorted(REFUSALS)), st.integers(0, 5), LADDER, PATIENCE)
def test_a_refusal_is_tried_at_the_next_account_at_once_and_costs_no_try(
    kind: Kind, others: int, ladder: list[Target], patience: Patience
) -> None:
    outcomes = [refused(kind, others=True)] * others
    told = drive(ladder, outcomes, patience)
    first = told.steps[: others + 1]
    assert all(step is first[0] for step in first)
    plain = drive(ladder, [], patience)
    assert told.steps[others:] == plain.steps


@given(LADDER, OUTCOMES, PATIENCE)
def test_other_faults_and_what_has_begun_never_move_to_another_account(
    ladder: list[Target], outcomes: list[Outcome], patience: Patience
) -> None:
    def is_refusal(outcome: Outcome) -> bool:
        fault = outcome.fault
        return fault is not None and fault.kind in REFUSALS and not outcome.committed

    others = [
        it if is_refusal(it) else Outcome(it.fault, it.committed, others=True)
        for it in outcomes
    ]
    assert drive(ladder, others, patience).steps == drive(ladder, outcomes, patience).steps


def test_once_no_account_is_left_a_limit_is_waited_for_and_a_rejection_is_not() -> None:
    target = Target("p", "a", 2)
    for kind, tries in ((Kind.UPSTREAM_LIMITED, [1, 1, 2]), (Kind.UPSTREAM_AUTH, [1, 1])):
        told = drive([target], [refused(kind, others=True), refused(kind, others=False)])
        assert [step.number for step in told.tries] == tries
        assert [step.seconds for step in told.steps if isinstance(step, Wait)] == [9][
            : len(tries) - 2
        ]


def short(seconds: float) -> Outcome:
    return Outcome(Fault(Kind.UPSTREAM_LIMITED, "all short", retry_after=seconds), short=True)


def test_nobody_waits_for_accounts_while_another_target_is_left() -> None:
    one, two, three = ladder = [Target("p", name, 3) for name in "abc"]
    told = drive(ladder, [short(9), FAILED, FAILED, FAILED, short(2), short(2)])
    assert [(step.target, step.last) for step in told.tries] == [
        (one, False), (two, False), (two, False), (two, False), (three, False),
        (three, True), (one, True),
    ]  # fmt: skip


def test_of_those_that_are_passed_over_the_soonest_is_waited_for_first() -> None:
    ladder = [Target("p", name) for name in "abc"]
    waits = dict(zip(ladder, (30.0, 5.0, float("inf")), strict=True))
    running, tried = plan(ladder, waits.__getitem__, Patience(), lambda: 0.5), []
    step: Try | Wait | None = next(running)
    while step is not None:
        assert isinstance(step, Try)
        assert step.last
        tried.append(step.target.model)
        try:
            step = running.send(short(5))
        except StopIteration:
            step = None
    assert tried == ["b", "a", "c"]


def test_a_lone_target_is_asked_once_where_its_accounts_stay_short() -> None:
    told = drive([Target("p", "a", 3)], [short(2)])
    assert told.steps == [Try(Target("p", "a", 3), 1, last=True)]
