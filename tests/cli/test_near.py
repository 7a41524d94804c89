"""`headgate cache near report`: what was measured, kept as the report that serve needs."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.store import near as table
from headgate.store.near import Look
from headgate.store.sqlite import connect

CONFIG = """
[providers.openai]
base_url = "http://127.0.0.1:9/v1"
api_key = "env:OPENAI_API_KEY"
[cache]
reply = "deterministic"
near = "shadow"
near_model = "openai:e"
near_likeness = 0.92
"""
KEY = "sk-proj-" + "0aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ" * 3


@pytest.fixture(autouse=True)
def _config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headgate.toml").write_text(CONFIG)


def measured(same: int, agreed: int, refused: int = 0, alone: int = 0) -> None:
    now = time.time_ns() // 1000 - 60_000_000
    looks = [
        Look(
            now + n,
            f"c{n}",
            "k",
            "r",
            "openai:e",
            f"o{n}",
            950,
            "same",
            int(n < agreed),
            7_000_000,
        )
        for n in range(same)
    ]
    looks += [
        Look(now + 10_000 + n, f"d{n}", "k", "r", "openai:e", f"o{n}", 950, "number", 0, 7)
        for n in range(refused)
    ]
    looks += [Look(now + 20_000 + n, f"e{n}", "k", "r", "openai:e") for n in range(alone)]
    with closing(connect(Path("headgate.db"))) as connection:
        table.add(connection, looks)


def run(*words: str) -> Result:
    words = ("cache", "near", "report", "--ledger", "headgate.db", *words)
    return CliRunner().invoke(main, words, catch_exceptions=False)


def test_a_good_measure_may_be_served_and_is_kept() -> None:
    measured(100, 100, refused=20, alone=30)
    text = " ".join(run().stdout.split())
    assert "calls looked at 150" in text
    assert "refused by the verifier 20 number 20" in text
    assert "precision 100.0% 95 %: 96.3% to 100.0%" in text
    assert "would have saved $0.7000" in text
    assert 'may be served: write [cache] near = "serve"' in text
    with closing(connect(Path("headgate.db"))) as connection:
        (report,) = table.last(connection)
    assert (report.calls, report.candidates, report.verified) == (150, 120, 100)
    assert (report.agreed, report.precision, report.low) == (100, 1000, 963)
    assert (report.likeness, report.model) == (920, "openai:e")


def test_too_little_or_too_poor_a_measure_says_what_is_missing() -> None:
    measured(40, 40)
    assert "only 40 pairs were compared; 50 are needed" in run().stdout
    measured(100, 90)
    text = run().stdout
    assert "the precision may be as low as" in text
    assert "differs: c99 from o99 at likeness 0.95" in text


def test_json_has_everything_and_no_words() -> None:
    measured(100, 98, refused=1)
    told = json.loads(run("--json").stdout)
    assert told["precision"] == 0.98
    assert told["interval_95"] == pytest.approx([0.9300, 0.9945], abs=1e-4)
    assert told["refused"] == {"number": 1}
    assert [pair["call_id"] for pair in told["disagreed"]] == ["c99", "c98"]
    assert told["may_serve"] is False
    assert "92.9%" in told["why_not"]
    assert told["needed"] == {"pairs": 50, "precision_at_least": 0.95}


def test_before_anything_was_measured_it_says_so() -> None:
    told = json.loads(run("--json").stdout)
    assert (told["calls"], told["precision"], told["may_serve"]) == (0, None, False)
    assert "only 0 pairs" in told["why_not"]


def test_without_a_model_it_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text(CONFIG.partition("[cache]")[0])
    result = run()
    assert result.exit_code == 1
    assert "near_model" in result.stderr
