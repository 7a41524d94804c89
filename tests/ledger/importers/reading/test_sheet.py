"""Rows with separators are read in any encoding, and what is wrong with one is told."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.reading import sheet
from headgate.ledger.importers.reading.items import Item, Row, Skipped


def rows(path: Path) -> list[Item]:
    return list(sheet.read(path)[1])


def cells(path: Path) -> list[list[str]]:
    return [list(item.cells.values()) for item in rows(path) if isinstance(item, Row)]


CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(st.tuples(CELL, CELL), max_size=8),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    delimiter=st.sampled_from(",;\t|"),
)
def test_what_is_written_is_read_back(
    tmp_path: Path, table: list[tuple[str, str]], codec: str, delimiter: str
) -> None:
    kept = [row for row in table if row[0] != "name" and any(row)]
    path = tmp_path / "a.csv"
    with path.open("w", encoding=codec, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([("name", "the other column"), *kept])
    assert cells(path) == [list(row) for row in kept]


def test_a_spreadsheets_own_first_line_names_the_separator(tmp_path: Path) -> None:
    for text in ("sep=;\nname;b,c\n1;2,5\n", "\n\nname;b;c\n"):
        (tmp_path / "a.csv").write_text(text)
        assert sheet.read(tmp_path / "a.csv")[0].names[0] == "name"
    (tmp_path / "a.csv").write_text("sep=;\nname;b,c\n1;2,5\n")
    assert cells(tmp_path / "a.csv") == [["1", "2,5"]]


def test_old_line_ends_and_packed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"name,b\r1,2\r3,4\r")
    assert cells(tmp_path / "a.csv") == [["1", "2"], ["3", "4"]]
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"name,b\n1,2\n"))
    assert cells(tmp_path / "a.csv.gz") == [["1", "2"]]


def test_a_header_in_the_middle_is_taken_as_one_even_if_it_has_other_columns(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_text("name,b\n1,2\nname,c,b\n3,4,5\n")
    first, again, second = rows(tmp_path / "a.csv")
    assert first == Row(2, {"name": "1", "b": "2"})
    assert again == Skipped(3, sheet.AGAIN, malformed=False)
    assert second == Row(4, {"name": "3", "c": "4", "b": "5"})


def test_ragged_rows_are_told_with_their_lines_and_the_last_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,b,c\n1,2\n3,4,5\n\n6,7,8,9\n10,1")
    assert rows(tmp_path / "a.csv") == [
        Skipped(2, sheet.RAGGED),
        Row(3, {"name": "3", "b": "4", "c": "5"}),
        Skipped(5, sheet.RAGGED),
        Skipped(6, sheet.CUT),
    ]


def test_a_quotation_mark_that_is_never_closed_is_told_where_it_opens(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('name,b\n1,2\n3,"4\n5,6\n7,8\n')
    assert rows(tmp_path / "a.csv")[1:] == [Skipped(3, sheet.OPEN)]
    (tmp_path / "b.csv").write_text('name,b\n1,"2"x\n3,4\n')
    assert rows(tmp_path / "b.csv") == [
        Skipped(2, sheet.QUOTES),
        Row(3, {"name": "3", "b": "4"}),
    ]


def test_a_cell_of_megabytes_with_line_ends_is_one_cell(tmp_path: Path) -> None:
    long = "word\n" * 200_000
    (tmp_path / "a.csv").write_text(f'name,b\n"{long}",2\n3,4\n')
    assert cells(tmp_path / "a.csv") == [[long, "2"], ["3", "4"]]


@pytest.mark.parametrize("text", [b"", b"\xef\xbb\xbf", b"\n\n", b"\xff\xfe", b",,\n,,\n"])
def test_a_file_without_a_header_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(text)
    with pytest.raises(Refused):
        sheet.read(tmp_path / "a.csv")
