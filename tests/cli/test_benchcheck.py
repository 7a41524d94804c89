"""`headgate bench check` tells which tasks can be trusted, by name and by exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.bench.judges import Here
from headgate.bench.task import TaskSet
from headgate.bench.verdicts import Verdicts
from headgate.cli import benchcheck, main
from headgate.cli.benchjudge import judging_settings
from headgate.sandbox.model import File
from headgate.sandbox.settings import Settings
from tests.bench.samples import WRONG, doubling
from tests.shape.tree import ROOT

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
async def test_tasks_that_cannot_be_trusted_are_found_before_a_run_and_only_once(
    tmp_path: Path,
) -> None:
    blind = File("test_solution.py", b"def test_nothing():\n    assert 1 + 1 == 2\n")
    tasks = TaskSet(
        name="set",
        tasks=(doubling("a"), doubling("b", tests=(blind,)), doubling("c", reference=WRONG)),
    )
    verdicts = await asyncio.to_thread(Verdicts, tmp_path / "verdicts.db")
    async with Here(await asyncio.to_thread(judging_settings, None)) as judges:
        first = await benchcheck.proved(tasks, judges, verdicts)
    assert [it.id for it in first.tasks] == ["a"]
    assert [it.id for it in first.rejected] == ["b", "c"]
    assert first.rejected[0].why == "its tests pass an answer that does nothing"
    assert first.rejected[1].why.startswith("its reference is graded wrong")
    nobody = Here(Settings(tier="of no machine"))
    assert await benchcheck.proved(tasks, nobody, verdicts) == first
    await asyncio.to_thread(verdicts.close)


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


PACKAGE = 'packages = ["no_such_thing"]\n'


def documented() -> str:
    """The task of the page about datasets."""
    page = (ROOT / "docs/concepts/datasets.md").read_text()
    return page.partition("```toml task\n")[2].partition("```\n")[0]


@pytest.mark.slow
def test_the_documented_task_with_a_database_holds_beside_one_whose_package_is_missing(
    lends: None, tmp_path: Path
) -> None:
    (tmp_path / "newest.toml").write_text(documented())
    (tmp_path / "lost.toml").write_text(PACKAGE + GOOD)
    mistaken = documented().replace("CREATE TABLE event", "CREATE TABEL event")
    (tmp_path / "typo.toml").write_text(mistaken.replace('id = "newest"', 'id = "typo"'))
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "1 of 1 tasks hold: 3 answers tried" in result.stdout
    assert "lost: the package no_such_thing is not installed" in result.stderr
    assert 'typo: its setup_sql fails: syntax error at or near "TABEL"' in result.stderr


def test_a_dataset_of_which_nothing_is_left_says_what_to_mend(tmp_path: Path) -> None:
    good = GOOD.partition("[[mutants]]")[0]
    twice = "".join(f'[[task]]\nid = "a"{good}' for _ in range(2))
    (tmp_path / "tasks.toml").write_text(twice)
    words = ["bench", "check", str(tmp_path / "tasks.toml")]
    said = CliRunner().invoke(main, words).stderr
    assert "2 tasks have this id" in said
    assert "mend what is told above" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--language", "cobol"), "go, javascript, python, r, rust, typescript"),
        (("--language", "go", "--language", "Go"), "no task in 'Go'"),
        (("--task", "retry", "--task", "no such"), "no task whose id has 'no such' in it"),
        (("--language", "r", "--task", "python"), "widen --language and --task"),
    ],
)
def test_what_names_no_task_is_told_and_not_passed_over(
    words: tuple[str, ...], said: str
) -> None:
    result = CliRunner().invoke(main, ["bench", "check", *words])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.slow
def test_tests_that_no_answer_could_pass_are_named_where_no_reference_is_known(
    tmp_path: Path,
) -> None:
    lone = 'language = "python"\nprompt = "p"\ntests = "def test_(:"\n'
    (tmp_path / "lone.toml").write_text(lone)
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "lone: its tests cannot be read: SyntaxError: invalid syntax" in result.stdout
    assert "0 of 1 tasks hold" in result.stdout
