"""Health says what is not sealed, not ended, not priced, and paid for nothing."""

from __future__ import annotations

from pathlib import Path

from tests.cli.reports import CENT, data, ledger, run


def test_the_store_s_own_counts_are_told(tmp_path: Path) -> None:
    store = data("health", "--ledger", ledger(tmp_path))["store"]
    assert (store["unsealed"], store["segments"], store["open_intents"]) == (8, 0, 1)
    assert store["probable_nusd"] == CENT


def test_guessed_prices_and_failures_are_listed(tmp_path: Path) -> None:
    path = ledger(tmp_path)
    told = data("health", "--ledger", path)
    assert [it["model"] for it in told["unpriced"]["rows"]] == ["odd"]
    assert [it["what"] for it in told["failures"]["rows"]] == ["overloaded"]
    text = run("health", "--ledger", path).stdout
    assert "1 calls were sent and have no end yet" in text
    assert "nobody knows; prices.overrides" in text
