"""Each report answers in words and as JSON, and says what a mistake was."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.ledger.book.columns import BOOK
from tests.cli.reports import ledger, run

REPORTS = ("spend", "sessions", "prefixes", "tools", "latency", "hours", "health")


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_prints_tables(tmp_path: Path, report: str) -> None:
    result = run(report, "--ledger", ledger(tmp_path))
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) > 3


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_shows_an_example(report: str) -> None:
    assert f"headgate report {report} --" in run(report, "--help").stdout


def test_a_time_without_calls_is_said_with_what_would_find_some(tmp_path: Path) -> None:
    result = run(
        "spend", "--ledger", ledger(tmp_path), "--since", "2024-01-01", "--until", "2024-02-01"
    )
    assert result.exit_code == 0
    assert "no calls in this time" in result.stderr


def test_a_ledger_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = run("spend", "--ledger", tmp_path / "none.db")
    assert result.exit_code == 1
    assert "headgate up" in result.stderr


def test_the_warehouse_s_table_can_be_read_before_there_is_one() -> None:
    text = run("warehouse").stdout
    assert text.startswith("CREATE TABLE IF NOT EXISTS book (")
    assert len(re.findall(r"^  \w+ ", text, re.MULTILINE)) == len(BOOK)


@pytest.mark.slow
def test_a_warehouse_takes_segments_and_answers_for_them(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from tests.cli.reports import run
from tests.ledger.book.pages import page
folder = Path({str(tmp_path)!r})
page(folder / "one.parquet", [{{"cost_nusd": 5 * 10**9}}])
url = f"chdb://{{folder / 'warehouse'}}"
made = run("warehouse", url, "--load", folder / "one.parquet")
asked = run("spend", "--warehouse", url)
print(made.stderr, asked.output)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "the warehouse now holds 1 rows" in done.stdout
    assert "Spend by model: $5.0000" in done.stdout


def test_every_report_in_the_guide_runs(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "guides" / "read-your-bill.md"
    path = ledger(tmp_path)
    lines = re.findall(
        r"^headgate report (.+)$", guide.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {line.split()[0] for line in lines} == set(REPORTS)
    for line in lines:
        words = line.replace("3f2a", "talk-2").split()
        result = run(*words, "--ledger", path)
        assert result.exit_code == 0, (line, result.output)
