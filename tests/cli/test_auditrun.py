"""An audit of the ledger: its window, its page, and what it remembers."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from headgate.ledger.reconcile.reported import Reported, keep
from headgate.store import claim
from headgate.store.place import connect
from tests.cli.audits import DAY_US, NOW_US, _home, ledger, run, told

__all__ = ("_home",)


KNOWN_AS = """
[providers.claude-eu]
kind = "anthropic"
api_key = "env:CLAUDE_EU_KEY"
"""


@pytest.mark.slow
def test_it_looks_thirty_days_back_from_the_newest_call(tmp_path: Path) -> None:
    ledger(tmp_path)
    found = told()
    assert 299 <= found["calls"] <= 311
    assert sum(it["spend_nusd"] for it in found["buckets"]) == found["spend_nusd"]


@pytest.mark.slow
def test_a_window_without_calls_is_told_with_when_there_are_some(tmp_path: Path) -> None:
    ledger(tmp_path, 10)
    done = run("--until", "2020-01-01")
    assert done.exit_code == 2
    assert "calls are there from 2026-11-18" in done.stderr


@pytest.mark.slow
def test_the_page_is_written_whole(tmp_path: Path) -> None:
    ledger(tmp_path, 50)
    file = tmp_path / "audit.html"
    assert run("--html", str(file)).exit_code == 0
    assert file.read_text().rstrip().endswith("</html>")
    done = run("--html", str(tmp_path / "no" / "audit.html"))
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


@pytest.mark.slow
def test_what_it_claims_is_remembered_under_the_id_that_is_printed(tmp_path: Path) -> None:
    place = ledger(tmp_path)
    with contextlib.closing(connect(place)) as connection:
        connection.execute("UPDATE call SET latency_class = '24h', stream = 0")
        connection.execute("UPDATE call SET session = ''")
    found = told()
    assert found["claims"], "work that may wait a day is worth a batch"
    with contextlib.closing(connect(place)) as connection:
        kept = {it.id: it.claimed_nusd for it in claim.every(connection)}
    assert kept == {it["id"]: it["saving_nusd"] for it in found["claims"]}


@pytest.mark.slow
def test_purposes_of_a_file_split_the_bill(tmp_path: Path) -> None:
    ledger(tmp_path, 50)
    file = tmp_path / "purposes.toml"
    file.write_text('[[purposes]]\npurpose = "chat"\nkeys = ["k_0"]\nvaluable = true\n')
    buckets = {it["name"]: it for it in told("--purposes", str(file))["buckets"]}
    assert buckets["chat"]["value"] is True
    assert "(unmapped)" in buckets


@pytest.mark.slow
def test_what_is_paid_by_the_month_can_be_said_where_it_is_asked(tmp_path: Path) -> None:
    ledger(tmp_path, 50)
    found = told("--commitment", "anthropic 5000/month", "--commitment", "openai scale 60")
    assert [it["subject"] for it in found["claims"]] == [
        "commitment anthropic",
        "commitment openai scale",
    ]


def test_a_commitment_that_is_none_is_told_with_its_form(tmp_path: Path) -> None:
    ledger(tmp_path, 1)
    for text in ("anthropic", "anthropic priority lots/month", ""):
        done = run("--commitment", text)
        assert done.exit_code == 2
        assert f'--commitment "{text}"' in done.stderr
        assert '"anthropic priority 5000/month"' in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("config", ["", KNOWN_AS])
def test_calls_of_a_provider_with_a_name_of_its_own_are_held_against_its_vendor(
    tmp_path: Path, config: str
) -> None:
    place = ledger(tmp_path, 40)
    (tmp_path / "headgate.toml").write_text(config)
    with contextlib.closing(connect(place)) as connection:
        connection.execute("UPDATE call SET provider = 'claude-eu'")
        rows = connection.execute(
            "SELECT at_us, input_fresh, output, cost_nusd FROM call"
        ).fetchall()
        paid = [
            Reported("anthropic", "", at_us // DAY_US, "claude-sonnet-5-5", "", line, **sums)
            for at_us, fresh, output, cost in rows
            for line, sums in (
                ("", {"requests": 1, "input_fresh": fresh, "output": output}),
                ("input", {"cost_nusd": cost - 5_000_000}),
                ("output", {"cost_nusd": 5_000_000}),
            )
        ]
        keep(connection, paid, NOW_US + 90 * DAY_US)
    found = told()["reconciled"]
    assert found["state"] == ("reconciled" if config else "unreconciled"), found


@pytest.mark.slow
def test_a_call_from_the_future_does_not_hide_all_others(tmp_path: Path) -> None:
    place = ledger(tmp_path, 50)
    with contextlib.closing(connect(place)) as connection:
        connection.execute(
            "UPDATE call SET at_us = at_us + ? WHERE id = 'r7'", (9_000 * DAY_US,)
        )
    assert 30 <= told()["calls"] < 50
    assert told("--since", "2040-01-01", "--until", "2060-01-01")["calls"] == 1
