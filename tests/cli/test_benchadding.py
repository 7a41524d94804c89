"""Recorded calls become tasks that hold, drafts that say what they lack, or are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.bench.grade import Grade, Graded
from headgate.bench.pace import BUSY
from headgate.bench.reading.appending import tasks_in
from headgate.bench.reading.dataset import read
from headgate.cli import benchadding, main
from headgate.store.recordings import NAME, Recorded, Recordings
from tests.bench.recordings import call, said
from tests.bench.samples import RIGHT, TESTS, WRONG

pytestmark = pytest.mark.slow


class Desk:
    """A folder with recordings, and a dataset beside them."""

    def __init__(self, folder: Path, *calls: Recorded) -> None:
        self.folder = folder
        self.dataset = folder / "tasks.toml"
        self.drafts = folder / "tasks.drafts.toml"
        self.tests = folder / "given.py"
        self.tests.write_bytes(TESTS)
        recordings = Recordings(folder / NAME)
        recordings.write(calls, 1 << 30)
        recordings.close()

    def add(self, *words: str) -> Result:
        ledger = str(self.folder / "headgate.db")
        words = ("bench", "add", str(self.dataset), "--ledger", ledger, *words)
        return CliRunner().invoke(main, words)


def test_a_call_with_tests_is_proved_and_added(tmp_path: Path) -> None:
    desk = Desk(tmp_path, call())
    result = desk.add(
        "--call", "req_1", "--tests", str(desk.tests), "--id", "d", "--tags", "x,y"
    )
    assert result.exit_code == 0, result.stderr
    assert "added d" in result.stdout
    (task,) = read(desk.dataset).tasks
    assert (task.id, task.reference, task.tags) == ("d", RIGHT, ("x", "y"))
    again = desk.add("--call", "req_1", "--tests", str(desk.tests))
    assert again.exit_code == 1
    assert "d asks the same already" in again.stderr


@pytest.mark.parametrize(
    ("recorded", "tests", "why"),
    [
        (call(answer=said(WRONG)), TESTS, "its reference is graded wrong"),
        (call(), b"\n", "it has no tests"),
    ],
    ids=["wrong", "empty"],
)
def test_a_task_that_does_not_hold_is_refused_with_why(
    tmp_path: Path, recorded: Recorded, tests: bytes, why: str
) -> None:
    desk = Desk(tmp_path, recorded)
    desk.tests.write_bytes(tests)
    result = desk.add("--call", "req_1", "--tests", str(desk.tests), "--json")
    assert result.exit_code == 1
    assert why in json.loads(result.stdout)["left_out"][0]["why"]
    assert not desk.dataset.exists()


def test_a_busy_machine_is_told_with_what_helps_and_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> Graded:
        return Graded(grade=Grade.INFRASTRUCTURE, why=f"{BUSY}: it took longer")

    monkeypatch.setattr(benchadding, "grade", busy)
    desk = Desk(tmp_path, call())
    result = desk.add("--call", "req_1", "--tests", str(desk.tests), "--json")
    assert result.exit_code == 1
    assert "less runs beside it" in json.loads(result.stdout)["left_out"][0]["remedy"]
    assert not desk.dataset.exists()


def test_without_tests_a_draft_is_written_and_once_they_are_there_it_is_added(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, call())
    desk.dataset.write_text("# ours\n")
    result = desk.add("--call", "req_1", "--id", "double")
    assert result.exit_code == 0, result.stderr
    stub = tmp_path / "tasks.drafts" / "double" / "test_solution.py"
    assert str(stub) in result.stdout
    assert desk.dataset.read_text() == "# ours\n"
    checked = CliRunner().invoke(main, ["bench", "check", str(desk.drafts)])
    assert checked.exit_code != 0
    assert "double has no tests" in checked.stderr

    early = desk.add("--draft", "double")
    assert early.exit_code == 1
    assert "its reference is graded wrong" in early.stderr

    stub.write_bytes(TESTS)
    assert desk.add("--draft", "double").exit_code == 0
    assert desk.dataset.read_text().startswith("# ours\n")
    assert [it.id for it in read(desk.dataset).tasks] == ["double"]
    assert desk.add("--draft", "double").exit_code == 1
    unknown = desk.add("--draft", "triple")
    assert unknown.exit_code == 2
    assert "there are double" in unknown.stderr


def test_many_calls_become_drafts_each_with_a_name_and_what_is_left_out_is_named(
    tmp_path: Path,
) -> None:
    desk = Desk(
        tmp_path,
        call("a", "Write one"),
        call("b", "Write one!"),
        call("same", "Write   one"),
        call("prose", "Tell me", answer=said("x", "sql")),
        call("other", "Write two", tags=()),
    )
    result = desk.add("--tag", "team=search", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert sorted(it["id"] for it in told["drafts"]) == ["write-one", "write-one-2"]
    assert "prose: left out: its answer names no language" in result.stderr
    assert "asks the same already" in result.stderr
    assert len(tasks_in(desk.drafts)) == 2


def test_a_call_that_was_not_recorded_is_no_task(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    result = desk.add("--call", "req_9")
    assert result.exit_code == 2
    assert "call req_9 is not recorded: recording is off" in result.stderr
    assert "[recording] enabled = true" in result.stderr
    assert not desk.drafts.exists()
