"""Our own tasks are read as they are written, and a slip of the pen is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.bench.reading.own import BadTask, of_row, read_toml

GOOD = """
language = "python"
prompt = "double"
tests = "from solution import double"
reference = "def double(n): return 2 * n"
tags = ["math"]
[[mutants]]
why = "adds"
swap = ["2 * n", "2 + n"]
[[files]]
path = "data.bin"
base64 = "AAE="
"""


def read(tmp_path: Path, text: str) -> list[object]:
    (tmp_path / "t.toml").write_text(text)
    return list(read_toml(tmp_path / "t.toml", "folder/t"))


def test_a_task_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(GOOD)
    (task,) = read_toml(tmp_path / "t.toml", "folder/t")
    assert (task.id, task.tags, task.names) == ("folder/t", ("math",), ("double",))
    assert task.mutants[0].code == "def double(n): return 2 + n"
    assert task.files[0].data == b"\x00\x01"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('language = "python"', 'language = "cobol"', "cobol"),
        ("tags =", "tgas =", "tgas"),
        ('["2 * n"', '["3 * n"', "0 times in the reference"),
        ('["2 * n"', '["n"', "times in the reference"),
        ('swap = ["2 * n", "2 + n"]', "", "neither code nor swap"),
        ('tests = "from solution import double"', "", "no tests"),
        ('prompt = "double"', 'prompt = "double', "t.toml"),
    ],
)
def test_a_slip_is_told(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(BadTask, match=words):
        read(tmp_path, GOOD.replace(old, new))


def test_a_record_is_a_task_and_a_bad_one_is_told_by_its_name() -> None:
    row = {"language": "python", "prompt": "p", "tests": "t"}
    assert of_row(row, "set/3").id == "set/3"
    assert of_row(row | {"id": "own"}, "set/3").id == "own"
    with pytest.raises(BadTask, match="set/3"):
        of_row({"language": 3}, "set/3")
