"""Work beside the gateway: when it was done, when it last went well, and what is wrong."""

from __future__ import annotations

from headgate.ledger.archive.chore import last, note
from headgate.store.sql import Connection
from tests.ledger.archive.scenes import NOON


def test_what_was_never_done_says_so(connection: Connection) -> None:
    assert last(connection) is None


def test_trouble_stands_until_it_is_over_and_the_last_success_is_known(
    connection: Connection,
) -> None:
    note(connection, NOON, "")
    note(connection, NOON + 1, "no room")
    assert last(connection) == (NOON + 1, NOON, "no room")
    note(connection, NOON + 2, "")
    assert last(connection) == (NOON + 2, NOON + 2, "")


def test_a_first_failure_has_no_success_before_it(connection: Connection) -> None:
    note(connection, NOON, "no room")
    assert last(connection) == (NOON, 0, "no room")
