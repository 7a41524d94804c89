"""Code that fails twice goes to a person, and what fails again and again is grouped."""

from __future__ import annotations

from pathlib import Path

from headgate.validate.history import Attempt, append, load, needing_review, repeats

LINT = (("lint", "ruff", "F401"),)
TESTS = (("tests", "tests", "failed"),)


def attempt(code: str, failed: tuple[tuple[str, str, str], ...] = LINT, **more: str) -> Attempt:
    return Attempt(at_us=1, path="a.py", code=code, failed=failed, **more)


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
