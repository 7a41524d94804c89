"""What a report says is what its records say, and no surer than its tasks allow."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.grade import Grade
from headgate.bench.report.figures import Spread, figures, frontier, quantile, report
from headgate.bench.sample import Sample
from tests.bench.runs import run_of, sample

RIGHTS = st.lists(st.integers(0, 5), min_size=2, max_size=20)


@given(RIGHTS)
def test_rates_are_those_of_the_records(rights: list[int]) -> None:
    run = run_of({"one": rights})
    (told,) = report(run).arms
    assert told.right.share == pytest.approx(sum(rights) / (5 * len(rights)))
    assert told.right.low <= told.right.share <= told.right.high
    assert told.right.share + told.wrong.share == pytest.approx(1)
    assert told.pass_at[1].share == pytest.approx(told.right.share)
    assert told.pass_at[5].share == pytest.approx(sum(it > 0 for it in rights) / len(rights))
    assert sum(it.samples for it in told.languages.values()) == 5 * len(rights)


def test_five_samples_of_a_hundred_tasks_are_not_five_hundred_tasks() -> None:
    (told,) = report(run_of({"one": [5] * 78 + [0] * 22})).arms
    assert told.right.share == pytest.approx(0.78)
    assert told.right.high - told.right.low == pytest.approx(0.162, abs=0.01)


def test_infrastructure_is_left_out_of_rates_and_told() -> None:
    run = run_of({"one": [5, 5, 0]})
    lost = [
        msgspec.structs.replace(it, correct=False, verdict=Grade.INFRASTRUCTURE)
        if it.task == "t2"
        else it
        for it in run.samples
    ]
    told = figures(run, "one", lost)
    assert (told.right.share, told.right.tasks, told.infrastructure) == (1.0, 2, 5)
    assert told.grades["infrastructure"] == 5


def test_errors_are_told_apart() -> None:
    run = run_of({"one": [0, 0]}, samples=4)
    kinds = [Grade.SYNTAX, Grade.COMPILE, Grade.WRONG, Grade.NO_CODE] * 2
    samples = [
        msgspec.structs.replace(it, verdict=kind)
        for it, kind in zip(run.samples, kinds, strict=True)
    ]
    told = figures(run, "one", samples)
    assert (told.badly_written.share, told.wrong.share) == (0.5, 0.25)


def test_time_is_split_into_the_way_the_thinking_and_the_writing() -> None:
    (told,) = report(run_of({"one": [5, 5]})).arms
    assert told.pace is not None
    assert (told.pace.network, told.pace.waiting) == (Spread(10, 10, 10), Spread(30, 30, 30))
    assert told.pace.writing is not None
    assert told.pace.writing.p50 == pytest.approx(62)
    assert told.pace.writing.p95 == pytest.approx(64)
    assert told.pace.tokens_per_s == pytest.approx(30 / 0.062)
    assert told.pace.latency.p50 == 102


def test_a_network_that_nobody_measured_is_not_nothing() -> None:
    run = run_of({"one": [5, 5]})
    unmeasured = [msgspec.structs.replace(it, network_ms=None) for it in run.samples]
    pace = figures(run, "one", unmeasured).pace
    assert pace is not None
    assert (pace.network, pace.network_of, pace.waiting) == (None, 0, Spread(40, 40, 40))
    mixed = [*unmeasured[:5], *run.samples[5:]]
    pace = figures(run, "one", mixed).pace
    assert pace is not None
    assert (pace.network, pace.network_of) == (Spread(10, 10, 10), 5)
    assert pace.waiting == Spread(30, 30, 30)


def test_an_answer_without_content_has_no_first_token() -> None:
    run = run_of({"one": [5, 5]})
    silent = [msgspec.structs.replace(it, ttft_ms=0.0) for it in run.samples]
    pace = figures(run, "one", [*silent[:5], *run.samples[5:]]).pace
    assert pace is not None
    assert pace.ttft == Spread(40, 40, 40)
    pace = figures(run, "one", silent).pace
    assert pace is not None
    assert (pace.ttft, pace.waiting, pace.writing, pace.tokens_per_s) == (None,) * 4


def test_a_pass_is_paid_together_with_what_failed() -> None:
    (told,) = report(run_of({"one": [5, 0]})).arms
    assert told.money.per_sample_nusd == 1000
    assert told.money.per_pass_nusd == 2000
    assert told.money.cached_share == 0.4
    (nothing,) = report(run_of({"one": [0, 0]})).arms
    assert nothing.money.per_pass_nusd is None


def test_an_arm_that_another_beats_in_both_is_not_on_the_frontier() -> None:
    run = run_of({"cheap": [3, 3], "good": [5, 5], "dear": [4, 4]})
    costs = {"cheap": 10, "good": 100, "dear": 200}
    samples = tuple(msgspec.structs.replace(it, cost_nusd=costs[it.arm]) for it in run.samples)
    told = report(msgspec.structs.replace(run, samples=samples))
    assert told.frontier == ("cheap", "good")
    unpriced = tuple(msgspec.structs.replace(it, is_priced=False) for it in samples)
    assert frontier(report(msgspec.structs.replace(run, samples=unpriced)).arms) == ()


def test_disagreements_come_with_both_answers_the_widest_first() -> None:
    told = report(run_of({"one": [5, 5, 3], "two": [5, 0, 2]})).disagreements
    assert [(it.task, round(it.gap, 2)) for it in told] == [("t1", 1.0), ("t2", 0.2)]
    assert told[0].answers["one"].code_right == "good"
    assert told[0].answers["two"].code_wrong == "bad"
    assert told[0].answers["two"].why.startswith("wrong")


def test_an_arm_without_a_single_answer_has_figures_too() -> None:
    lost: list[Sample] = [sample("one", "t0", 0, right=False, verdict=Grade.INFRASTRUCTURE)]
    told = figures(run_of({"one": [0]}), "one", lost)
    assert told.pace is None
    assert (told.right.low, told.right.high, told.right.samples) == (0, 1, 0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_a_quantile_lies_between_its_neighbours(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6
    assert quantile([1, 2, 3], 0.5) == 2


def test_what_failed_for_our_sake_is_paid_but_no_part_of_what_a_model_costs() -> None:
    run = run_of({"one": [5, 5]})
    lost = msgspec.structs.replace(
        run.samples[0], verdict=Grade.INFRASTRUCTURE, correct=False, cost_nusd=70_000
    )
    money = figures(run, "one", (lost, *run.samples[1:])).money
    assert (money.per_sample_nusd, money.per_pass_nusd) == (1000, 1000)
    assert (money.samples, money.infrastructure_nusd) == (9, 70_000)


def test_of_arms_that_are_alike_in_both_none_beats_the_other() -> None:
    assert report(run_of({"one": [3, 3], "two": [3, 3], "three": [2, 3]})).frontier == (
        "one",
        "two",
    )
