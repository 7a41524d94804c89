"""One command says what a workload costs, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import Misuse, main

USD = 10**9
PLAIN = ("--requests", "1M", "--input", "10k", "--output", "500")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration of this machine has a part in it."""
    monkeypatch.delenv("HEADGATE_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["cost", *words], standalone_mode=False)


def data(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exception is None, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_models_are_compared_the_cheapest_first() -> None:
    found = data(*PLAIN, "--model", "claude-opus-5-5", "--model", "gpt-6.1-terra")
    assert [it["model"] for it in found["models"]] == ["gpt-6.1-terra", "claude-opus-5-5"]
    assert found["models"][0]["monthly_nusd"] == 12_500 * USD
    assert sum(line["monthly_nusd"] for line in found["models"][0]["lines"]) == 12_500 * USD


def test_without_a_model_only_those_that_fit_are_compared() -> None:
    found = data("--requests", "1", "--input", "600k", "--output", "9")
    models = [it["model"] for it in found["models"]]
    assert "claude-haiku-4-5" not in models  # 200,000 tokens
    assert "claude-opus-5-5" in models
    named = data(
        "--requests", "1", "--input", "600k", "--output", "9", "--model", "claude-haiku-4-5"
    )
    assert "window of 200,000" in named["models"][0]["unfit"]


def test_people_see_lines_limits_machines_variations_and_assumptions() -> None:
    result = run(
        *PLAIN,
        *("--prefix", "6k", "--hit", "75%", "--peak", "8500/min", "--tier", "Build"),
        *("--growth", "5%", "--self-hosted", "9000", "--model", "claude-sonnet-5-5"),
    )
    for text in (
        "1,000,000 requests a month, 10,000 tokens in and 500 out each",
        "cache writes, 5m",
        "exceed the 5,000 of Build: raise the tier to Scale",
        "cost less than claude-sonnet-5-5 from",
        "What if, with claude-sonnet-5-5",
        "a month has 30 days",
        "limits: Anthropic docs",
    ):
        assert text in result.output


def test_a_tier_that_no_model_has_is_told_with_those_there_are() -> None:
    result = run(*PLAIN, "--model", "claude-sonnet-5-5", "--tier", "gold")
    assert isinstance(result.exception, Misuse)
    assert result.exception.hint == "there are Start, Build, Scale"


def test_calls_are_chosen_from_the_ledger_only_with_last() -> None:
    result = run(*PLAIN, "--key", "ci")
    assert isinstance(result.exception, Misuse)
    assert "--last 30d" in result.exception.hint


def test_prices_of_the_configuration_hold_here_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[prices.overrides.gpt-4o]\ninput = "1"\noutput = "0"\n')
    found = data(*PLAIN, "--model", "gpt-4o", "--config", str(file))
    assert found["models"][0]["monthly_nusd"] == 10_000 * USD


def test_known_workloads_are_listed() -> None:
    assert "001-retrieval" in run("presets").output
    named = {it["name"]: it for it in json.loads(run("presets", "--json").output)}
    assert named["001-retrieval"]["prefix"] == "800"


def test_work_is_repaid_by_what_it_saves() -> None:
    words = ("roi", "--hours", "120", "--rate", "$150", "--saving", "11800", "--months", "6")
    found = json.loads(run(*words, "--spend", "28k", "--json").output)
    assert found["cost_nusd"] == 18_000 * USD
    assert (found["months_to_recoup"], found["net_percent"]) == (1.53, 293.33)
    assert found["spend_needed_nusd"] == 7_118_644_067_797
    assert "393.3%" in run(*words).output
    never = run("roi", "--hours", "1", "--rate", "1", "--saving", "0").output
    assert "never" in never
    wrong = run("roi", "--hours", "x", "--rate", "1", "--saving", "0")
    assert isinstance(wrong.exception, Misuse)
    more = run("roi", "--hours", "1", "--rate", "1", "--saving", "9", "--spend", "8")
    assert "more than the whole bill" in str(more.exception)
