"""A dataset is what was named, and says what it left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.reading.dataset import (
    LONGEST_ID,
    SHAPES,
    NoDataset,
    builtin,
    gathered,
    read,
    shown,
)
from headgate.bench.reading.own import BadTask
from headgate.bench.reading.rows import BadRows
from headgate.bench.task import Task
from headgate.sandbox.model import File
from tests.bench.reading.records import ARTICLE, MBPP, MULTIPLE, PLUS, SANITISED, pack
from tests.bench.reading.test_exercism import FILES, PY
from tests.bench.reading.test_exercism import lay as lay_exercise
from tests.bench.reading.test_folder import DOUBLE, lay
from tests.bench.samples import doubling

OWN = {"id": "o", "language": "python", "prompt": "p", "tests": "def test_a(): ..."}


def write(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    return path


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (OWN, "o"), (ARTICLE, "a-1"), (PLUS, "HumanEval/900"), (pack("Go"), "go/7"),
        (MBPP, "MBPP/11"), (SANITISED, "MBPP/12"), (MULTIPLE, "Any_1_above_r"),
    ],
)  # fmt: skip
def test_the_shape_of_records_is_seen(
    tmp_path: Path, record: dict[str, Any], name: str
) -> None:
    (task,) = read(write(tmp_path, record)).tasks
    assert task.id == name


def test_the_shape_of_a_folder_is_seen(tmp_path: Path) -> None:
    lay(tmp_path / "mine" / "double", DOUBLE)
    lay_exercise(tmp_path / "track", PY, FILES)
    assert [it.id for it in read(tmp_path / "mine").tasks] == ["double"]
    assert [it.id for it in read(tmp_path / "track").tasks] == ["python/two-times"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.toml", "there is no"),
        ("x.csv", "is a table"),
        ("x.md", "no dataset"),
        ("empty", "holds no tasks"),
    ],
)
def test_what_is_no_dataset_is_an_error_with_a_remedy(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "x.csv").write_text("a,b")
    (tmp_path / "x.md").write_text("a")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoDataset, match=words) as caught:
        read(tmp_path / name)
    assert caught.value.remedy


def test_a_folder_of_datasets_is_answered_with_their_names(tmp_path: Path) -> None:
    write(tmp_path, OWN)
    with pytest.raises(NoDataset) as caught:
        read(tmp_path)
    assert caught.value.remedy == "name a file of it: set.jsonl"


def test_records_of_no_shape_or_of_two_are_told_with_their_number(tmp_path: Path) -> None:
    with pytest.raises(BadRows, match=r"record 1 has 'question': of no shape") as caught:
        read(write(tmp_path, {"question": "x"}))
    assert "--shape" in caught.value.remedy
    with pytest.raises(BadRows, match="record 2 is not of the shape mbpp"):
        read(write(tmp_path, MBPP, PLUS))
    with pytest.raises(BadTask, match="did you mean `language`"):
        read(write(tmp_path, {"langauge": "python", "prompt": "p"}))


def test_a_shape_that_is_named_is_taken_instead_of_the_guess(tmp_path: Path) -> None:
    path = write(tmp_path, ARTICLE)
    assert read(path, "article").tasks[0].style == "returns"
    with pytest.raises(BadRows, match="record 1: it has no 'task_id'"):
        read(write(tmp_path, {"prompt": "p", "test_list": [], "code": ""}), "mbpp")
    with pytest.raises(BadTask, match="test_list"):
        read(path, "own")
    with pytest.raises(NoDataset, match="is a folder"):
        read(path, "exercism")
    with pytest.raises(NoDataset, match="no shape 'mbbp'") as caught:
        read(path, "mbbp")
    assert all(it in caught.value.remedy for it in SHAPES)


def test_tasks_that_share_an_id_are_both_rejected() -> None:
    found = gathered("set", [doubling("a"), doubling("b"), doubling("a", prompt="other")])
    assert [it.id for it in found.tasks] == ["b"]
    assert [(it.id, it.why) for it in found.rejected] == [("a", "2 tasks have this id")]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "empty"),
        (" a", "blanks"),
        ("a\nb", "U+000A"),
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("a\x1b[31mb", "U+001B"),
        ("a" * (LONGEST_ID + 1), "characters"),
    ],
)
def test_an_id_that_no_table_could_show_is_rejected(name: str, why: str) -> None:
    found = gathered("set", [doubling(name), doubling("HumanEval/0"), doubling("größe 3")])
    assert [it.id for it in found.tasks] == ["HumanEval/0", "größe 3"]
    (rejected,) = found.rejected
    assert why in rejected.why
    assert rejected.id.isprintable()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"tests": (File("t.py", b" \n"),)}, "it has no tests"),
        ({"tests": ()}, "it has no tests"),
        ({"prompt": " "}, "its prompt is empty"),
    ],
)
def test_a_task_without_tests_or_words_is_rejected(change: dict[str, Any], why: str) -> None:
    (rejected,) = gathered("set", [doubling("a", **change)]).rejected
    assert why in rejected.why
    assert rejected.remedy


@given(st.lists(st.text(max_size=6), min_size=1, max_size=6))
def test_every_task_is_either_asked_or_rejected(names: list[str]) -> None:
    found = gathered("set", [doubling(it) for it in names])
    kept = [it.id for it in found.tasks]
    assert len(set(kept)) == len(kept)
    assert {shown(it) for it in names} == {*kept, *(it.id for it in found.rejected)}


def test_the_shipped_tasks_have_references_and_mutants() -> None:
    tasks = builtin().tasks
    assert tasks
    for task in tasks:
        assert task.reference, task.id
        assert len(task.mutants) >= 3, task.id
        assert task.tags, task.id
        assert task.id.startswith(f"{task.language}/"), task.id


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["../x"], "named '../x'"),
        (["/etc/passwd"], "named '/etc/passwd'"),
        (["\x1b[31m"], "u001b"),
        (["."], "named '.'"),
        (["a" * 300], "300 characters"),
        (["a", "./a"], "two files of it"),
        (["a", "a/b"], "lies in what is a file"),
    ],
)
def test_a_task_whose_files_nothing_could_hold_is_rejected(names: list[str], why: str) -> None:
    files = tuple(File(it, str(at).encode()) for at, it in enumerate(names))
    task = Task(id="t", language="python", prompt="p", tests=(File("t", b"x"),), files=files)
    found = gathered("set", [task])
    assert not found.tasks
    assert why in found.rejected[0].why
