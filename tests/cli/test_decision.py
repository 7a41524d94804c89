"""A decision is kept, and asked again at the prices of a later day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
    from headgate.store import decision

    def dearer(connection: Any) -> list[decision.Decision]:
        (it,) = every(connection)
        words = {**json.loads(it.asked), "price": ["claude-haiku-5-5:input=30,output=150"]}
        return [it._replace(asked=json.dumps(words))]

    every = decision.every
    monkeypatch.setattr(decision, "every", dearer)
    done = run("again", "--all", "--check", *place)
    assert done.exit_code == 1
    assert "flips" in done.stdout


def test_a_decision_nobody_saved_is_told_with_those_there_are(tmp_path: Path) -> None:
    done = run("again", "chat", *saved(tmp_path))
    assert done.exit_code == 1
    assert "there are: support" in done.stderr
