"""How far back calls are sealed: told to whoever reads hot rows alone."""

from __future__ import annotations

from headgate.ledger.archive.sealed import sealed_since
from headgate.ledger.archive.segment import DAY_US, Segment, enter, retire
from headgate.store.sql import Connection
from tests.ledger.archive.scenes import NOON

ONE = Segment("a", NOON // DAY_US, 1, 2, 2, 9, NOON, NOON + 1, b"d", "", NOON, None)


def test_whoever_asks_is_told_how_far_calls_are_sealed(connection: Connection) -> None:
    enter(connection, [ONE, ONE._replace(path="b", import_id="i", last_us=NOON + 99)])
    assert sealed_since(connection, NOON) == NOON + 1
    assert sealed_since(connection, NOON + 2) == 0


def test_what_left_the_book_is_not_there(connection: Connection) -> None:
    enter(connection, [ONE])
    retire(connection, ["a"], NOON)
    assert sealed_since(connection, 0) == 0
