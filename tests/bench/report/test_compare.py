"""Two models are told apart where the tasks tell them apart, and not before."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.bench.grade import Grade
from headgate.bench.report.compare import Comparison, NothingShared, compare, same_tasks
from headgate.bench.sample import Run, TaskFacts
from tests.bench.runs import drawn, run_of


def compared(run: Run, **options: float) -> Comparison:
    one = [it for it in run.samples if it.arm == "one"]
    two = [it for it in run.samples if it.arm == "two"]
    return compare(("one", one), ("two", two), **options)


def test_a_clear_difference_is_shown_and_a_small_one_is_not() -> None:
    clear = compared(run_of({"one": drawn(0.6, 80, "a"), "two": drawn(0.95, 80, "b")}))
    assert clear.word == "better"
    assert clear.low > 0
    close = compared(run_of({"one": drawn(0.8, 40, "a"), "two": drawn(0.82, 40, "b")}))
    assert close.word == "not shown different"
    assert close.low < 0 < close.high
    assert close.needed_as_seen > 40


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30))
def test_what_is_better_one_way_is_worse_the_other_way(pairs: list[tuple[int, int]]) -> None:
    one, two = [a for a, _ in pairs], [b for _, b in pairs]
    there = compared(run_of({"one": one, "two": two}))
    back = compared(run_of({"one": two, "two": one}))
    assert there.likelihood == pytest.approx(back.likelihood)
    assert there.difference == pytest.approx(-back.difference)
    words = {"better": "worse", "worse": "better"}
    assert words.get(there.word, there.word) == back.word
    assert (there.word == "not shown different") or there.likelihood <= 0.05


def test_a_smaller_difference_needs_more_tasks() -> None:
    run = run_of({"one": drawn(0.8, 40, "a"), "two": drawn(0.82, 40, "b")})
    few, many = compared(run, least=0.1), compared(run, least=0.02)
    assert many.needed_at_least > 20 * few.needed_at_least


def test_only_tasks_that_both_answered_count() -> None:
    run = run_of({"one": [5, 5, 5, 0], "two": [5, 5, 5, 5]})
    lost = tuple(
        msgspec.structs.replace(it, verdict=Grade.INFRASTRUCTURE, correct=False)
        if (it.arm, it.task) == ("two", "t3")
        else it
        for it in run.samples
    )
    found = compared(msgspec.structs.replace(run, samples=lost))
    assert (found.tasks, found.left_out, found.difference) == (3, 1, 0)
    with pytest.raises(NothingShared):
        compare(("one", run.samples), ("two", ()))


def test_a_task_whose_words_changed_is_another_task() -> None:
    one = run_of({"one": [5, 5]})
    tasks = (one.tasks[0], TaskFacts("t1", "go", (), "other words"))
    other = same_tasks(one, msgspec.structs.replace(one, tasks=tasks))
    assert {it.task for it in other.samples} == {"t0"}


def test_a_task_whose_tests_changed_is_another_task_where_that_was_noted() -> None:
    one = run_of({"one": [5, 5]})
    noted = tuple(msgspec.structs.replace(it, digest="a") for it in one.tasks)
    changed = (noted[0], msgspec.structs.replace(noted[1], digest="b"))
    before = msgspec.structs.replace(one, tasks=noted)
    now = msgspec.structs.replace(one, tasks=changed)
    assert {it.task for it in same_tasks(before, now).samples} == {"t0"}
    assert same_tasks(one, now).samples == now.samples


def test_what_has_no_price_costs_nothing_that_is_known() -> None:
    run = run_of({"one": [5, 3], "two": [5, 5]})
    assert compared(run).first.cost_nusd == 1000
    samples = tuple(msgspec.structs.replace(it, is_priced=False) for it in run.samples)
    assert compared(msgspec.structs.replace(run, samples=samples)).first.cost_nusd is None


def test_the_level_decides_how_many_tasks_are_needed() -> None:
    run = run_of({"one": [5, 3, 4, 2, 5, 1], "two": [5, 4, 3, 3, 5, 2]})
    one, two = ([it for it in run.samples if it.arm == name] for name in ("one", "two"))
    usual = compare(("one", one), ("two", two))
    strict = compare(("one", one), ("two", two), 0.001)
    assert strict.needed_at_least > usual.needed_at_least
    assert strict.needed_as_seen > usual.needed_as_seen >= 6
