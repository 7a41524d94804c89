"""Sessions are listed by cost, and one of them is shown call by call."""

from __future__ import annotations

from pathlib import Path

from tests.cli.reports import data, ledger, run
from tests.ledger.book.pages import MONDAY_US, page


def test_the_dearest_session_comes_first_with_what_is_known_of_it(tmp_path: Path) -> None:
    told = data("sessions", "--ledger", ledger(tmp_path))
    assert [it["session"] for it in told["sessions"]["rows"]] == ["talk-2", "talk-1"]
    assert told["session_facts"]["rows"][0]["longest"] > 0


def test_a_session_is_found_by_how_its_name_begins(tmp_path: Path) -> None:
    text = run("sessions", "--session", "talk-2", "--ledger", ledger(tmp_path)).stdout
    assert "Session talk-2 of" in text
    assert "1 calls" in text


def test_a_beginning_that_several_share_is_told_with_them(tmp_path: Path) -> None:
    result = run("sessions", "--session", "talk", "--ledger", ledger(tmp_path))
    assert result.exit_code == 1
    assert "talk-1, talk-2" in result.stderr


def test_a_session_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = run("sessions", "--session", "nobody", "--ledger", ledger(tmp_path))
    assert result.exit_code == 1
    assert "no session begins with nobody" in result.stderr


def test_cliffs_are_shown_where_they_are_even_if_calls_are_left_out(tmp_path: Path) -> None:
    rows = [
        {"session": "s", "at_us": MONDAY_US + n, "cache_read": 9_000, "cost_nusd": 9}
        for n in range(20)
    ]
    rows[11] = {"session": "s", "at_us": MONDAY_US + 11, "input_fresh": 9_000}
    page(tmp_path / "one.parquet", rows)
    words = ["sessions", "--session", "s", "--source", str(tmp_path), "--limit", "3"]
    result = run(*words)
    assert "1 cache cliffs" in result.stdout
    assert (
        len([line for line in result.stdout.splitlines() if line.rstrip().endswith("cliff")])
        == 1
    )
    assert "3 of 20 calls" in result.stderr


def test_calls_without_sessions_are_said_to_have_none(tmp_path: Path) -> None:
    page(tmp_path / "one.parquet", [{"cost_nusd": 3}])
    assert (
        "no call in this time belongs to a session"
        in run("sessions", "--source", tmp_path).stderr
    )
