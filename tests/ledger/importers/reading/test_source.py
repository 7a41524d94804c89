"""A file is opened whichever way it is written, and a missing column refuses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.ledger.importers.importer import Options, Refused
from headgate.ledger.importers.reading.items import Row
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text

WANTED = Wanted(("start_time", "model"), ("start_time",), ("cost",))


def source(path: Path, body: str) -> Source:
    path.write_text(body)
    return Source(path, Options(), WANTED)


def test_tables_and_objects_have_the_same_cells(tmp_path: Path) -> None:
    sheet = source(tmp_path / "a.csv", "start_time,model,cost\n2026-05-29,m,0.5\n")
    objects = source(tmp_path / "a.json", '{"startTime":"2026-05-29","model":"m","cost":"0.5"}')
    for opened in (sheet, objects):
        (row,) = opened.items
        assert isinstance(row, Row)
        assert opened.us(row.cells, "start_time") == 1_780_012_800_000_000
        assert opened.nusd(row.cells, "cost") == 500_000_000
        assert opened.us_or_0(row.cells, "end_time") == 0


def test_all_missing_columns_are_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(
        Refused, match="no column start_time and no model; its columns are: a, b"
    ):
        source(tmp_path / "a.csv", "a,b\n1,2\n")


def test_a_document_without_rows_lacks_no_column(tmp_path: Path) -> None:
    assert list(source(tmp_path / "a.json", "[]").items) == []


def test_text_is_the_first_that_holds_something() -> None:
    assert text({"a": None, "b": "null", "c": 5}, "a", "b", "c") == "5"
    assert text({}, "a") == ""


def test_columns_are_known_by_their_folded_names() -> None:
    assert columns(b"Start Time;Model\n") == {"starttime", "model"}
    assert columns(b'[{"startTime": 1}]') == {"starttime"}
