"""Spend is listed by whom it is of, with its chart."""

from __future__ import annotations

from pathlib import Path

from tests.cli.reports import CENT, data, ledger, run


def test_keys_are_called_by_their_names(tmp_path: Path) -> None:
    text = run("spend", "--by", "key", "--ledger", ledger(tmp_path)).stdout
    assert "Spend by key: $0.9700" in text
    assert " ci " in text


def test_sums_by_tag_say_that_they_overlap(tmp_path: Path) -> None:
    text = run("spend", "--by", "tag", "--ledger", ledger(tmp_path)).stdout
    assert "a call with two tags is under both" in text
    assert "(none)" in text


def test_what_a_table_has_no_room_for_is_summed(tmp_path: Path) -> None:
    text = run("spend", "--limit", "1", "--ledger", ledger(tmp_path)).stdout
    assert "(1 others)" in text


def test_the_course_of_time_adds_up_to_the_whole(tmp_path: Path) -> None:
    told = data("spend", "--step", "hour", "--ledger", ledger(tmp_path))
    whole = sum(it["cost_nusd"] for it in told["spend"]["rows"])
    assert whole == sum(it["cost_nusd"] for it in told["spend_over_time"]["rows"]) == 97 * CENT
