"""What is staged is there once, whatever stops the reading, and however files change."""

from __future__ import annotations

import contextlib
import gzip
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Options, Reading
from headgate.ledger.importers.lines import CUT, blocks
from headgate.ledger.importers.staging import Busy, Staging

OPTIONS = Options()


def read(reading: Reading) -> Iterator[Sequence[Draft | Failed]]:
    for block in blocks(reading):
        reading.tally.lines += len(block)
        yield [Draft(text.decode(), 1, "m") for _, text in block]


LINES = Importer("lines", "", lambda path, start: True, read)
WHOLE = Importer("whole", "", lambda path, start: True, read, grows=False)


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    with contextlib.closing(Staging(tmp_path / "state" / "a.db")) as staging:
        yield staging


def take(staging: Staging, path: Path, importer: Importer = LINES) -> int:
    reading = staging.begin(path, importer, OPTIONS)
    if reading is None:
        return 0
    count = 0
    for drafts in importer.read(reading):
        staging.keep(reading, drafts)
        count += len(drafts)
    staging.keep(reading, [], whole=True)
    return count


def test_a_file_that_was_read_is_not_read_again(tmp_path: Path, staging: Staging) -> None:
    path = tmp_path / "a"
    path.write_text("1\n2\n")
    assert take(staging, path) == 2
    assert staging.begin(path, LINES, OPTIONS) is None


def test_a_file_that_grew_is_read_from_where_it_ended(tmp_path: Path, staging: Staging) -> None:
    path = tmp_path / "a"
    path.write_text("1\n2\n")
    take(staging, path)
    with open(path, "a") as more:
        more.write("3\n")
    assert take(staging, path) == 1
    assert staging.drafts() == 3
    assert staging.tally().lines == 3


def test_a_file_that_was_rewritten_is_read_anew(tmp_path: Path, staging: Staging) -> None:
    path = tmp_path / "a"
    path.write_text("1\n2\n")
    take(staging, path)
    path.write_text("5\n6\n7\n")
    assert take(staging, path) == 3
    assert staging.drafts() == 3


def test_a_file_that_is_only_understood_whole_is_read_anew_when_it_changed(
    tmp_path: Path, staging: Staging
) -> None:
    path = tmp_path / "a"
    path.write_text("1\n2\n")
    take(staging, path, WHOLE)
    with open(path, "a") as more:
        more.write("3\n")
    assert take(staging, path, WHOLE) == 3
    assert staging.drafts() == 3


def test_a_packed_file_that_changed_is_read_anew(tmp_path: Path, staging: Staging) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"1\n2\n"))
    take(staging, path)
    path.write_bytes(gzip.compress(b"1\n2\n3\n"))
    assert take(staging, path) == 3
    assert staging.drafts() == 3


def test_what_is_written_while_a_file_is_read_is_read_the_next_time(
    tmp_path: Path, staging: Staging
) -> None:
    path = tmp_path / "a"
    path.write_text("1\n")
    reading = staging.begin(path, LINES, OPTIONS)
    assert reading is not None
    for drafts in LINES.read(reading):
        staging.keep(reading, drafts)
    with open(path, "a") as more:
        more.write("2\n")
    staging.keep(reading, [], whole=True)
    assert take(staging, path) == 1
    assert staging.drafts() == 2


def test_drafts_and_place_are_one_commit(tmp_path: Path, staging: Staging) -> None:
    path = tmp_path / "a"
    path.write_text("1\n2\n")
    reading = staging.begin(path, LINES, OPTIONS)
    assert reading is not None
    staging.keep(reading, [])
    reading.offset, reading.line, reading.kept = 2, 1, {"model": "m"}
    broken = Draft("x", 1, "m")._replace(model=object())  # type: ignore[arg-type]
    with pytest.raises(sqlite3.Error):
        staging.keep(reading, [Draft("1", 1, "m"), broken])
    again = staging.begin(path, LINES, OPTIONS)
    assert again is not None
    assert (again.offset, again.kept, staging.drafts()) == (0, {}, 0)


def test_a_line_that_was_cut_is_told_only_as_long_as_it_is(
    tmp_path: Path, staging: Staging
) -> None:
    path = tmp_path / "a"
    path.write_text('{"a":1}\n{"a":')
    take(staging, path)
    assert dict(staging.tally().malformed) == {CUT: 1}
    with open(path, "a") as more:
        more.write("2}\n")
    take(staging, path)
    assert not staging.tally().malformed
    assert staging.tally().examples == []
    assert staging.drafts() == 2


def test_files_that_are_gone_are_forgotten_when_asked(tmp_path: Path, staging: Staging) -> None:
    one, two = tmp_path / "a", tmp_path / "b"
    for path in (one, two):
        path.write_text("1\n")
        take(staging, path)
    staging.forget_others([one])
    assert staging.drafts() == 1
    staging.forget(one)
    assert (staging.drafts(), staging.progress()) == (0, [])


def test_an_import_begins_behind_those_before_it(tmp_path: Path, staging: Staging) -> None:
    path = tmp_path / "a"
    path.write_text("1\n2\n")
    take(staging, path)
    with contextlib.closing(Staging(tmp_path / "state" / "b.db")) as later:
        later.adopt(staging.progress())
        assert later.begin(path, LINES, OPTIONS) is None
        with open(path, "a") as more:
            more.write("3\n")
        assert take(later, path) == 1
        assert later.tally().lines == 1


def test_fingerprints_of_64_bits_and_failed_tools_are_kept(
    tmp_path: Path, staging: Staging
) -> None:
    path = tmp_path / "a"
    path.write_text("1\n")
    reading = staging.begin(path, LINES, OPTIONS)
    assert reading is not None
    staging.keep(reading, [Draft("1", 1, "m", head=2**64 - 1), Failed("t")])
    assert staging.drafts() == 1


def test_what_is_said_of_an_import_stays_with_it(tmp_path: Path, staging: Staging) -> None:
    assert staging.about("id") == ""
    staging.say(id="imp_1")
    assert staging.about("id") == "imp_1"
    assert staging.secret() == staging.secret() != b""


def test_two_at_once_are_refused(staging: Staging) -> None:
    with pytest.raises(Busy):
        Staging(staging.path)
    staging.close()
    Staging(staging.path).close()


def test_a_damaged_one_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database" * 500)
    with contextlib.closing(Staging(tmp_path / "a.db")) as staging:
        assert staging.drafts() == 0


def test_nothing_is_left_of_one_that_is_removed(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "state" / "a.db")
    staging.say(id="x")
    staging.remove()
    assert os.listdir(tmp_path / "state") == []
