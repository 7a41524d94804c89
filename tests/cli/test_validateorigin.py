"""A call that is named brings model, prompt and cost from the ledger into the history."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest

from headgate.cli import Misuse
from headgate.cli.validateorigin import Said, remember
from headgate.ledger.insert import Batch, write
from headgate.policy.prefix import PAIR
from headgate.store.place import connect
from headgate.validate.history import load
from headgate.validate.problem import Problem, Stage, State, Verdict
from tests.ledger.rows import entry
from tests.stores import sign_in

CODE = {"a.py": b"import os\n"}
WRONG = Verdict(
    "a.py", "ruff", Stage.LINT, State.FAILED, (Problem("a.py", "no", "ruff", "F401"),)
)
PASSED = Verdict("a.py", "mypy", Stage.TYPES, State.PASSED)


def said(state: Path | None, call: str = "", model: str = "", prompt: str = "") -> Said:
    return Said(prompt, model, call, state, None)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADGATE_HOME", str(tmp_path / "home"))
    path = tmp_path / "home" / "headgate.db"
    path.parent.mkdir()
    pairs = PAIR.pack(b"\x01" * 8, 10) + PAIR.pack(b"\xab" * 8, 20)
    row = entry(id="req-1", model_served="claude-sonnet-5", prefix=pairs, cost_nusd=1_500_000)
    with contextlib.closing(connect(path)) as connection:
        sign_in(connection, 1)
        write(connection, 1, Batch(1, [row], [], []))
    return path


def test_the_ledger_tells_model_prompt_and_cost_of_a_call(ledger: Path, tmp_path: Path) -> None:
    state = tmp_path / "h.jsonl"
    remember(said(state, "req-1"), CODE, [WRONG, PASSED], tmp_path)
    (made,) = load(state)
    assert (made.call, made.model, made.prompt) == ("req-1", "claude-sonnet-5", "ab" * 8)
    assert (made.cost_nusd, made.passed) == (1_500_000, ("mypy",))


def test_what_is_said_counts_before_the_ledger(ledger: Path, tmp_path: Path) -> None:
    state = tmp_path / "h.jsonl"
    remember(said(state, "req-1", "m", "parse a table"), CODE, [WRONG], tmp_path)
    (made,) = load(state)
    assert made.model == "m"
    assert made.prompt != "ab" * 8


def test_a_call_that_is_not_there_and_a_ledger_that_is_not_are_said(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "h.jsonl"
    remember(said(state, "req-2"), CODE, [WRONG], tmp_path)
    assert "call req-2 is not among the ledger's rows" in capsys.readouterr().err
    ledger.unlink()
    remember(said(state, "req-1"), {"a.py": b"2"}, [WRONG], tmp_path)
    assert "the ledger was not asked" in capsys.readouterr().err
    assert [(it.call, it.model) for it in load(state)] == [("req-2", ""), ("req-1", "")]


def test_two_attempts_for_one_prompt_of_the_ledger_need_a_person(
    ledger: Path, tmp_path: Path
) -> None:
    state = tmp_path / "h.jsonl"
    assert remember(said(state, "req-1"), CODE, [WRONG], tmp_path) == {}
    other = {"b.py": b"import sys\n"}
    wrong = Verdict("b.py", "ruff", Stage.LINT, State.FAILED)
    assert remember(said(state, "req-1"), other, [wrong], tmp_path) == {"b.py": 2}


def test_in_a_repository_the_history_has_its_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "repo"
    (top / "src").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    monkeypatch.chdir(top / "src")
    remember(said(Path("../.headgate.jsonl")), CODE, [WRONG], top / "src")
    (made,) = load(top / ".headgate.jsonl")
    assert made.path == "src/a.py"
    remember(said(tmp_path / "else.jsonl"), CODE, [WRONG], top / "src")
    assert load(tmp_path / "else.jsonl")[0].path == str(top / "src" / "a.py")


def test_a_prompt_that_cannot_be_read_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="--prompt @gone"):
        remember(said(None, prompt="@gone"), CODE, [WRONG], tmp_path)


def test_a_history_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "h.jsonl").mkdir()
    assert remember(said(tmp_path / "h.jsonl"), CODE, [WRONG], tmp_path) == {}
    assert "failures are not remembered" in capsys.readouterr().err
