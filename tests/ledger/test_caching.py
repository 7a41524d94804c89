"""What caches did is found in the ledger, on a file and on a server alike."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.ledger import caching
from headgate.ledger.insert import Batch, write
from headgate.store import keys
from headgate.store.sql import Connection
from tests.ledger.rows import entry
from tests.stores import sign_in

AT_US = 1_763_720_000_000_000
SECOND = 1_000_000


def call(id: str, after_s: int = 0, **more: Any) -> Any:
    usual: dict[str, Any] = {
        "id": id,
        "at_us": AT_US + after_s * SECOND,
        "usage_from": "provider",
        "uncached_nusd": 1_000,
        "input_nusd": 300,
        "cache_read_nusd": 100,
        "cache_write_nusd": 200,
        "cost_nusd": 700,
        "cache_write_5m": 50,
        "prefix": b"p" * 12,
        "opening": "tools",
    }
    return entry(**{**usual, **more})


@pytest.fixture(autouse=True)
def written(connection: Connection) -> None:
    sign_in(connection, 1)
    rows = [
        call("a", 0, team="t"),
        call("b", 1, miss="expired", miss_at="pause 7 min", miss_nusd=40),
        call("c", 2, key_id="k_2", miss="expired", miss_at="pause 7 min", miss_nusd=50),
        call("d", 3, miss="expired", miss_at="pause 7 min", miss_nusd=2),
        call("e", 4, usage_from="none", uncached_nusd=0, answered_from="hit", saved_nusd=9),
        call("f", 5, model_sent="gpt-6-luna", cache_read=0, cache_write_5m=0),
    ]
    write(connection, 1, Batch(1, rows, [], []))


def test_a_call_is_found_by_its_id_from_the_newest_backwards(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "PIECE", 2)
    looked: list[int] = []
    found = caching.find(connection, "a", looked.append)
    assert found is not None
    assert found.entry == call("a", 0, team="t")
    assert looked == [2, 4]
    assert caching.find(connection, "nobody") is None


def test_of_an_id_that_was_used_twice_the_newest_is_meant(connection: Connection) -> None:
    write(connection, 1, Batch(2, [call("a", 9)], [], []))
    found = caching.find(connection, "a")
    assert found is not None
    assert found.entry.at_us == AT_US + 9 * SECOND


def test_calls_before_another_come_latest_first_and_only_those_that_were_counted(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "BACK_PIECE", 2)
    steps = list(caching.before(connection, 6, AT_US + 5 * SECOND))
    assert [step.id for step in steps] == ["d", "c", "b", "a"]
    assert steps[0].prefix == b"p" * 12
    assert (steps[0].model, steps[0].cache_write_5m) == ("claude-sonnet-5-5", 50)
    monkeypatch.setattr(caching, "BACK_ROWS", 4)
    assert [it.id for it in caching.before(connection, 6, AT_US)] == ["d", "c"]
    monkeypatch.setattr(caching, "BACK_US", 4 * SECOND)
    assert [it.id for it in caching.before(connection, 4, AT_US + 5 * SECOND)] == ["c"]


def test_sums_are_made_by_group_and_without_what_had_no_price(connection: Connection) -> None:
    by_key = {it.name: it for it in caching.sums(connection, "key", AT_US)}
    assert {name: it.calls for name, it in by_key.items()} == {"k_1": 4, "k_2": 1}
    one = by_key["k_1"]
    assert (one.read, one.written, one.saved_nusd) == (60_000, 150, 4 * 400)
    assert one.miss_nusd == 42
    assert {it.name for it in caching.sums(connection, "team", AT_US)} == {"t", ""}
    models = caching.sums(connection, "model", AT_US + 2 * SECOND)
    assert [(it.name, it.calls) for it in models] == [
        ("claude-sonnet-5-5", 2),
        ("gpt-6-luna", 1),
    ]


def test_misses_are_summed_by_cause_place_and_caller(connection: Connection) -> None:
    first, second = caching.missed(connection, AT_US)
    assert (first.why, first.key_id, first.calls, first.nusd) == ("expired", "k_2", 1, 50)
    assert (second.calls, second.nusd) == (2, 42)
    assert (second.first_us, second.last_us) == (AT_US + SECOND, AT_US + 3 * SECOND)
    assert caching.missed(connection, AT_US + 9 * SECOND) == []


def test_answers_given_again_are_summed_by_where_they_came_from(connection: Connection) -> None:
    assert caching.given(connection, AT_US) == [caching.Given("hit", 1, 9)]


def test_calls_that_read_or_wrote_a_cache_come_in_their_order(connection: Connection) -> None:
    found = list(caching.cached(connection, AT_US))
    assert [(it.at_us - AT_US) // SECOND for it in found] == [0, 1, 2, 3]
    assert (found[0].cached, found[0].wrote, found[0].prefix) == (20_050, 50, b"p" * 12)


def test_keys_are_named(connection: Connection) -> None:
    key, _ = keys.create(connection, "ci", now_us=1)
    assert caching.names(connection)[key.id] == "ci"
