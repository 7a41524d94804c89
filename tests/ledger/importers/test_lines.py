"""A file of lines is read whole, from any line on, whatever its size and state."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.importers import lines
from headgate.ledger.importers.importer import Options, Reading

SPECIAL = (b"\n", b"\x1f\x8b", b"\xef\xbb\xbf")
"""ends of lines, and what a packed file and one with a mark of its coding begin with"""


def without(text: bytes) -> bytes:
    for special in SPECIAL:
        text = text.replace(special, b"")
    return text


TEXTS = st.lists(st.binary(max_size=40).map(without), max_size=30)


def read(reading: Reading) -> list[lines.Line]:
    return [line for block in lines.blocks(reading) for line in block]


def reading_of(path: Path, offset: int = 0, line: int = 0) -> Reading:
    return Reading(path, Options(), offset=offset, line=line)


@given(texts=TEXTS, block=st.integers(1, 64))
def test_every_line_comes_once_with_its_number_however_blocks_fall(
    tmp_path_factory: pytest.TempPathFactory, texts: list[bytes], block: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a"
    path.write_bytes(b"".join(it + b"\n" for it in texts))
    reading = reading_of(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        found = read(reading)
    assert found == [lines.Line(n, it) for n, it in enumerate(texts, 1)]
    assert (reading.offset, reading.line) == (path.stat().st_size, len(texts))


@given(texts=TEXTS, block=st.integers(1, 64), stop=st.integers(0, 9))
def test_reading_goes_on_where_it_stopped(
    tmp_path_factory: pytest.TempPathFactory, texts: list[bytes], block: int, stop: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a"
    path.write_bytes(b"".join(it + b"\n" for it in texts))
    first = reading_of(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        seen = []
        for count, found in enumerate(lines.blocks(first)):
            seen += found
            if count == stop:
                break
        seen += read(reading_of(path, first.offset, first.line))
    assert seen == [lines.Line(n, it) for n, it in enumerate(texts, 1)]


def test_a_file_packed_with_gzip_is_read_as_if_it_were_not(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n{"a":2}\n'))
    assert [text for _, text in read(reading_of(path))] == [b'{"a":1}', b'{"a":2}']
    assert [text for _, text in read(reading_of(path, 8, 1))] == [b'{"a":2}']
    assert lines.head(path) == b'{"a":1}\n{"a":2}\n'


def test_a_mark_of_its_coding_is_no_part_of_a_files_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b'\xef\xbb\xbf{"a":1}\n{"a":2}\n')
    assert [text for _, text in read(reading_of(path))] == [b'{"a":1}', b'{"a":2}']


def test_a_packed_file_that_is_damaged_is_told_and_what_came_before_is_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n' * 9)[:-6])
    reading = reading_of(path)
    read(reading)
    assert dict(reading.tally.malformed) == {lines.PACKED: 1}


def test_a_last_line_that_is_cut_is_told_and_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b'{"a":1}\n{"a":{"b":2}')
    reading = reading_of(path)
    assert [text for _, text in read(reading)] == [b'{"a":1}']
    assert reading.tally.examples == [(str(path), 2, lines.CUT)]
    with open(path, "ab") as more:
        more.write(b'}\n{"a":3}\n')
    again = reading_of(path, reading.offset, reading.line)
    assert read(again) == [(2, b'{"a":{"b":2}}'), (3, b'{"a":3}')]


def test_a_last_line_without_an_end_is_read_where_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b'{"a":1}')
    reading = reading_of(path)
    assert read(reading) == [(1, b'{"a":1}')]
    assert reading.offset == 7


def test_a_line_without_measure_is_told_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", 16)
    monkeypatch.setattr(lines, "MOST", 64)
    path = tmp_path / "a"
    path.write_bytes(b"1\n" + b"x" * 500 + b"\n3\n")
    reading = reading_of(path)
    assert read(reading) == [(1, b"1"), (3, b"3")]
    assert reading.tally.examples == [(str(path), 2, lines.LONG)]
    assert reading.offset == path.stat().st_size


@pytest.mark.parametrize(
    ("start", "remedy"),
    [(b"\x28\xb5\x2f\xfd...", "unzstd"), (b"PK\x03\x04", "unzip"), (b"BZh9", "bunzip2")],
)
def test_what_must_be_unpacked_first_is_told_with_the_command(
    start: bytes, remedy: str
) -> None:
    assert remedy in lines.strange(start)
    assert lines.strange(b'{"a":1}') == ""
