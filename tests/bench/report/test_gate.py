"""A gate fails for what got worse, seldom for chance, and never for what was not run."""

from __future__ import annotations

from random import Random

import pytest

from headgate.bench.report.gate import gate
from tests.bench.runs import drawn, run_of


def test_a_real_regression_fails_and_the_same_again_does_not() -> None:
    before = run_of({"one": drawn(0.9, 60, "a")})
    assert gate(before, run_of({"one": drawn(0.5, 60, "b")})).fails
    assert not gate(before, before).fails
    assert not gate(before, run_of({"one": [5] * 60})).fails


def test_a_regression_within_the_tolerance_passes() -> None:
    before, now = run_of({"one": [5] * 40}), run_of({"one": [4] * 40})
    assert gate(before, now).fails
    assert not gate(before, now, tolerance=0.25).fails


def test_an_arm_that_was_not_run_is_told() -> None:
    found = gate(run_of({"one": [5, 5], "two": [5, 5]}), run_of({"one": [5, 5]}))
    assert found.missing == ("two",)
    assert [it.arm for it in found.checked] == ["one"]
    found = gate(run_of({"one": [5, 5]}), run_of({"one": [5, 5], "two": [5, 5]}))
    assert (found.missing, found.fresh) == ((), ("two",))


@pytest.mark.slow
def test_chance_alone_fails_one_run_in_twenty_at_most() -> None:
    hard = drawn(0.8, 40, "tasks", samples=100)
    alarms = 0
    for n in range(200):
        dice = Random(n)  # noqa: S311
        pair = [
            run_of(
                {
                    name: [sum(dice.random() < it / 100 for _ in range(5)) for it in hard]
                    for name in ("one", "two")
                }
            )
            for _ in range(2)
        ]
        alarms += gate(pair[0], pair[1]).fails
    assert alarms <= 200 * 0.05 + 3 * (200 * 0.05 * 0.95) ** 0.5


def test_so_few_tasks_that_nothing_could_fail_are_known_to_be_so() -> None:
    whole, none = run_of({"one": [5] * 4}), run_of({"one": [0] * 4})
    (checked,) = gate(whole, none).checked
    assert not checked.fails
    assert checked.comparison.tasks < checked.fewest == 5
    assert gate(run_of({"one": [5] * 5}), run_of({"one": [0] * 5})).fails
