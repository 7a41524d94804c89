"""Records are read from lines and lists, packed or not, and a bad one is told by its number."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.reading.rows import BadRows, rows

ROWS = st.lists(
    st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), min_size=1
)


@given(ROWS)
def test_every_form_gives_the_same_records(
    tmp_path_factory: pytest.TempPathFactory, found: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    lines = "\n".join(map(json.dumps, found)).encode()
    (folder / "a.jsonl").write_bytes(lines + b"\n\n")
    (folder / "a.json").write_bytes(json.dumps(found).encode())
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines))
    for path in folder.iterdir():
        assert list(rows(path)) == found


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": 1}\n{"a"\n', "a.jsonl:2"),
        (b"[1, 2]", "record 1: a record is no object"),
        (b"[", "a.jsonl"),
        (b"7\n", "a.jsonl:1: a record is no object"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"id,prompt,tests\n1,a,b\n", "looks like a table of CSV"),
        (b"PAR1\x15", "a table of Parquet"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b\x08", "packed, though its name does not say so"),
        (b"<!DOCTYPE html>", "a page of HTML"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b'{"a": "b"}\n{"a": "\xe9"}\n', r"a.jsonl:2 is not UTF-8: byte 18 is 0xe9"),
        (b'{\n  "a": 1\n}\n', "one object over several lines"),
        (b"[" * 100_000, "a.jsonl"),
        (b'{"a":' * 100_000, "a.jsonl:1"),
    ],
)
def test_a_bad_file_is_told_for_what_it_is_with_a_remedy(
    tmp_path: Path, data: bytes, words: str
) -> None:
    (tmp_path / "a.jsonl").write_bytes(data)
    with pytest.raises(BadRows, match=words) as caught:
        list(rows(tmp_path / "a.jsonl"))
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{}", "cannot be read"),
        (gzip.compress(b'{"a": 1}\n' * 99)[:-9], "cut short"),
        (gzip.compress(b'{"a": 1}\n' * 99)[:30] + b"x" * 30, "cannot be read|cut short"),
        (gzip.compress(b""), "is empty"),
    ],
)
def test_a_packed_file_that_is_broken_is_told(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "a.json.gz").write_bytes(data)
    with pytest.raises(BadRows, match=words) as caught:
        list(rows(tmp_path / "a.json.gz"))
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_file_that_is_huge_is_not_read_into_memory(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headgate.bench.reading.rows.MOST_BYTES", 1 << 20)
    data = b" " * (2 << 20)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    with pytest.raises(BadRows, match="holds more than 1 MB"):
        list(rows(tmp_path / name))


def test_a_folder_or_a_device_is_no_file_of_records(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(BadRows, match="is no file"):
            list(rows(path))


def test_a_mark_of_byte_order_is_no_part_of_the_first_record(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"a": 1}\n')
    assert list(rows(tmp_path / "a.jsonl")) == [{"a": 1}]


@given(st.binary(max_size=80))
def test_no_bytes_are_too_strange(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.jsonl"
    path.write_bytes(data)
    with contextlib.suppress(BadRows):
        assert all(isinstance(it, dict) for it in rows(path))
