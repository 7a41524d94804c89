"""JSON is read by lines, as an array, or as pages, in pieces and to where it is cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.reading import documents
from headgate.ledger.importers.reading.documents import decoded, keys, listed, row_keys
from headgate.ledger.importers.reading.items import Item, Row, Skipped

VALUE = st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=9) | st.lists(st.text())
OBJECTS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUE, min_size=1), max_size=6)


def found(path: Path, text: str, encoding: str = "utf-8") -> list[dict[str, Any]]:
    path.write_text(text, encoding=encoding)
    return [item.cells for item in documents.read(path) if isinstance(item, Row)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=OBJECTS,
    ascii_=st.booleans(),
    indent=st.sampled_from([None, 2]),
    block=st.integers(1, 40),
)
def test_every_way_to_write_rows_is_read_back_in_pieces_of_any_size(
    tmp_path: Path, rows: list[dict[str, Any]], ascii_: bool, indent: int | None, block: int
) -> None:
    path = tmp_path / "a.json"
    one = json.dumps(rows, ensure_ascii=ascii_, indent=indent)
    page = json.dumps({"object": "page", "data": rows, "has_more": False}, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        assert found(path, one) == rows
        assert found(path, page + "\n" + page) == rows + rows
        assert found(path, one, "utf-16") == rows
        if rows:
            by_line = "\n".join(json.dumps(row, ensure_ascii=ascii_) for row in rows)
            for codec in ("utf-8", "utf-8-sig", "utf-16"):
                assert found(path, by_line, codec) == rows


def test_bad_lines_are_told_and_the_last_one_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\nnonsense\n\n[1]\n{"a": 2}\n{"a": ')
    assert list(documents.read(path)) == [
        Row(1, {"a": 1}),
        Skipped(2, documents.NO_JSON),
        Skipped(4, documents.NO_OBJECT),
        Row(5, {"a": 2}),
        Skipped(6, documents.CUT),
    ]


@pytest.mark.parametrize(
    "text", ['[{"a": 1}, {"a": 2', '{"data": [{"a": 1}, {"a', '[{"a": 1},']
)
def test_a_document_that_is_cut_off_loses_its_last_row(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    items: list[Item] = list(documents.read(tmp_path / "a.json"))
    assert items == [Row(1, {"a": 1}), Skipped(2, documents.CUT)]


def test_what_is_no_json_or_nothing_at_all_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{]")
    assert list(documents.read(tmp_path / "a.json")) == [Skipped(1, documents.NO_JSON)]
    (tmp_path / "a.json").write_text('{"data": []}')
    assert list(documents.read(tmp_path / "a.json")) == []
    (tmp_path / "b.json").write_text("\ufeff \n")
    with pytest.raises(Refused, match="it is empty"):
        documents.read(tmp_path / "b.json")


def test_names_of_members_are_found_at_any_depth() -> None:
    assert keys(b'{"startTime": {"user_id": 1}, "x": "no: name"}') == {
        "starttime",
        "userid",
        "x",
    }


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (b'{"a": {"b": 1}}\n{"c": 1}', {"a"}),
        (b'[ {"a": 1, "b": [2]}, {"c', {"a", "b"}),
        (b'{"page": 1, "data": [{"a": 1}]}', {"a"}),
        (b'{"a": "longer than', set()),
        (b"[1, 2]", set()),
    ],
)
def test_the_first_row_has_names_of_its_own(head: bytes, names: set[str]) -> None:
    assert row_keys(head) == names


def test_a_cell_that_holds_json_is_read_and_any_other_is_nothing() -> None:
    assert decoded('{"a": 1}') == decoded({"a": 1}) == {"a": 1}
    assert decoded("{bad") == decoded("[1]") == decoded(None) == decoded(5) == {}
    assert listed("[1, 2]") == listed([1, 2]) == [1, 2]
    assert listed("[bad") == listed("{}") == listed(None) == []
