"""What runs add up to: success over workloads, latency with its ends, cost of a success."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from headgate.bench.interpreter.execution import Execution, How
from headgate.bench.interpreter.figures import Standing, findings
from headgate.bench.interpreter.running import Done
from tests.bench.interpreters import place


def execution(
    workload: str, how: How, ms: float, *, right: bool = True, at_once: int = 1
) -> Execution:
    return Execution(
        place="here", workload=f"numerics/{workload}", how=how, at_once=at_once, is_right=right,
        why="" if right else "x is 1, not 2", status="ok", latency_ms=ms, ended_ms=ms,
        execution_ms=ms / 2, cost_nusd=1_000,
    )  # fmt: skip


def standing(them: Sequence[Execution], ready_nusd: int = 0) -> Standing:
    done = Done(them, {"here": ready_nusd}, is_capped=False)
    (found,) = findings([place()], done).places
    return found


def test_success_is_counted_over_workloads_and_failures_are_paid_along() -> None:
    them = [execution("a", "cold", 1), execution("b", "cold", 2, right=False)]
    them += [execution("a", "warm", 1), execution("b", "warm", 1)]
    found = standing(them, ready_nusd=500)
    assert found.success is not None
    assert (found.success.share, found.success.tasks) == (0.75, 2)
    assert found.cold.per_success_nusd == 2_000
    assert found.warm.per_success_nusd == 1_250, "what made it ready is paid along"
    assert found.total_nusd == 4_500
    assert [(it.workload, it.times) for it in found.wrong] == [("numerics/b", 1)]


def test_a_p99_that_so_few_runs_cannot_bound_has_no_upper_end() -> None:
    found = standing([execution(str(it), "cold", it + 1) for it in range(40)])
    assert found.cold.latency is not None
    p50, p99 = found.cold.latency.p50, found.cold.latency.p99
    assert p50.low_ms is not None
    assert p50.high_ms is not None
    assert p50.low_ms < p50.ms == 20.5 < p50.high_ms
    assert p99.high_ms is None
    assert found.cold.latency.code_p50_ms == pytest.approx(10.25)
    assert found.warm.latency is None


def test_a_level_has_its_pace_and_what_may_fail_at_most() -> None:
    them = [execution(str(it), "sweep", 100 * (it + 1), at_once=4) for it in range(20)]
    (level,) = standing(them).levels
    assert (level.at_once, level.runs, level.right) == (4, 20, 20)
    assert level.per_s == pytest.approx(10)
    assert level.per_s_low == pytest.approx(10)
    assert 0.1 < level.failed_high < 0.2


def test_what_nobody_judged_is_in_no_rate() -> None:
    one = Execution(
        place="here",
        workload="numerics/a",
        how="cold",
        is_judged=False,
        status="ok",
        latency_ms=9,
    )
    found = standing([one])
    assert found.success is None
    assert found.cold.per_success_nusd is None
    assert found.cold.latency is not None
    assert not found.wrong
    assert not found.families
