"""What a source is, is told from what it holds; and whoever cannot be read is told so."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from headgate.ledger.importers import lines
from headgate.ledger.importers.detect import Unreadable, find, usual
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Reading


def silent(reading: Reading) -> Iterator[Sequence[Draft | Failed]]:
    yield []


APPLES = Importer("apples", "", lambda path, start: b"apple" in start, silent)
PEARS = Importer("pears", "", lambda path, start: b"pear" in start, silent, folders=("garden",))
ANY = Importer(
    "any", "", lambda path, start: False, silent, (".csv",), mapped=lambda start: b"," in start
)
KNOWN = (APPLES, PEARS, ANY)


def test_each_file_of_a_folder_goes_to_the_importer_that_it_fits(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("apple")
    (tmp_path / "b.jsonl").write_text("pear")
    (tmp_path / "c.jsonl").write_text("plum")
    (tmp_path / "d.txt").write_text("apple")
    found = find([tmp_path], importers=KNOWN)
    assert found.files == {"apples": [tmp_path / "a.jsonl"], "pears": [tmp_path / "b.jsonl"]}
    assert found.unknown == [(tmp_path / "c.jsonl", "no format fits what it holds")]


def test_where_an_importers_own_folders_are_there_only_they_are_looked_at(
    tmp_path: Path,
) -> None:
    (tmp_path / "garden").mkdir()
    (tmp_path / "garden" / "b.jsonl").write_text("pear")
    (tmp_path / "a.jsonl").write_text("apple")
    assert find([tmp_path], importers=KNOWN).files == {"pears": [tmp_path / "garden/b.jsonl"]}


def test_a_packed_file_is_told_by_what_is_packed(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"apple"))
    assert list(find([tmp_path], importers=KNOWN).files) == ["apples"]


def test_what_fits_no_format_can_still_be_named(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x and y\n")
    with pytest.raises(Unreadable, match="tried: pears, apples, any"):
        find([file], importers=KNOWN)
    assert find([file], "any", KNOWN).files == {"any": [file]}


def test_a_folder_that_links_to_itself_is_walked_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("apple")
    os.symlink(tmp_path, tmp_path / "again")
    os.symlink(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert find([tmp_path], importers=KNOWN).count == 1


def test_a_link_to_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("apple")
    os.symlink(tmp_path / "gone.jsonl", tmp_path / "b.jsonl")
    found = find([tmp_path], importers=KNOWN)
    assert found.refused == [(tmp_path / "b.jsonl", "No such file or directory")]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="nowhere is not there"):
        find([tmp_path / "nowhere"], importers=KNOWN)


def test_an_empty_folder_is_told_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"holds nothing to import: no file ends with .csv"):
        find([tmp_path], importers=KNOWN)


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    with pytest.raises(Unreadable, match="is empty"):
        find([tmp_path / "a.jsonl"], importers=KNOWN)


def test_an_unknown_format_is_told_with_what_was_tried_and_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("plum")
    with pytest.raises(Unreadable) as caught:
        find([tmp_path / "a.jsonl"], importers=KNOWN)
    assert "tried: pears, apples, any" in caught.value.what
    assert "--as FORMAT" in caught.value.hint
    assert "--map ts=" in caught.value.hint


def test_an_unknown_name_of_a_format_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="--as takes one of: pears, apples, any"):
        find([tmp_path], "plums", KNOWN)


def test_a_packed_database_is_told_with_the_command_that_unpacks_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.zst").write_bytes(b"\x28\xb5\x2f\xfd\x00")
    with pytest.raises(Unreadable, match="unzstd"):
        find([tmp_path], importers=KNOWN)


def test_a_folder_that_must_not_be_entered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_text("apple")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("headgate.ledger.importers.detect.head", refuse)
    with pytest.raises(Unreadable, match="Permission denied") as caught:
        find([tmp_path], importers=KNOWN)
    assert "chmod" in caught.value.hint


def test_the_usual_places_are_those_where_files_are(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.jsonl").write_text("apple")
    places = [tmp_path / name for name in ("gone", "empty", "full")]
    known = [
        Importer(place.name, "", APPLES.fits, silent, places=lambda it=place: [it])  # type: ignore[misc]
        for place in places
    ]
    assert usual(known) == [tmp_path / "full"]


def test_a_file_that_stands_in_two_sources_is_taken_once_and_is_no_mistake(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.jsonl").write_text("apple")
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "gone")
    found = find([tmp_path, tmp_path / "a.jsonl", tmp_path], importers=KNOWN)
    assert found.files == {"apples": [tmp_path / "a.jsonl"]}


def test_what_another_source_left_out_is_not_told_of_this_one(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "a.jsonl").write_text("apple")
    (first / "b.jsonl").symlink_to(tmp_path / "gone")
    with pytest.raises(Unreadable, match="second holds nothing to import"):
        find([first, second], importers=KNOWN)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be"])
def test_wide_text_is_read_where_a_format_can_and_told_with_the_remedy_where_none_can(
    tmp_path: Path, codec: str
) -> None:
    mark = "" if codec == "utf-16" else "\ufeff"
    head = "date,model,input_tokens,output_tokens\n2026-08-01,gpt-4o,1,1\n"
    sheet, log = tmp_path / "a.csv", tmp_path / "b.jsonl"
    sheet.write_bytes((mark + head).encode(codec))
    log.write_bytes((mark + '{"type": "assistant", "message": {}}\n').encode(codec))
    found = find([tmp_path])
    assert found.files == {"table": [sheet]}
    assert found.refused == [(log, lines.WIDE)]
    for named in ("", "claude-code"):
        with pytest.raises(Unreadable, match="iconv -f UTF-16"):
            find([log], named)
