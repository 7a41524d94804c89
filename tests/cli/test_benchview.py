"""What a terminal shows of a benchmark says how sure it is, and what it rests on."""

from __future__ import annotations

import msgspec
import pytest

from headgate.bench.report.compare import compare
from headgate.bench.report.figures import report
from headgate.bench.report.words import sentence, warnings
from headgate.bench.task import Rejected
from headgate.cli.benchview import show, show_comparison
from tests.bench.runs import drawn, run_of


def test_what_must_be_known_first_is_said_first() -> None:
    run = run_of(
        {"one": [5, 5]}, is_builtin=True, rejected=(Rejected("x", "two tasks have this id"),)
    )
    said = "\n".join(warnings(run, report(run)))
    assert "the tasks that Headgate ships" in said
    assert "not asked: x: two tasks have this id" in said


def test_every_share_stands_beside_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of({"one": drawn(0.8, 30, "a"), "two": drawn(0.9, 30, "b")})
    show(run, report(run))
    said = capsys.readouterr().out
    assert said.count(" to ") > 10
    assert "pass@5" in said
    assert "disagree on" in said


def test_a_comparison_comes_to_one_sentence() -> None:
    run = run_of({"one": drawn(0.5, 50, "a"), "two": drawn(0.9, 50, "b")})
    one = [it for it in run.samples if it.arm == "one"]
    two = [it for it in run.samples if it.arm == "two"]
    assert sentence(compare(("one", one), ("two", two))).startswith("two is better than one: +")
    assert sentence(compare(("two", two), ("one", one))).startswith("one is worse than two: -")
    assert "are not shown different" in sentence(compare(("one", one), ("again", one)))


def test_a_task_that_one_arm_never_answered_is_shown_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = run_of({"one": [5, 5], "two": [0, 3], "three": [5, 0]})
    samples = [it for it in run.samples if (it.arm, it.task) != ("three", "t0")]
    run = msgspec.structs.replace(run, samples=tuple(samples))
    show(run, report(run))
    found = capsys.readouterr().out.partition("disagree on")[2]
    assert ("t0" in found, "t1" in found) == (True, True)


def test_an_arm_without_an_answer_has_no_share_and_no_price(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = msgspec.structs.replace(run_of({"one": [5, 5]}), samples=())
    show(run, report(run))
    said = capsys.readouterr().out
    assert "no answer" in said
    assert "0.0 % (" not in said
    assert "$" not in said


def test_what_has_no_price_is_unknown_in_a_comparison(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = run_of({"one": [5, 5], "two": [0, 3]})
    free = [msgspec.structs.replace(it, is_priced=False) for it in run.samples]
    one, two = ([it for it in free if it.arm == name] for name in ("one", "two"))
    show_comparison(compare(("one", one), ("two", two)))
    assert "unknown" in capsys.readouterr().out


def test_that_no_dataset_was_named_is_said_once() -> None:
    told = "no dataset was named: these are the tasks that Headgate ships"
    run = run_of({"one": [5, 5]}, is_builtin=True, notes=(told,))
    assert list(warnings(run, report(run))).count(told) == 1
