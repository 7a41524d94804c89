"""What fails again and again is shown with who asked for it; packs show their contracts."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from headgate.cli import main
from headgate.validate.history import Attempt, append


def typed(*words: str) -> str:
    result = CliRunner().invoke(main, ["validate", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_repeated_failures_are_a_table_and_json(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    failed = (("lint", "ruff", "F401"),)
    for code in ("1", "2"):
        append(path, [Attempt(1, "a.py", code, failed, prompt="abcdef012345", model="m1")])
    table = typed("report", "--state", str(path))
    assert all(it in table for it in ("abcdef012345", "m1", "ruff", "2 of 2", "F401 (2)"))
    assert "needs-human-review" in table
    (row,) = json.loads(typed("report", "--json", "--state", str(path)))
    assert (row["attempts"], row["needs_review"]) == (2, True)


def test_no_failures_are_said_to_be_none(tmp_path: Path) -> None:
    assert "nothing has failed 2 times" in typed("report", "--state", str(tmp_path / "none"))


def test_every_pack_shows_its_contract_and_what_functions_are_called() -> None:
    text = typed("packs")
    assert all(it in text for it in ("csv-parser", "parse_csv", "parseCsv", "byte order mark"))
    assert {it["name"] for it in json.loads(typed("packs", "--json"))} >= {"http-retry"}
