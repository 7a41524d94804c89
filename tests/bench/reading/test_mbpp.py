"""MBPP's records become tasks whose assertions are all asked, and some shown."""

from __future__ import annotations

import pytest

from headgate.bench.reading.mbpp import is_mbpp, read_mbpp
from headgate.bench.reading.rows import BadRows
from tests.bench.grading import proved
from tests.bench.reading.records import MBPP, SANITISED


def test_a_task_is_read() -> None:
    row = MBPP | {"test_list": [f"assert above([{n}], 0) == 1" for n in (1, 2, 3, 4)]}
    task = read_mbpp(row)
    assert task.id == "MBPP/11"
    assert task.prompt.count("assert") == 3
    assert task.tests[0].data.count(b"assert") == 5
    assert "\r" not in task.reference


def test_the_sanitised_set_is_read_too() -> None:
    task = read_mbpp(SANITISED)
    assert task.prompt.startswith("Write a function that gives the square root.")
    assert task.tests[0].data.startswith(b"import math")
    assert is_mbpp(SANITISED)


@pytest.mark.slow
@pytest.mark.parametrize("row", [MBPP, SANITISED])
def test_solutions_pass_and_empty_answers_do_not(row: dict[str, object]) -> None:
    assert proved(read_mbpp(row)).wrong == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"test_list": "assert above([], 0) == 0"}, "no list of texts"),
        ({"code": 3}, "'code' is int, not text"),
        ({"text": None}, "no 'text'"),
    ],
)
def test_a_record_of_another_kind_is_told(change: dict[str, object], words: str) -> None:
    with pytest.raises(BadRows, match=words):
        read_mbpp(MBPP | change)
