"""The ledger's own pattern becomes a forecast that is the bill, scaled to a month."""

from __future__ import annotations

import contextlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headgate.cli import Trouble, main
from headgate.cli.observed import told
from headgate.cli.workload import asked, gathered
from headgate.ledger.insert import Batch, write
from headgate.money.forecast import forecast
from headgate.store import keys
from headgate.store.place import connect
from headgate.store.upgrade import upgrade
from tests.audit.ledgers import DAY_US, MONDAY_US, book_of, priced
from tests.ledger.rows import entry
from tests.stores import sign_in

MODEL = "claude-sonnet-5-5"


def month_of(calls: int, days: int, **more: Any) -> list[dict[str, Any]]:
    """Calls that come evenly over so many days."""
    step = days * DAY_US // (calls - 1)
    usual = {"input_fresh": 3_000, "output": 400, "model_sent": MODEL}
    return [{**usual, "at_us": MONDAY_US + n * step, **more} for n in range(calls)]


def words(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], tuple[str, ...]]:
    with book_of(rows) as book:
        return told(book, MONDAY_US)


def test_what_caches_did_is_forecast_as_it_was_billed() -> None:
    rows = month_of(501, 30, cache_read=9_000)
    rows[::5] = [{**row, "cache_read": 0, "cache_write_5m": 9_000} for row in rows[::5]]
    found, how = words(rows)
    wanted = asked(gathered({"model": (MODEL,)}, found))
    month = forecast(wanted.pattern, wanted.offers[0])
    billed = sum(priced(row)["cost_nusd"] for row in rows)
    assert wanted.pattern.requests == 501
    assert month.vendor_nusd == pytest.approx(billed, abs=len(month.lines))
    assert any("79.8% of what was marked" in line for line in how)


def test_long_prompts_are_forecast_at_their_own_price() -> None:
    rows = month_of(101, 30, model_sent="claude-haiku-5-5")
    rows[:10] = [{**row, "input_fresh": 150_000} for row in rows[:10]]
    found, _ = words(rows)
    wanted = asked(gathered({"model": ("claude-haiku-5-5",)}, found))
    month = forecast(wanted.pattern, wanted.offers[0])
    billed = sum(priced(row)["cost_nusd"] for row in rows)
    assert month.vendor_nusd == pytest.approx(billed, abs=len(month.lines))


def test_where_nothing_was_cached_pauses_tell_what_would_have_been_read() -> None:
    alike = {"head": 7, "head_bytes": 9_000, "request_bytes": 10_000, "input_fresh": 10_000}
    found, how = words(month_of(289, 1, **alike))  # every five minutes: just too late
    wanted = asked(gathered({"model": (MODEL,), "ttl": "1h"}, found))
    month = forecast(wanted.pattern, wanted.offers[0])
    assert month.shares is not None
    assert month.shares.reads == Fraction(288, 289)
    assert any("0% within 5m" in line and "100% within 1h" in line for line in how)


def test_a_few_days_are_scaled_to_a_month_and_that_is_said() -> None:
    found, how = words(month_of(31, 3))
    assert found["requests"] == 310
    assert any("31 calls in 3.0 days" in line for line in how)
    assert any("so few days say little about a month" in line for line in how)
    short, how = words(month_of(10, 1)[:2])
    assert short["requests"] == 60
    assert any("2 calls in 2.7 hours" in line for line in how)
    assert any("less than a day, and was taken for a whole one" in line for line in how)


def test_mixed_models_are_named_with_whose_tokens_they_are() -> None:
    rows = month_of(20, 10)
    rows[:5] = [{**row, "model_sent": "claude-opus-4-7"} for row in rows[:5]]
    found, how = words(rows)
    assert found["counted_with"] == MODEL
    assert any("claude-opus-4-7 (5)" in line for line in how)


def test_sums_that_tell_no_number_of_calls_are_no_pattern_and_are_named() -> None:
    day = {"input_fresh": 9, "at_us": MONDAY_US, "span_us": DAY_US, "calls": 0}
    with pytest.raises(Trouble, match="sums of days, and tell no number of calls"):
        words([day])


def test_nothing_in_that_time_is_told_with_what_to_do() -> None:
    with (
        book_of([]) as book,
        pytest.raises(Trouble, match="no such calls") as caught,
    ):
        told(book, MONDAY_US)
    assert "--last 90d" in caught.value.hint


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    place = tmp_path / "headgate.db"
    upgrade(place)
    with contextlib.closing(connect(place)) as connection:
        sign_in(connection, 1)
        key, _ = keys.create(connection, "ci", now_us=1)
        rows = [
            entry(
                id=f"r{n}",
                at_us=MONDAY_US + n * DAY_US,
                key_id=key.id if n % 2 else "k_other",
                usage_from="provider",
            )
            for n in range(31)
        ]
        write(connection, 1, Batch(1, rows, [], []))
    return place


def run(*words: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["cost", *words, "--json"], standalone_mode=False)
    assert result.exception is None, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


@pytest.mark.slow
def test_a_ledger_is_forecast_by_one_command(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADGATE_HOME", str(ledger.parent))
    monkeypatch.delenv("HEADGATE_CONFIG", raising=False)
    found = run("--last", "90d", "--ledger", str(ledger), "--model", MODEL)
    assert found["pattern"]["requests_a_month"] == 31
    assert found["pattern"]["prefix"] == 20_000
    mine = run("--last", "90d", "--ledger", str(ledger), "--model", MODEL, "--key", "ci")
    assert mine["pattern"]["requests_a_month"] < 17
    words = ["cost", "--last", "90d", "--ledger", str(ledger), "--route", "it's none"]
    result = CliRunner().invoke(main, words, standalone_mode=False)
    assert isinstance(result.exception, Trouble)
