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
        ("tags =", 'database = "oracle"\ntags =', "oracle"),
        ("tags =", 'setup_sql = "SELECT 1"\ntags =', 'write database = "postgresql"'),
        ("tags =", 'databse = "postgresql"\ntags =', "did you mean `database`"),
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


def test_a_database_and_packages_are_read_of_toml_and_of_records(tmp_path: Path) -> None:
    words = 'database = "postgresql"\nsetup_sql = "CREATE TABLE t ()"\npackages = ["psycopg"]\n'
    (of_toml,) = read_toml(_written(tmp_path, words + GOOD), "t")
    row = {"language": "python", "prompt": "p", "tests": "t", "database": "postgresql"}
    asked = (of_toml.database, of_toml.setup_sql, of_toml.packages)
    assert asked == ("postgresql", "CREATE TABLE t ()", ("psycopg",))
    assert of_row(row, "set/3").database == "postgresql"


def _written(folder: Path, text: str) -> Path:
    (folder / "t.toml").write_text(text)
    return folder / "t.toml"


def test_a_language_that_there_is_not_is_told_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('language = "cobol"\nprompt = "x"\n')
    with pytest.raises(BadTask, match=r"'cobol'.*one of python, javascript"):
        list(read_toml(tmp_path / "one.toml", "one"))
