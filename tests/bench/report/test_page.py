"""A page holds all of a run, needs nothing else, and runs nothing that a model wrote."""

from __future__ import annotations

import msgspec

from headgate.bench.report.figures import report
from headgate.bench.report.page import page
from headgate.bench.sample import Run
from tests.bench.runs import drawn, run_of


def of(run: Run) -> str:
    return page(run, report(run))


def test_what_a_model_wrote_is_text() -> None:
    run = run_of({"<b>": [5, 0], "two": [0, 5]})
    evil = "<script>alert(1)</script>\u202e\x1b"
    samples = tuple(msgspec.structs.replace(it, code=evil, why=evil) for it in run.samples)
    told = of(msgspec.structs.replace(run, samples=samples, name=evil, notes=(evil,)))
    assert not [it for it in ("<script", "\u202e", "\x1b") if it in told]
    assert "&lt;script&gt;" in told
    assert "<b>:" not in told


def test_a_page_says_whether_a_difference_is_real() -> None:
    told = of(run_of({"one": drawn(0.5, 60, "a"), "two": drawn(0.9, 60, "b")}))
    assert "two is better than one" in told
    assert "http" not in told.replace("http-equiv", "")


def test_a_page_of_one_arm_and_of_no_answers_is_written_too() -> None:
    assert "Is the difference real?" not in of(run_of({"one": [5, 5]}))
    assert "<h1>" in of(msgspec.structs.replace(run_of({"one": [5]}), samples=()))


def test_answers_that_differ_stand_side_by_side() -> None:
    told = of(run_of({"one": [5], "two": [0]}))
    both = told.partition('<div class="beside">')[2].partition("</details>")[0]
    assert both.count("<div><h3>") == 2
    assert both.index("one: right") < both.index("good") < both.index("two: wrong")


def test_of_a_huge_answer_a_page_shows_the_beginning() -> None:
    run = run_of({"one": [5], "two": [0]})
    samples = tuple(msgspec.structs.replace(it, code="x" * 1_000_000) for it in run.samples)
    told = of(msgspec.structs.replace(run, samples=samples))
    assert len(told) < 100_000
    assert "980,000 characters more, in results.json" in told
