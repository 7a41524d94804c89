"""Prefixes, tools, times and hours are printed with what they mean."""

from __future__ import annotations

from pathlib import Path

from tests.cli.reports import data, ledger, run
from tests.ledger.book.pages import page


def test_prefixes_are_shown_with_how_soon_they_come_again(tmp_path: Path) -> None:
    path = ledger(tmp_path)
    told = data("prefixes", "--ledger", path)
    assert told["heads"]["rows"][0]["heads"] == 1
    (row,) = told["prefixes"]["rows"]
    assert (row["head"], row["calls"]) == ("07" * 8, 7)
    assert told["prefix_gaps"]["rows"][0]["within_5m"] == 6
    assert "07070707" in run("prefixes", "--ledger", path).stdout


def test_a_book_without_system_prompts_says_so(tmp_path: Path) -> None:
    page(tmp_path / "one.parquet", [{"cost_nusd": 3}])
    assert (
        "no call in this time tells its system prompt"
        in run("prefixes", "--source", tmp_path).stderr
    )


def test_idle_tools_are_those_of_calls_that_called_none(tmp_path: Path) -> None:
    path = ledger(tmp_path)
    rows = data("tools", "--ledger", path)["tools"]["rows"]
    assert sum(it["idle"] for it in rows) == 4
    result = run("tools", "--by", "key", "--ledger", path)
    assert " ci " in result.stdout
    assert "no source in this time tells which tools" in result.stderr


def test_tools_are_named_where_the_source_names_them(tmp_path: Path) -> None:
    page(tmp_path / "one.parquet", [{"tools_used": "Bash:2 Read:1", "tools_called": 3}])
    assert "Bash" in run("tools", "--source", tmp_path).stdout


def test_times_are_in_seconds_and_by_size_in_order(tmp_path: Path) -> None:
    text = run("latency", "--by", "size", "--ledger", ledger(tmp_path)).stdout
    assert "up to 64,000 tokens" in text
    assert "1.23 s" in text


def test_hours_fall_back_to_calls_where_nothing_cost_anything(tmp_path: Path) -> None:
    page(tmp_path / "one.parquet", [{}])
    text = run("hours", "--source", tmp_path).stdout
    assert "Calls by hour of the week (UTC), at most 1 calls" in text
    assert "Mon  ██" in text
