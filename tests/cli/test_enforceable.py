"""What is capped is told, and a budget that could not be kept is a failure with its remedy."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from headgate.cli.checkup import Finding
from headgate.cli.enforceable import caps
from headgate.config import load
from headgate.policy.cap import Budget, Caps, Kind, Limits
from headgate.store import keys
from headgate.store.schema import migrate
from headgate.store.traits import Changes

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXT = """
[limits.each_key]
requests = 300
[limits."model:own-*"]
concurrent = 3
[budgets.each_key]
day = 20
kind = "watch"
[providers.own]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
[models]
fast = "own:nobody-knows-this"
"""


def found(text: str, own: Caps | None = None) -> list[Finding]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    if own is not None:
        keys.create(connection, "al", changes=Changes(caps=own), now_us=1)
    known = keys.listing(connection)
    connection.close()
    return list(caps(load(text, {}, source="headgate.toml"), known, NOW))


def test_where_nothing_is_capped_that_is_said() -> None:
    (only,) = found("")
    assert (only.state, only.area) == ("info", "caps")
    assert "--budget" in only.hint


def test_what_is_capped_for_everybody_is_told_in_words() -> None:
    assert [each.what for each in found(TEXT)] == [
        "each_key: 300 requests a minute (up to 75 at once), $20 a day (watch)",
        "model:own-*: 3 calls at once",
    ]
    told = [each.what for each in found(TEXT, Caps(Limits(requests=3)))]
    assert told[-1] == "limits or budgets of its own has key 'al'"


@pytest.mark.parametrize(("kind", "fails"), [("hard", 1), ("soft", 1), ("watch", 0)])
def test_a_keys_budget_over_models_without_a_price_is_a_failure(kind: Kind, fails: int) -> None:
    own = Caps(budgets=(Budget(5, "day", kind),))
    text = "[prices]\nceiling = false\n" + TEXT
    failed = [each for each in found(text, own) if each.state == "fail"]
    assert len(failed) == fails
    assert all("key 'al': a budget cannot" in each.what and each.hint for each in failed)
    assert not [each for each in found(TEXT, own) if each.state == "fail"]


def test_what_an_unreachable_store_lets_through_is_told() -> None:
    text = '[limits]\nwhen_unreachable = "open"\nopen_allowance_usd = "2.5"\n' + TEXT
    assert any("lets capped calls spend $2.5" in each.what for each in found(text))
