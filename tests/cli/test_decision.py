"""A decision is kept, and asked again at the prices of a later day."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from headgate.store import decision
from tests.cli.decisions import run, saved


def test_a_saved_decision_is_asked_again_and_holds(tmp_path: Path) -> None:
    place = saved(tmp_path)
    done = run("again", "support", "--check", *place)
    assert done.exit_code == 0
    assert "holds" in done.stdout
    assert "support" in run("list", *place).stdout


def test_a_price_that_changes_flips_it_and_check_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = saved(tmp_path)

    def dearer(connection: Any) -> list[decision.Decision]:
        (it,) = every(connection)
        words = {**json.loads(it.asked), "price": ["claude-haiku-5-5:input=30,output=150"]}
        return [it._replace(asked=json.dumps(words))]

    every = decision.every
    monkeypatch.setattr(decision, "every", dearer)
    done = run("again", "--all", "--check", *place)
    assert done.exit_code == 1
    assert "flips" in done.stdout


def test_a_limit_that_changes_flips_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = saved(tmp_path, "--peak", "400/min")
    assert run("again", "--all", "--check", *place).exit_code == 0
    row = {"name": "Start", "models": ["claude-haiku-*"], "rpm": 100}
    lower = {"anthropic": ({**row, "checked": date(2026, 11, 20), "source": "a test"},)}
    monkeypatch.setattr("headgate.cli.workload.read", lambda: lower)
    done = run("again", "--all", "--check", *place)
    assert done.exit_code == 1
    assert "400 requests/min at the peak exceed the 100" in done.stdout


def test_asked_again_it_goes_by_the_prices_of_that_day_whatever_day_was_named(
    tmp_path: Path,
) -> None:
    place = saved(tmp_path, "--on", "2026-10-01")
    (one,) = json.loads(run("list", "--json", *place).stdout)
    assert "on" not in one["asked"]


def test_one_that_cannot_be_asked_again_does_not_keep_the_others_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = saved(tmp_path)
    every = decision.every

    def both(connection: Any) -> list[decision.Decision]:
        (it,) = every(connection)
        gone = json.dumps({**json.loads(it.asked), "model": ["claude-gone-1"]})
        return [it._replace(name="old", asked=gone), it]

    monkeypatch.setattr(decision, "every", both)
    done = run("again", "--all", *place)
    assert done.exit_code == 1
    assert "old cannot be asked again: nobody lists a price for claude-gone-1" in done.stderr
    assert "holds" in done.stdout
    assert run("again", "old", *place).exit_code == 1


def test_a_decision_nobody_saved_is_told_with_those_there_are(tmp_path: Path) -> None:
    done = run("again", "chat", *saved(tmp_path))
    assert done.exit_code == 1
    assert "there are: support" in done.stderr
