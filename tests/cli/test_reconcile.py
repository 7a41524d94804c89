"""`headgate reconcile`: what agrees, what does not and why, for people and for machines."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.store.sqlite import connect

PAGE = {
    "data": [
        {
            "starting_at": "2026-10-14T00:00:00Z",
            "results": [{"model": "claude-opus-5-5", "uncached_input_tokens": 1_000_000}],
        }
    ]
}


@pytest.fixture
def ledger() -> Path:
    place = Path(os.environ["HEADGATE_HOME"]) / "headgate.db"
    connect(place).close()
    return place


@pytest.fixture
def page(tmp_path: Path) -> str:
    file = tmp_path / "usage.json"
    file.write_text(json.dumps(PAGE))
    return str(file)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["reconcile", *words])


@pytest.mark.usefixtures("ledger")
def test_without_a_report_it_says_how_to_get_one() -> None:
    result = run()
    assert result.exit_code == 0
    assert result.stdout.startswith("NOT RECONCILED: no report of a provider")
    assert "export OPENAI_ADMIN_KEY" in result.stderr


@pytest.mark.usefixtures("ledger")
def test_a_report_of_traffic_that_is_not_here_is_shown_by_day_and_model(page: str) -> None:
    result = run(page)
    assert result.stdout.startswith("UNRECONCILED: 100.00% apart over the day 2026-10-14")
    assert "2026-10-14" in result.stdout
    assert "$4.0000 *" in result.stdout
    assert "nothing of it passed through here" in result.stdout


@pytest.mark.usefixtures("ledger")
def test_with_check_it_fails_unless_the_sums_agree(page: str) -> None:
    assert run("--check", page).exit_code == 1
    assert run("--check").exit_code == 1


@pytest.mark.usefixtures("ledger")
def test_json_has_both_sides_and_every_cause(page: str) -> None:
    told = json.loads(run("--json", "--file", page).stdout)
    (line,) = told["lines"]
    assert line["theirs_tokens"]["input_fresh"] == 1_000_000
    assert line["theirs_lines_nusd"] is None
    assert line["causes"][0]["kind"] == "missing"
    assert sum(it["nusd"] for it in line["causes"]) == line["delta_nusd"]


@pytest.mark.usefixtures("ledger")
def test_a_provider_without_a_key_is_named() -> None:
    result = run("--provider", "openai")
    assert result.exit_code == 1
    assert "there is no admin key of openai" in result.stderr


def test_without_a_ledger_it_says_how_one_comes_to_be() -> None:
    result = run()
    assert result.exit_code == 1
    assert "headgate import" in result.stderr
