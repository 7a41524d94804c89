"""All files are read, and those that cannot be are told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from headgate.ledger.importers.detect import Unreadable
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Options, Reading, Refused
from headgate.ledger.importers.intake import From, Seen, take
from headgate.ledger.importers.lines import blocks
from headgate.ledger.importers.staging import Staging


def read(reading: Reading) -> Iterator[Sequence[Draft | Failed]]:
    for block in blocks(reading):
        if block[0].text == b"no":
            raise Refused("it has no times", "name them: --map ts=COLUMN")
        yield [Draft(text.decode(), 1, "m") for _, text in block]


LINES = Importer("lines", "", lambda path, start: True, read)


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    with contextlib.closing(Staging(tmp_path / "a.db")) as staging:
        yield staging


def laid(folder: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


def test_all_files_are_read_and_whoever_watches_sees_how_far_it_is(
    tmp_path: Path, staging: Staging
) -> None:
    seen: list[Seen] = []
    files = laid(tmp_path, a="1\n2\n", b="3\n")
    taken = take(staging, From(LINES, [], files, Options()), 1, seen.append)
    assert (taken.size, taken.refused, staging.drafts()) == (6, [], 3)
    assert seen[-1] == Seen("lines", 6, 6, 2, 2, 3)
    assert [it.size for it in seen] == sorted(it.size for it in seen)


def test_the_second_time_only_what_is_new_is_read(tmp_path: Path, staging: Staging) -> None:
    files = laid(tmp_path, a="1\n2\n", b="3\n")
    take(staging, From(LINES, [], files, Options()), 1)
    with open(files[1], "a") as more:
        more.write("4\n")
    assert take(staging, From(LINES, [], files, Options()), 1).size == 2
    assert staging.drafts() == 4


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(
    tmp_path: Path, staging: Staging
) -> None:
    files = laid(tmp_path, a="1\n", b="no\n")
    gone = tmp_path / "gone"
    taken = take(staging, From(LINES, [], [*files, gone], Options()), 1)
    assert taken.refused == [
        (files[1], "it has no times"),
        (gone, "No such file or directory"),
    ]
    assert staging.drafts() == 1


def test_where_no_file_can_be_read_that_is_an_error_with_its_remedy(
    tmp_path: Path, staging: Staging
) -> None:
    with pytest.raises(Unreadable, match="it has no times") as caught:
        take(staging, From(LINES, [], laid(tmp_path, a="no\n"), Options()), 1)
    assert caught.value.hint == "name them: --map ts=COLUMN"
    assert staging.progress() == []
