"""Tasks are added at the end of a file, which stays what it was, or nothing happens."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.bench.adding import Proposed
from headgate.bench.reading.appending import NoFile, alone, append, drafts_of, tasks_in
from headgate.bench.reading.dataset import read

PLAIN = Proposed("a", "python", "write it\n", "def a(): 1\n", ("x",), "import solution\n")
OURS = """# what we ask   (do not sort)

[[task]] # the first
id = 'old'
language = "python"
prompt = "p"
tests = "t\""""
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


@pytest.mark.parametrize("name", ["tasks.toml", "tasks.jsonl"])
def test_tasks_are_read_back_as_they_were_added(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    append(path, [PLAIN])
    append(path, [PLAIN._replace(name="b"), PLAIN._replace(name="c", reference="")])
    tasks = read(path).tasks
    assert [it.id for it in tasks] == ["a", "b", "c"]
    assert [it.reference for it in tasks] == ["def a(): 1\n", "def a(): 1\n", ""]
    assert (tasks[0].prompt, tasks[0].tags) == ("write it\n", ("x",))
    assert tasks[0].tests[0].data == b"import solution\n"


@settings(max_examples=40)
@given(TEXT, TEXT, TEXT, st.sampled_from([".toml", ".jsonl"]))
def test_whatever_a_task_holds_it_is_read_back_so(
    prompt: str, code: str, tests: str, suffix: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        asked = Proposed("n", "python", prompt, code, (), tests, "of call \n[[x]]")
        append(path, [asked, asked])
        row = {"id": "n", "language": "python", "prompt": prompt, "tests": tests}
        assert tasks_in(path) == [row | {"reference": code}] * 2


def test_what_was_there_stays_byte_for_byte_with_its_mode_and_its_link(tmp_path: Path) -> None:
    path = tmp_path / "tasks.toml"
    path.write_text(OURS)
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    append(link, [PLAIN])
    text = path.read_text()
    assert text.startswith(OURS + "\n")
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [it["id"] for it in tasks_in(path)] == ["old", "a"]
    assert sorted(it.name for it in tmp_path.iterdir()) == ["link.toml", "tasks.toml"]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("one.toml", 'language = "python"\nprompt = "p"\n', "one task by itself"),
        ("broken.toml", "[[task]\n", "cannot be read"),
        ("list.toml", "task = [1]\n", "no tasks of our own"),
        ("inline.toml", 'task = [{id = "x"}]\n', "cannot be read"),
        ("broken.jsonl", "{\n", "cannot be read"),
        ("tasks.json", "[]", "added to TOML"),
        ("tasks.jsonl.gz", "x", "added to TOML"),
    ],
)
def test_a_file_that_cannot_take_tasks_is_left_as_it_is(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(NoFile, match=why) as error:
        append(path, [PLAIN])
    assert error.value.remedy
    assert path.read_text() == text


def test_a_write_that_fails_changes_nothing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tasks.toml"
    path.write_text(OURS)

    def stopped(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        append(path, [PLAIN])
    assert path.read_text() == OURS
    assert [it.name for it in tmp_path.iterdir()] == ["tasks.toml"]


def test_drafts_lie_beside_the_dataset() -> None:
    assert drafts_of(Path("a/tasks.toml")) == Path("a/tasks.drafts.toml")


def test_of_two_who_add_at_once_the_second_waits_its_turn_or_is_told_why_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "tasks.toml"
    with alone(path):
        with pytest.raises(NoFile, match="another command adds") as error, alone(path, 0):
            pass
        assert "nothing was changed" in error.value.remedy
        append(path, [PLAIN])

    def one(number: int) -> None:
        with alone(path):
            there = len(tasks_in(path))
            append(path, [PLAIN._replace(name=f"{number}-{there}")])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(24)))
    names = [str(it["id"]).rpartition("-")[2] for it in tasks_in(path)[1:]]
    assert names == [str(it) for it in range(1, 25)]
    assert [it.name for it in tmp_path.iterdir()] == ["tasks.toml"]


@pytest.mark.parametrize("name", ["t.toml", "t.jsonl"])
def test_a_mark_of_bytes_and_line_ends_of_windows_stay(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    append(path, [PLAIN])
    before = b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n").rstrip()
    path.write_bytes(before)
    append(path, [PLAIN._replace(name="b")])
    assert path.read_bytes().startswith(before)
    assert [it.id for it in read(path).tasks] == ["a", "b"]


def test_a_pipe_is_no_file_to_add_to(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    os.mkfifo(path)
    with pytest.raises(NoFile, match="is no file"):
        tasks_in(path)


def test_a_file_that_is_read_only_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(OURS)
    path.chmod(0o444)
    with pytest.raises(NoFile, match="is read-only"):
        append(path, [PLAIN])
    assert path.read_text() == OURS
    assert [it.name for it in tmp_path.iterdir()] == ["t.toml"]
