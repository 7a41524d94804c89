"""What came of a run is held to its values, tables and files, one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from headgate.bench.interpreter.checking import differs, wrong_in
from headgate.bench.interpreter.workload import Cell, Picture, Table, Value, Workload
from headgate.sandbox.model import Artefact, Result, Status
from tests.bench.interpreters import png, workload

TABLE = Table("t.csv", ("a", "b"), 2, (Cell(1, "b", number=4),))


def said(stdout: str = "", **files: bytes) -> Result:
    made = tuple(
        Artefact(name.replace("_", "."), len(data), "", "", data)
        for name, data in files.items()
    )
    return Result(status=Status.OK, stdout=stdout, artefacts=made)


@pytest.mark.parametrize(
    ("stdout", "complaint"),
    [
        ("x = 42", ""),
        ("noise\nx = 41\nx = 42.00000000001\n", ""),
        ("x = 43", "x is 43.0, not 42"),
        ("x = nan", "x is nan, not 42"),
        ("x = many", "x is no number: 'many'"),
        ("y = 42", "x was not printed"),
        ("", "x was not printed"),
    ],
)
def test_a_printed_number_is_held_to_its_tolerance(stdout: str, complaint: str) -> None:
    assert wrong_in(said(stdout), workload()).startswith(complaint)
    assert bool(wrong_in(said(stdout), workload())) is bool(complaint)


@given(some.floats(0.1, 1e6), some.floats(1e-9, 1e-2))
def test_a_number_beyond_its_tolerance_is_never_right(value: float, within: float) -> None:
    wanted = Value("x", value, within=within)
    assert differs(repr(value * (1 + 0.9 * within)), wanted) == ""
    assert differs(repr(value * (1 + 2.1 * within)), wanted) != ""


def test_a_text_is_held_to_the_letter() -> None:
    assert differs("yes", Value("x", text="yes")) == ""
    assert differs("Yes", Value("x", text="yes")) == "is 'Yes', not 'yes'"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"a,b\n1,2\n3,4\n", ""),
        (b"a,b\n1,2\n3,5\n", "t.csv, row 1, b is 5.0, not 4"),
        (b"a,b\n1,2\n", "t.csv has 1 rows, not 2"),
        (b"a,c\n1,2\n3,4\n", "t.csv has the columns a, c"),
        (b"a,b\n1,2\n3\n", "t.csv, row 1, b is no number: ''"),
        (b"", "t.csv has the columns"),
    ],
)
def test_a_table_is_held_to_its_heads_rows_and_values(data: bytes, complaint: str) -> None:
    wanted = Workload(id="a/b", title="", code="", tables=(TABLE,))
    assert wrong_in(said(t_csv=data), wanted).startswith(complaint)
    assert bool(wrong_in(said(t_csv=data), wanted)) is bool(complaint)


def test_a_file_that_was_not_left_is_named() -> None:
    wanted = Workload(
        id="a/b", title="", code="", tables=(TABLE,), pictures=(Picture("c.png", 1, 1),)
    )
    assert wrong_in(said(), wanted) == "t.csv was not left"
    table = b"a,b\n1,2\n3,4\n"
    assert wrong_in(said(t_csv=table), wanted) == "c.png was not left"
    assert "blank" in wrong_in(said(t_csv=table, c_png=png([[7]])), wanted)


def test_a_run_that_did_not_end_well_says_how_it_ended() -> None:
    failed = Result(status=Status.ERROR, stdout="x = 42", stderr="Traceback\nKeyError: 'a'")
    assert wrong_in(failed, workload()) == "error: KeyError: 'a'"
    slow = Result(status=Status.WALL, hint="ask for more time")
    assert wrong_in(slow, workload()) == "wall_limit: ask for more time"
