"""What a key may read of itself: who it is, what it may do and why, what it spent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from headgate.store import keys
from headgate.store import tenant as tenants
from headgate.store.sql import Connection
from headgate.store.standing import moment, spend, standing
from headgate.store.traits import Changes

AT = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
NOW = int(AT.timestamp()) * 1_000_000


def test_a_key_sees_what_it_may_do_and_which_level_narrows_it(
    connection: Connection,
) -> None:
    given = Changes(models=("claude-*",), metadata='{"secret": "plan"}')
    tenants.create(connection, "search", parent="default", changes=given, now_us=NOW)
    own = Changes(surfaces=("messages",))
    key, secret = keys.create(connection, "a", team="search", changes=own, now_us=NOW)
    told = standing(key, NOW)
    assert (told["models"], told["surfaces"]) == (["claude-*"], ["messages"])
    assert [(each["level"], each["name"]) for each in told["narrowed_by"]] == [
        ("team", "search"),
        ("key", "a"),
    ]
    assert secret not in json.dumps(told)
    assert "plan" not in json.dumps(told)


def test_without_any_narrowing_everything_is_allowed(connection: Connection) -> None:
    key, _ = keys.create(connection, "a", now_us=NOW)
    told = standing(key, NOW)
    assert (told["models"], told["surfaces"], told["narrowed_by"]) == (None, None, [])


def test_levels_that_share_nothing_allow_nothing(connection: Connection) -> None:
    tenants.create(connection, "search", parent="default", now_us=NOW)
    given = Changes(models=("gpt-*",))
    keys.create(connection, "a", team="search", changes=given, now_us=NOW)
    tenants.update(connection, "team", "search", Changes(models=("claude-*",)))
    assert standing(keys.living(connection, "a"), NOW)["models"] == []


def test_spend_counts_the_day_and_the_month_of_utc(connection: Connection) -> None:
    days = [AT, AT - timedelta(days=1), AT + timedelta(days=1)]
    for n, day in enumerate(days):
        row = ("key:k_1", int(day.timestamp()) // 86_400, n, n + 1, 10**n)
        connection.execute("INSERT INTO spend VALUES (?, ?, ?, ?, ?)", row)
    told = spend(connection, "k_1", NOW)
    assert told["today"] == {"since": "2026-03-01 00:00:00+00:00", "calls": 1, "cost_nusd": 1}
    assert told["month"] == told["today"]  # yesterday was February, tomorrow is not yet
    later = NOW + 86_400_000_000
    assert spend(connection, "k_1", later)["month"]["cost_nusd"] == 101
    assert spend(connection, "k_2", NOW)["month"]["calls"] == 0


def test_a_moment_is_written_as_utc() -> None:
    assert moment(NOW) == "2026-03-01 00:30:00+00:00"
    assert moment(None) is None
