"""A target's last replies are told from the ledger: whole ones only, and not from all of it."""

from __future__ import annotations

import pytest

from headgate.ledger import replies as module
from headgate.ledger.insert import Batch, write
from headgate.ledger.record import Entry
from headgate.ledger.replies import Told, replies
from headgate.store.sql import Connection
from tests.ledger.rows import entry
from tests.stores import sign_in

TARGET = ("anthropic", "claude-sonnet-5-5")


def put(connection: Connection, *rows: Entry) -> None:
    sign_in(connection, 1)
    write(connection, 1, Batch(1, list(rows), [], []))


def row(number: int, **more: object) -> Entry:
    told = {"at_us": 1_000 * number, "took_us": 50, "ttft_us": 20 + number, "output": number}
    return entry(id=f"r{number}", **{"usage_from": "provider", **told, **more})


def test_the_last_whole_replies_of_a_target_are_told_in_their_order(
    connection: Connection,
) -> None:
    put(
        connection,
        row(1),
        row(2, model_sent="another"),
        row(3, ending="error"),
        row(4, canned=1),
        row(5, ttft_us=0),
        row(6, stream=0, usage_from="estimate"),
        row(7),
    )
    assert replies(connection, TARGET, 0, 10) == [
        Told(1_050, 21, 1, True),
        Told(6_050, 26, 0, False),
        Told(7_050, 27, 7, True),
    ]
    assert [told.at_us for told in replies(connection, TARGET, 6_000, 10)] == [6_050, 7_050]
    assert [told.at_us for told in replies(connection, TARGET, 0, 1)] == [7_050]
    assert replies(connection, ("openai", "gpt-x"), 0, 10) == []


def test_what_lies_far_back_in_the_ledger_is_not_looked_at(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(connection, *(row(number) for number in range(1, 9)))
    monkeypatch.setattr(module, "LOOKED_AT", 3)
    assert len(replies(connection, TARGET, 0, 10)) == 3
