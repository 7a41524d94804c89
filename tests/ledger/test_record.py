"""The row itself: what it may never hold, and that it fits the table."""

from __future__ import annotations

from headgate.ledger.mend import ENTRY
from headgate.ledger.record import COLUMNS, Entry, Intent


def test_no_column_is_made_for_what_people_or_models_said() -> None:
    said = {"body", "prompt", "message", "messages", "text", "content", "reply", "system"}
    assert said.isdisjoint(COLUMNS)
    assert said.isdisjoint(Intent._fields)


def test_an_intent_shares_its_names_with_the_entry_that_closes_it() -> None:
    assert set(Intent._fields) - {"input_estimate", "probable_nusd"} <= set(COLUMNS)


def test_money_is_whole_nano_dollars() -> None:
    money = [name for name in COLUMNS if name.endswith("_nusd")]
    assert len(money) == 9
    assert all(ENTRY[name].kind is int and not ENTRY[name].optional for name in money)


def test_times_carry_their_unit() -> None:
    assert {"at_us", "took_us", "ttft_us"} <= set(Entry._fields)
