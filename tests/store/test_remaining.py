"""What a caller's budgets have left: what the ledger spent of them, by the day, and no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from headgate.config import CapsConfig
from headgate.config.caps import in_force
from headgate.policy.cap import Budget, Caps, Limits, Period
from headgate.store import keys
from headgate.store.remaining import levels, remaining
from headgate.store.schema import migrate
from headgate.store.traits import Changes

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW = int(AT.timestamp()) * 1_000_000
TODAY = NOW // 86_400_000_000
USD = 10**9


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    yield connection
    connection.close()


@pytest.fixture
def key(connection: sqlite3.Connection) -> keys.Key:
    caps = Caps(Limits(requests=60), (Budget(5 * USD, "day"), Budget(9 * USD, "total", "soft")))
    given = Changes(caps=caps, tags=("a=b",))
    return keys.create(connection, "alice", changes=given, now_us=NOW)[0]


def spent(connection: sqlite3.Connection, account: str, day: int, nusd: int) -> None:
    owner = connection.execute("SELECT COUNT(*) FROM spend").fetchone()[0]
    connection.execute(
        "INSERT INTO spend (account, day, owner, calls, cost_nusd) VALUES (?, ?, ?, 1, ?)",
        (account, day, owner, nusd),
    )


def test_what_is_left_is_the_cap_less_what_was_spent_in_its_span(
    connection: sqlite3.Connection, key: keys.Key
) -> None:
    me = f"key:{key.id}"
    spent(connection, me, TODAY, 2 * USD)
    spent(connection, me, TODAY, USD)
    spent(connection, me, TODAY - 1, 4 * USD)
    spent(connection, "key:somebody", TODAY, 4 * USD)
    (mine,) = remaining(connection, in_force(CapsConfig(), key.accounts(), levels(key)), NOW)
    assert (mine["account"], mine["of"]) == (me, "key 'alice'")
    assert mine["limits"] == {"requests": 60, "burst": 15}
    day, total = mine["budgets"]
    assert (day["usd"], day["spent_nusd"], day["remaining_nusd"]) == ("5", 3 * USD, 2 * USD)
    assert day["resets"] == "2026-11-22 00:00:00+00:00"
    assert (total["spent_nusd"], total["remaining_nusd"], total["resets"]) == (
        7 * USD,
        2 * USD,
        None,
    )


def test_what_is_set_aside_is_not_left_and_nothing_is_below_nothing(
    connection: sqlite3.Connection, key: keys.Key
) -> None:
    def held(account: str, period: Period) -> int:
        return USD if (account, period) == (f"key:{key.id}", "day") else 0

    spent(connection, f"key:{key.id}", TODAY, 20 * USD)
    capped = in_force(CapsConfig(), key.accounts(), levels(key))
    (mine,) = remaining(connection, capped, NOW, held)
    assert [each["held_nusd"] for each in mine["budgets"]] == [USD, 0]
    assert [each["remaining_nusd"] for each in mine["budgets"]] == [0, 0]


def test_every_level_above_tells_what_it_has_left_as_one_sum(
    connection: sqlite3.Connection, key: keys.Key
) -> None:
    caps = CapsConfig(
        house=Caps(budgets=(Budget(100 * USD, "month"),)),
        each_key=Caps(Limits(requests=999, concurrent=4), (Budget(USD, "week"),)),
        each_team=Caps(budgets=(Budget(10 * USD, "day"),)),
        tags=(("a=b", Caps(Limits(output_tokens=7))), ("c", Caps(Limits(requests=1)))),
    )
    spent(connection, f"team:{key.team.id}", TODAY, 4 * USD)
    told = remaining(connection, in_force(caps, key.accounts(), levels(key)), NOW)
    assert [each["of"] for each in told] == [
        "the whole house",
        "team 'default'",
        "key 'alice'",
        "tag 'a=b'",
    ]
    house, team, mine, tag = told
    assert house["budgets"][0]["remaining_nusd"] == 100 * USD
    assert team["budgets"][0]["remaining_nusd"] == 6 * USD
    assert mine["limits"] == {"requests": 60, "concurrent": 4, "burst": 15}
    assert {it["period"] for it in mine["budgets"]} == {"day", "total", "week"}
    assert tag["limits"] == {"output_tokens": 7}


def test_who_has_no_caps_is_told_of_none(connection: sqlite3.Connection) -> None:
    key, _ = keys.create(connection, "bob", now_us=NOW)
    assert remaining(connection, in_force(CapsConfig(), key.accounts(), levels(key)), NOW) == []
