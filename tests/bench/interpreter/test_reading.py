"""Workloads are read strictly, and narrowed only to what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.bench.interpreter.reading import BadWorkload, chosen, read_all, read_one
from tests.bench.interpreters import workload

GOOD = 'title = "t"\ncode = "print(1)"\n[[values]]\nname = "x"\nnumber = 1\n'


def test_a_workload_is_called_after_its_folder_and_file(tmp_path: Path) -> None:
    for id in ("numerics/b", "transformation/z", "numerics/a"):
        path = tmp_path / f"{id}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(GOOD)
    assert [it.id for it in read_all(tmp_path)] == [
        "transformation/z",
        "numerics/a",
        "numerics/b",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + 'nmae = "y"\n', "nmae"),
        ('title = "t"\ncode = "1"\n', "nothing is expected"),
        ("title = ", "bad.toml"),
    ],
)
def test_a_misspelt_key_and_a_workload_without_answers_are_errors(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(BadWorkload, match=said):
        read_one(path)


def test_narrowing_to_nothing_is_a_mistake_that_names_what_there_is() -> None:
    them = [workload("algorithms/a"), workload("numerics/b")]
    assert [it.id for it in chosen(them, ["numerics"], [])] == ["numerics/b"]
    assert [it.id for it in chosen(them, [], ["s/a"])] == ["algorithms/a"]
    with pytest.raises(BadWorkload, match="there are algorithms, numerics"):
        chosen(them, ["charts"], [])
    with pytest.raises(BadWorkload, match="no workload is called zzz"):
        chosen(them, [], ["zzz"])
