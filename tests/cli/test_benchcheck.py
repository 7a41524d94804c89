"""`headgate bench check` tells which tasks can be trusted, by name and by exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.bench.task import TaskSet
from headgate.cli import benchcheck, main
from headgate.sandbox.model import File
from tests.bench.samples import WRONG, doubling

GOOD = """
language = "python"
prompt = "write double(n)"
reference = "def double(n): return 2 * n"
tests = '''
from solution import double
def test_it():
    assert double(3) == 6
'''
[[mutants]]
why = "adds"
swap = ["2 * n", "2 + n"]
"""


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["bench", "check", str(folder), *options])


@pytest.mark.slow
def test_tasks_that_hold_and_one_that_does_not(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(GOOD)
    assert check(tmp_path).exit_code == 0
    (tmp_path / "bad.toml").write_text(GOOD.replace("== 6", "== 5"))
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "bad: reference: should pass, and is graded wrong" in result.stdout
    assert "bad: adds: should fail, and is graded pass" in result.stdout
    assert "1 of 2 tasks hold" in result.stdout
    told = json.loads(check(tmp_path, "--task", "good", "--json").stdout)
    assert [it["task"] for it in told["tasks"]] == ["good"]


def test_no_task_left_is_misuse(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(GOOD)
    result = check(tmp_path, "--language", "go")
    assert result.exit_code == 2
    assert "--language" in result.stderr


def test_a_slip_of_the_pen_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(GOOD.replace("prompt", "promt"))
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "good.toml" in result.stderr


@pytest.mark.slow
def test_tasks_that_cannot_be_trusted_are_found_before_a_run_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = File("test_solution.py", b"def test_nothing():\n    assert 1 + 1 == 2\n")
    tasks = TaskSet(
        name="set",
        tasks=(doubling("a"), doubling("b", tests=(blind,)), doubling("c", reference=WRONG)),
    )
    first = benchcheck.proved(tasks, None, tmp_path / "verdicts.db")
    assert [it.id for it in first.tasks] == ["a"]
    assert [it.id for it in first.rejected] == ["b", "c"]
    assert first.rejected[0].why == "its tests pass an answer that does nothing"
    assert first.rejected[1].why.startswith("its reference is graded wrong")
    monkeypatch.setattr(benchcheck, "Sandbox", None)
    assert benchcheck.proved(tasks, None, tmp_path / "verdicts.db") == first


@pytest.mark.parametrize(
    ("name", "text", "options", "code", "words"),
    [
        ("a.jsonl", "", (), 1, "a.jsonl is empty"),
        ("a.jsonl", "id,prompt\n", (), 1, "looks like a table of CSV"),
        ("a.jsonl", '{"question": 1}', (), 1, "name one with --shape"),
        ("a.jsonl", '{"prompt": "p"}', ("--shape", "mbpp"), 1, "it has no 'task_id'"),
        ("a.jsonl", '{"prompt": "p"}', ("--shape", "mbbp"), 2, "there is no shape 'mbbp'"),
        ("a.csv", "a,b", (), 2, "is a table"),
        (
            "a.jsonl",
            '{"prompt": "p", "language": "go", "tests": " "}',
            (),
            2,
            "it has no tests",
        ),
    ],
)
def test_a_dataset_that_cannot_be_read_is_told_with_a_remedy(
    tmp_path: Path, name: str, text: str, options: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / name).write_text(text)
    result = check(tmp_path / name, *options)
    assert result.exit_code == code
    assert words in " ".join(result.stderr.split())
