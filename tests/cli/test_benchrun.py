"""`headgate bench run` finds what would make a run worthless before anything is paid for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from headgate.bench.running import Seen
from headgate.cli import main
from headgate.cli.benchrun import _tell, course
from tests.bench.runs import run_of

TASK = """
language = "python"
prompt = "write double(n)"
reference = "def double(n): return 2 * n"
tests = '''
from solution import double
def test_it():
    assert double(3) == 6
'''
"""
CONFIG = """
[providers.anthropic]
base_url = "http://127.0.0.1:9"
api_key = "env:BENCH_HOUSE_KEY"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "double.toml").write_text(TASK)
    (tmp_path / "headgate.toml").write_text(CONFIG)
    monkeypatch.setenv("HEADGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BENCH_HOUSE_KEY", "sk-ant-api03-" + "t" * 80)
    monkeypatch.delenv("HEADGATE_KEY", raising=False)
    return tmp_path


def bench_run(folder: Path, *words: str) -> Result:
    given = ("--tasks", folder / "tasks", "--config", folder / "headgate.toml")
    out = ("--out", folder / "results.json")
    return CliRunner().invoke(main, ["bench", "run", *map(str, (*given, *out)), *words])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "--model"),
        (("--model", "m", "--name", "a,b"), 2, "make a name"),
        (("--model", "m", "--language", "go"), 2, "--language may be: python"),
        (("--model", "m", "--key-env", "GONE_KEY"), 1, "GONE_KEY is not set"),
        (("--model", "m", "--url", "nowhere"), 2, "no address"),
        (("--model", "m", "--model", "m"), 2, "m"),
        (("--model", "m", "--max-cost", "nan"), 2, "no number"),
        (("--model", "m", "--max-cost", "0"), 2, "--max-cost"),
        (("--model", "m", "--temperature", "nan"), 2, "no number"),
        (("--model", " "), 2, "names no model"),
        (
            ("--model", "nobody", "--max-cost", "1", "--url", "http://127.0.0.1:9"),
            2,
            "no price",
        ),
    ],
)
def test_misuse_is_told_before_anything_is_asked(
    folder: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    found = bench_run(folder, *words)
    assert (found.exit_code, said in found.stderr) == (code, True), found.stderr
    assert not (folder / "results.json").exists()


def test_a_system_prompt_that_is_no_text_is_misuse(folder: Path) -> None:
    (folder / "guide.bin").write_bytes(b"\xff\xfe\0")
    found = bench_run(folder, "--model", "m", "--system", str(folder / "guide.bin"))
    assert (found.exit_code, "guide.bin cannot be read" in found.stderr) == (2, True)


def test_arms_and_models_together_are_misuse(folder: Path) -> None:
    (folder / "arms.toml").write_text('[[arm]]\nmodel = "m"\n')
    found = bench_run(folder, "--arms", str(folder / "arms.toml"), "--model", "m")
    assert found.exit_code == 2
    assert "leave one of them out" in found.stderr


def test_a_journal_of_other_tasks_is_refused_with_the_way_out(folder: Path) -> None:
    words = ("--model", "m", "--key-env", "GONE_KEY")
    bench_run(folder, *words)
    (folder / "tasks" / "double.toml").write_text(TASK.replace("(3) == 6", "(4) == 8"))
    found = bench_run(folder, *words)
    assert found.exit_code == 2
    assert "other tasks" in found.stderr
    assert "--anew" in found.stderr


def test_tests_that_the_judge_refuses_are_no_failure_of_a_model(folder: Path) -> None:
    text = TASK.replace("def test_it():", "def test_it(capfd):")
    (folder / "tasks" / "double.toml").write_text(text)
    found = bench_run(folder, "--model", "m")
    assert found.exit_code == 1
    assert "capfd" in found.stderr
    assert "use capsys" in found.stderr


def test_a_task_that_nothing_here_can_judge_is_told_and_not_asked(folder: Path) -> None:
    (folder / "tasks" / "double.toml").write_text(TASK.replace("python", "bash"))
    found = bench_run(folder, "--model", "m")
    assert found.exit_code == 1
    assert "not asked: double: " in found.stderr
    assert "not one task can be judged" in found.stderr


@pytest.mark.parametrize(
    ("seen", "fresh", "took_s", "told"),
    [
        (Seen(0, 10, 0, 0), 0, 0.0, "0/10: none yet, $0"),
        (Seen(4, 10, 3, 1_000_000), 0, 9.0, "4/10: 75% right, $0.00100"),
        (Seen(4, 10, 2, 0), 2, 20.0, "4/10: 50% right, $0, 60 s left"),
        (Seen(10, 100, 10, 0), 10, 60.0, "10/100: 100% right, $0, 9 min left"),
    ],
)
def test_progress_says_how_many_how_good_what_it_cost_and_what_is_left(
    seen: Seen, fresh: int, took_s: float, told: str
) -> None:
    assert course(seen, fresh, took_s) == told


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("tasks/double.toml", 0o644, "holds something else than results"),
        ("empty.json", 0o444, "is read-only"),
        ("r.journal", 0o644, "name of a run's journal"),
    ],
)
def test_results_take_nothing_elses_place(
    folder: Path, name: str, mode: int, said: str
) -> None:
    path = folder / name
    path.touch(mode)
    before = path.read_bytes()
    result = bench_run(folder, "--model", "m", "--out", str(path))
    assert result.exit_code == 2
    assert said in result.stderr
    assert path.read_bytes() == before


def test_a_cost_that_nobody_knows_is_no_sum_of_dollars(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of({"one": [5, 3], "two": [5, 5]})
    samples = [msgspec.structs.replace(it, is_priced=it.arm == "one") for it in run.samples]
    _tell(folder / "r.json", msgspec.structs.replace(run, samples=tuple(samples)))
    one, two = capsys.readouterr().out.splitlines()
    assert "$0.0000100" in one
    assert two == "two: 10 of 10 right (100.0%), at an unknown cost"
