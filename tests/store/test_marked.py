"""The table of marked conversations: kept for a week, told to every process."""

from __future__ import annotations

from headgate.store import marked
from headgate.store.sql import Connection

NOW = 1_763_740_800_000_000


def test_what_one_process_marked_another_knows_for_a_week(connection: Connection) -> None:
    marked.keep(connection, b"a", "system:5m", NOW)
    assert marked.plan_of(connection, b"a", NOW) == "system:5m"
    assert marked.plan_of(connection, b"b", NOW) == ""
    assert marked.plan_of(connection, b"a", NOW + marked.KEPT_US) == ""


def test_what_is_marked_again_is_kept_longer(connection: Connection) -> None:
    marked.keep(connection, b"a", "system:5m", NOW)
    marked.keep(connection, b"a", "system:1h", NOW + 10)
    assert marked.plan_of(connection, b"a", NOW + marked.KEPT_US) == "system:1h"


def test_what_is_over_is_forgotten(connection: Connection) -> None:
    marked.keep(connection, b"a", "system:5m", NOW)
    marked.keep(connection, b"b", "system:5m", NOW + 10)
    assert marked.expire(connection, NOW + marked.KEPT_US) == 1
    assert marked.plan_of(connection, b"b", NOW) == "system:5m"
