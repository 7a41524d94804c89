"""Slices are whole rows, none is lost or seen twice, and what they left becomes one again."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.sandbox.chunks import (
    Cutting,
    Part,
    Rows,
    Slice,
    join_artefacts,
    join_files,
    numbered,
    parts_of,
)
from headgate.sandbox.model import Artefact, Refused, Result, Status

CELLS = st.text(st.sampled_from('ab ,"\n\r\té5'), max_size=6)
TABLE = st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=12)


def written(rows: list[list[str]], end: str = "\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def read(data: bytes) -> list[list[str]]:
    return [*csv.reader(io.StringIO(data.decode(), newline=""))]


@given(TABLE, st.sampled_from(["\n", "\r\n"]), st.integers(1, 5))
def test_slices_of_a_table_hold_every_row_once_below_the_header(
    rows: list[list[str]], end: str, size: int
) -> None:
    cut = Rows("data.csv", written(rows, end))
    assert len(cut) == len(rows) - 1
    found = []
    for start in range(0, len(cut), size):
        piece = read(cut.cut(Slice(start, min(start + size, len(cut)))))
        assert piece[0] == rows[0]
        found += piece[1:]
    assert found == rows[1:]


@given(st.binary(max_size=80), st.integers(0, 40))
def test_whatever_bytes_a_file_of_lines_holds_two_halves_make_it_whole(
    data: bytes, at: int
) -> None:
    cut = Rows("data.jsonl", data)
    middle = min(at, len(cut))
    both = cut.cut(Slice(0, middle)) + cut.cut(Slice(middle, len(cut)))
    assert both in (data, data + b"\n", data + b"\r\n")


@settings(max_examples=40)
@given(st.lists(st.recursive(st.integers() | st.text(), st.lists, max_leaves=3), max_size=8))
def test_an_array_is_cut_into_arrays(items: list[object]) -> None:
    cut = Rows("data.json", json.dumps(items).encode())
    halves = cut.cut(Slice(0, len(cut) // 2)), cut.cut(Slice(len(cut) // 2, len(cut)))
    assert [*json.loads(halves[0]), *json.loads(halves[1])] == items
    assert join_files("data.json", halves) is not None


def test_a_last_line_without_an_end_gets_the_end_that_others_have() -> None:
    cut = Rows("d.csv", b"a,b\r\n1,2\r\n3,4")
    assert cut.cut(Slice(1, 2)) == b"a,b\r\n3,4\r\n"
    assert Rows("d.csv", b"a,b").cut(Slice(0, 0)) == b"a,b\n"


def test_a_table_without_a_header_is_rows_alone() -> None:
    cut = Rows("d.csv", b"1,2\n3,4\n", has_header=False)
    assert len(cut) == 2
    assert cut.cut(Slice(1, 2)) == b"3,4\n"


def test_a_quote_within_a_plain_field_ends_no_row() -> None:
    assert len(Rows("d.csv", b'size\n5" pipe\n6" pipe\n')) == 2


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("d.xlsx", b"PK", "cannot be cut into rows"),
        ("d.json", b'{"a": 1}', "no JSON array"),
        ("d.csv", "a,b\n1,2\n".encode("utf-16"), "no text in UTF-8"),
    ],
)
def test_what_cannot_be_cut_is_refused_with_what_can(path: str, data: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        Rows(path, data)
    assert refused.value.remedy


@given(st.integers(0, 60), st.integers(0, 20), st.integers(1, 5), st.data())
def test_however_slices_fail_all_rows_are_done_once_or_the_smallest_is_named(
    total: int, rows: int, least: int, data: st.DataObject
) -> None:
    """A slice fails where it has more than so many rows."""
    able = data.draw(st.integers(1, 70))
    cutting, done = Cutting(total, rows, least), list[Slice]()
    while (part := cutting.take()) is not None:
        if part.rows <= able:
            done.append(part)
        elif not cutting.halve(part):
            assert part.rows <= max(least, 1)
            return
    assert [row for it in done for row in range(*it)] == [*range(total)]
    assert len(done) <= max(1, 2 * total)


def test_rows_that_were_done_before_are_not_done_again() -> None:
    cutting = Cutting(10, 4)
    cutting.skip([Slice(2, 4), Slice(8, 10)])
    found = []
    while (part := cutting.take()) is not None:
        found.append(part)
    assert found == [Slice(0, 2), Slice(4, 8)]


def test_an_empty_file_is_one_slice_without_rows_and_is_done_once() -> None:
    cutting = Cutting(0)
    assert [cutting.take(), cutting.take()] == [Slice(0, 0), None]
    cutting.skip([Slice(0, 0)])
    assert cutting.take() is None


def made(path: str, data: bytes | None) -> Artefact:
    return Artefact(path, len(data or b""), "", "", data)


def parts(*each: list[Artefact]) -> list[Part]:
    return [
        Part(n, n + 1, Result(status=Status.OK, stdout=f"{n}\n", artefacts=tuple(it)))
        for n, it in enumerate(each)
    ]


def test_tables_are_joined_below_one_header_and_pictures_are_numbered() -> None:
    first = [made("out.csv", b"a,b\n1,2\n"), made("p.png", b"one"), made("once.txt", b"x")]
    second = [made("out.csv", b"a,b\n3,4"), made("p.png", b"two")]
    found = {it.path: it for it in join_artefacts(parts(first, second))}
    assert found["out.csv"].data == b"a,b\n1,2\n3,4\n"
    assert found["out.csv"].size == len(found["out.csv"].data)
    assert len(found["out.csv"].sha256) == 64
    assert {it: found[it].data for it in ("p.0000.png", "p.0001.png", "once.txt")} == {
        "p.0000.png": b"one",
        "p.0001.png": b"two",
        "once.txt": b"x",
    }


@pytest.mark.parametrize(
    ("path", "datas", "joined"),
    [
        ("a.jsonl", [b'{"a":1}', b'{"a":2}\n'], b'{"a":1}\n{"a":2}\n'),
        ("a.json", [b"[1, 2]", b"[]", b"[3]"], b"[1,2,3]"),
        ("a.json", [b'{"sum": 1}', b'{"sum": 2}'], None),
        ("a.csv", [b"a\n1\n", b"b\n2\n"], None),
        ("a.csv", [b"", b"a\n1\n"], b"a\n1\n"),
        ("a.tsv", [b"a\r\n1\r\n", b"a\n2\n"], b"a\r\n1\r\n2\n"),
        ("a.bin", [b"1", b"2"], None),
    ],
)
def test_what_fits_together_is_joined_and_nothing_else(
    path: str, datas: list[bytes], joined: bytes | None
) -> None:
    assert join_files(path, datas) == joined


def test_what_was_answered_by_reference_alone_is_not_joined() -> None:
    found = [*join_artefacts(parts([made("a.csv", None)], [made("a.csv", b"a\n1\n")]))]
    assert [it.path for it in found] == ["a.0000.csv", "a.0001.csv"]


def test_numbers_stand_before_the_suffix() -> None:
    names = [numbered(it, 3) for it in ("a.png", "x/a.tar", "README", ".hidden", "v1.2/a")]
    assert names == ["a.0003.png", "x/a.0003.tar", "README.0003", ".hidden.0003", "v1.2/a.0003"]


def test_the_joining_code_finds_each_slice_in_a_folder() -> None:
    found = {it.path: it.data for it in parts_of(parts([made("a.csv", b"1")], []))}
    assert found == {
        "parts/0000/stdout.txt": b"0\n",
        "parts/0000/a.csv": b"1",
        "parts/0001/stdout.txt": b"1\n",
    }
