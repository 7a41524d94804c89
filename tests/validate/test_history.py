"""Code that fails twice goes to a person, and what fails again and again is grouped."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from headgate.validate import history
from headgate.validate.history import Attempt, append, load, needing_review, repeats

LINT = (("lint", "ruff", "F401"),)
TESTS = (("tests", "tests", "failed"),)


def attempt(code: str, failed: tuple[tuple[str, str, str], ...] = LINT, **more: Any) -> Attempt:
    return Attempt(**{"at_us": 1, "path": "a.py", "code": code, "failed": failed, **more})


def test_other_code_that_fails_again_needs_review_and_the_same_code_does_not() -> None:
    assert needing_review([attempt("1"), attempt("1")]) == {}
    assert needing_review([attempt("1"), attempt("2")]) == {"file a.py": 2}


def test_a_pass_ends_the_row() -> None:
    assert needing_review([attempt("1"), attempt("2"), attempt("3", ())]) == {}


def test_one_prompt_is_one_thing_whatever_the_file_is_called() -> None:
    tried = [
        Attempt(at_us=1, path="a.py", code="1", failed=LINT, prompt="p"),
        Attempt(at_us=2, path="b.py", code="2", failed=LINT, prompt="p"),
    ]
    assert needing_review(tried) == {"prompt p": 2}


def test_failures_are_grouped_by_prompt_model_and_check() -> None:
    tried = [
        attempt("1", LINT, prompt="p", model="m"),
        attempt("2", (*LINT, *TESTS), prompt="p", model="m"),
        attempt("3", TESTS, prompt="p", model="other"),
        attempt("4", (), prompt="p", model="m"),
    ]
    found = repeats(tried)
    assert [(it.prompt, it.model, it.check, it.attempts, it.of) for it in found] == [
        ("p", "m", "ruff", 2, 3)
    ]
    assert found[0].rules == (("F401", 2),)


def test_what_was_added_is_read_and_the_same_again_is_not_added(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.jsonl"
    append(path, [attempt("1")])
    append(path, [attempt("1")])
    append(path, [attempt("2")])
    assert [it.code for it in load(path)] == ["1", "2"]


def test_a_torn_line_is_passed_over_and_the_next_one_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    append(path, [attempt("1")])
    path.write_bytes(path.read_bytes() + b'{"at_us": 1, "pa')
    append(path, [attempt("2")])
    assert [it.code for it in load(path)] == ["1", "2"]


def test_a_row_ends_only_when_what_failed_has_passed() -> None:
    """A quick hook that asks for lint alone does not take back what the tests have said."""
    row = [attempt("1", TESTS, passed=("ruff",)), attempt("2", TESTS, passed=("ruff",))]
    assert needing_review([*row, attempt("2", (), passed=("ruff",))]) == {"file a.py": 2}
    assert needing_review([*row, attempt("3", (), passed=("ruff", "tests"))]) == {}
    apart = [attempt("3", (), passed=("tests",)), attempt("4", LINT, passed=("tests",))]
    assert needing_review([*row, *apart]) == {}


def test_what_failing_cost_is_summed_once_for_each_call() -> None:
    tried = [
        attempt("1", call="a", cost_nusd=5),
        attempt("1", call="a", cost_nusd=5, path="b.py"),
        attempt("2", call="b", cost_nusd=7),
    ]
    assert [it.cost_nusd for it in repeats([*tried], 1)] == [5 + 7, 5]


def test_lines_of_two_branches_count_in_the_order_in_which_they_were_made(
    tmp_path: Path,
) -> None:
    """As git's union merge leaves them: shared lines twice, the other branch's lines behind."""
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    for path in (ours, theirs):
        append(path, [attempt("1", at_us=1)])
    append(ours, [attempt("4", (), at_us=4)])
    append(theirs, [attempt("2", at_us=2)])
    append(theirs, [attempt("3", at_us=3)])
    ours.write_bytes(ours.read_bytes() + theirs.read_bytes())
    assert [it.code for it in load(ours)] == ["1", "2", "3", "4"]
    assert needing_review(load(ours)) == {}


@pytest.mark.parametrize(
    "rubbish",
    [b"\0" * 100, b"<<<<<<< ours\n=======\n>>>>>>> theirs\n", b"[" * 5_000, b"\xff\xfe", b"{}"],
)
def test_what_cannot_be_read_costs_its_line_alone(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "history.jsonl"
    append(path, [attempt("1", at_us=1)])
    path.write_bytes(path.read_bytes() + rubbish)
    append(path, [attempt("2", at_us=2)])
    assert [it.code for it in load(path)] == ["1", "2"]


def test_it_stays_bounded_and_keeps_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 4_000)
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"\xff" * 10_000)  # a single line of rubbish must not stay for ever
    for number in range(100):
        append(path, [attempt(str(number), at_us=number)])
        assert path.stat().st_size <= 4_000
    assert load(path)[-1].code == "99"
    assert len(load(path)) >= 10
    assert [it.name for it in tmp_path.iterdir()] == ["history.jsonl"]


def _add(path: Path, number: int) -> None:
    for at in range(20):
        append(path, [attempt(f"{number}-{at}", at_us=at, path=f"{number}.py")])


@pytest.mark.slow
def test_several_at_once_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the file is replaced by a shorter one."""
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"x" * (history.MOST_BYTES - 500) + b"\n")
    fork = multiprocessing.get_context("fork")
    them = [fork.Process(target=_add, args=(path, number)) for number in range(4)]
    for it in them:
        it.start()
    for it in them:
        it.join()
        assert it.exitcode == 0
    assert len(load(path)) == 80
