"""What is said of the archive: everything a person needs, and nothing that did not happen."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.cli.archiveview import SHOWN, tell, tell_flaws
from headgate.ledger.archive.verify import DAMAGED, MISSING, Flaw

NONE = {"segments": 0, "rows": 0, "bytes": 0, "first_us": None, "last_us": None}
FACTS: dict[str, Any] = {
    "store": "headgate.db",
    "shelf": "headgate.db-archive",
    "sealing": "on",
    "hot": {"rows": 0, "oldest_us": None, "waiting": 0},
    "sealed": NONE,
    "imported": NONE | {"imports": 0},
    "replaced": {"segments": 0, "bytes": 0},
    "unlisted": 0,
    "last": None,
}


def flaw(n: int, what: str = MISSING, import_id: str = "") -> Flaw:
    return Flaw(f"calls/{n}.parquet", 20_000, 7, import_id, what)


def test_an_empty_archive_says_little(capsys: pytest.CaptureFixture[str]) -> None:
    tell(FACTS)
    said = capsys.readouterr().out
    assert "never tended" in said
    for word in ("imported", "replaced", "old enough", "belong to nothing"):
        assert word not in said


def test_everything_there_is_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    part = {"segments": 3, "rows": 4_000, "bytes": 9, "first_us": 0, "last_us": 86_400_000_000}
    tell(
        FACTS
        | {
            "imported": part | {"imports": 2},
            "replaced": {"segments": 5, "bytes": 6},
            "unlisted": 8,
            "last": {"at_us": 0, "worked_us": 0, "trouble": "no room"},
        }
    )
    said = capsys.readouterr().out
    assert "4,000" in said
    assert "1970-01-02" in said
    assert "5 files (6 bytes) were replaced" in said
    assert "8 files on the shelf belong to nothing" in said
    assert "FAILED at 1970-01-01 00:00:00 UTC: no room" in said


def test_flaws_come_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    tell_flaws(9, [flaw(1), flaw(2, DAMAGED, "i_1")])
    said = capsys.readouterr()
    assert "calls/1.parquet" in said.out
    assert "2 of 9 segments are not as they were sealed: 14 rows" in said.err
    assert "undo the import" in said.err
    assert "--forget" in said.err


def test_of_very_many_flaws_people_see_some_and_their_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_flaws(500, [flaw(n) for n in range(400)])
    said = capsys.readouterr()
    assert said.out.count(".parquet") == SHOWN
    assert "400 of 500" in said.err


def test_no_flaw_is_good_news(capsys: pytest.CaptureFixture[str]) -> None:
    tell_flaws(3, [])
    assert "3 segments are there and whole" in capsys.readouterr().err
