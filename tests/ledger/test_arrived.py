"""Which prompts came lately, read from the newest rows of the ledger."""

from __future__ import annotations

from headgate.ledger import arrived
from headgate.ledger.insert import Batch, write
from headgate.store.sql import Connection
from tests.ledger.rows import INTENT, entry
from tests.stores import sign_in

NOW = INTENT.at_us


def lay(connection: Connection) -> None:
    sign_in(connection, 1)
    rows = [
        entry(id="old", at_us=NOW - 10, prefix=b"o"),
        entry(id="a", prefix=b"a", opening="tools,system", cache_plan="on system:5m"),
        entry(id="chat", prefix=b"c", surface="chat"),
        entry(id="failed", prefix=b"f", status=529),
        entry(id="bare", prefix=None),
        entry(id="b", at_us=NOW + 5, prefix=b"b", cache_read=0, cache_write_5m=7),
    ]
    write(connection, 1, Batch(1, rows, [], []))


def test_answered_prompts_in_anthropics_words_come_oldest_first(connection: Connection) -> None:
    lay(connection)
    found = arrived.since(connection, NOW)
    assert [(it.prefix, it.at_us, it.cached) for it in found] == [
        (b"a", NOW, 20_000),
        (b"b", NOW + 5, 7),
    ]
    assert (found[0].opening, found[0].cache_plan) == ("tools,system", "on system:5m")


def test_rows_behind_one_are_those_that_came_later(connection: Connection) -> None:
    lay(connection)
    first, *later = arrived.since(connection, 0)
    assert arrived.since(connection, 0, first.seq) == later
    assert arrived.since(connection, 0, later[-1].seq) == []


def test_only_so_many_rows_are_looked_at(connection: Connection) -> None:
    lay(connection)
    assert [it.prefix for it in arrived.since(connection, 0, most=1)] == [b"b"]
    assert [it.prefix for it in arrived.since(connection, 0)] == [b"o", b"a", b"b"]
