"""A miss is explained from the row and those before it, in words that name what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.cli import Trouble
from headgate.cli.cachewhy import as_data, as_lines, explain, show
from headgate.ledger import caching
from headgate.ledger.insert import Batch, write
from headgate.ledger.record import Entry
from headgate.policy import prefix
from headgate.store.sql import Connection
from headgate.wire.envelope import Envelope
from tests.ledger.rows import entry
from tests.stores import sign_in

AT_US = 1_763_720_000_000_000
KEY = b"k" * 32
SYSTEM = "Rules. " * 2_000
READ, FIRST = {"cache_read": 9_000, "input_fresh": 100}, {"cache_write_5m": 9_000}


def printed(system: str = SYSTEM, turns: int = 1, tool: str = "Read") -> dict[str, Any]:
    said = [
        {"role": "assistant" if n % 2 else "user", "content": f"turn {n} " * 30}
        for n in range(2 * turns - 1)
    ]
    body = {"tools": [{"name": tool}], "system": system, "messages": said}
    pairs, _, opening = prefix.fingerprint(Envelope(json.dumps(body).encode()), KEY)
    return {"prefix": pairs, "opening": opening}


def call(id: str, after_s: float = 0, **more: Any) -> Entry:
    usual: dict[str, Any] = {
        "id": id,
        "at_us": AT_US + int(after_s * 1e6),
        "usage_from": "provider",
        "session": "s-1",
        "credential": "house",
        "input_fresh": 0,
        "cache_read": 0,
        "cache_plan": "own",
        **(printed() if "prefix" not in more else {}),
    }
    return entry(**{**usual, **more})


class Book:
    """A ledger that is filled call by call."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.batch = 0
        sign_in(connection, 1)

    def put(self, *rows: Entry) -> None:
        self.batch += 1
        write(self.connection, 1, Batch(self.batch, list(rows), [], []))

    def why(self, id: str) -> tuple[str, dict[str, Any]]:
        row = caching.find(self.connection, id)
        assert row is not None
        found = explain(self.connection, row)
        data: dict[str, Any] = as_data(found)
        return "\n".join(as_lines(found, caching.names(self.connection))), data


@pytest.fixture
def book(connection: Connection) -> Book:
    return Book(connection)


def test_what_settlement_found_is_told_with_what_it_cost_and_what_to_do(book: Book) -> None:
    missed = call(
        "b", 10, **FIRST, **printed(turns=2), miss="system_changed", miss_at="system[1]"
    )
    book.put(call("a", **FIRST), missed._replace(miss_nusd=21_150_000))
    text, data = book.why("b")
    assert "cause    system_changed: system[1]" in text
    assert "$0.0212 more than reading it" in text
    assert "out of the system prompt" in text
    assert (data["recorded"], data["cost_nusd"]) == (True, 21_150_000)
    assert data["compared_with"] == "a"


def test_tokens_are_told_only_where_they_cost_what_settlement_found(book: Book) -> None:
    alike = {**FIRST, **printed(turns=2), "model_sent": "claude-sonnet-5-5"}
    book.put(call("a", model_sent="claude-sonnet-5-5", **FIRST))
    book.put(call("alone", 10, **{**alike, **printed("New. " * 2_800, turns=2)}))
    text, data = book.why("alone")
    assert data["missed_tokens"] > 8_000
    found = {"miss": data["why"], "miss_at": "system[1]"}
    new = {**alike, **printed("New. " * 2_800, turns=2), **found}
    book.put(call("b", 11, **new, miss_nusd=data["cost_nusd"]))
    book.put(call("c", 12, **new, miss_nusd=data["cost_nusd"] // 5))
    assert book.why("b")[1]["missed_tokens"] == data["missed_tokens"]
    text, less = book.why("c")
    assert less["missed_tokens"] == 0, "the marks that stood there hid the rest from the rows"
    assert "tokens" not in next(it for it in text.splitlines() if it.startswith("cost"))


def test_since_when_and_by_whom_a_version_was_sent_first(book: Book) -> None:
    new: dict[str, Any] = {**FIRST, "miss": "system_changed", "miss_nusd": 5_000_000}
    changed = SYSTEM.replace("Rules", "Today", 1)
    book.put(
        call("a", **FIRST),
        call("b", 10, key_id="k_9", agent="scout", **{**new, **printed(changed)}),
        call("c", 20, **{**new, **printed(changed)}, session="s-3"),
        call("d", 30, **READ),
        call("e", 40, **{**new, **printed(changed, 2)}, session="s-4"),
    )
    text, data = book.why("b")
    assert "since    this call: it is the first with this version" in text
    assert data["since"]["first"] == "b"
    text, data = book.why("e")
    assert "b  key k_9, session s-1, agent scout: the first with it" in text
    assert "2 calls with it before this one, 2 of them missed: $0.0100" in text
    assert (data["since"]["first"], data["since"]["key_id"]) == ("b", "k_9")


def test_after_a_restart_the_rows_alone_tell_which_member_changed(book: Book) -> None:
    book.put(
        call("a", **FIRST),
        call("b", 10, **READ, **printed(turns=2)),
        call("c", 20, **FIRST, **printed(SYSTEM.replace("Rules", "Today", 1), 3)),
    )
    text, data = book.why("c")
    assert (data["why"], data["at"], data["recorded"]) == ("system_changed", "system", False)
    assert data["missed_tokens"] == 9_000
    assert data["cost_nusd"] > 0
    assert "from the ledger alone" in text
    assert "no miss: it read what was there" in book.why("b")[0]
    assert "no earlier call began like this one" in book.why("a")[0]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"at_us": AT_US + 420_000_000}, "expired"),
        ({"at_us": AT_US + 1}, "not_ready"),
        ({"model_sent": "claude-haiku-5-5"}, "model_changed"),
        ({"credential": "KEY_B"}, "account_changed"),
        ({**printed(turns=2, tool="Bash")}, "tools_changed"),
        ({}, "evicted"),
    ],
)
def test_every_cause_that_rows_can_tell_is_told(
    book: Book, more: dict[str, Any], why: str
) -> None:
    book.put(call("a", **FIRST), call("b", 10, **{**FIRST, **printed(turns=2), **more}))
    assert book.why("b")[1]["why"] == why


def test_the_plan_that_was_advised_is_named(book: Book) -> None:
    bare: dict[str, Any] = {"input_fresh": 9_000, "cache_plan": "advise tools:5m"}
    book.put(call("a", **bare), call("b", 10, **bare, **printed(turns=2)))
    text, data = book.why("b")
    assert data["why"] == "unmarked"
    assert 'Headgate would mark tools:5m: [cache] prompt = "on"' in text


def test_calls_without_a_count_or_fingerprints_say_so(book: Book) -> None:
    book.put(
        call("a", usage_from="none", fault="overloaded"),
        call("b", prefix=None, opening="", **FIRST),
        call("c", **FIRST),
        call("d", 9, cache_read=10, input_fresh=200, **printed(turns=2), session=""),
    )
    assert "nothing was counted: the call ended with overloaded" in book.why("a")[0]
    assert "fingerprints is off" in book.why("b")[0]


def test_an_unknown_id_is_told_with_where_ids_stand(book: Book) -> None:
    with pytest.raises(Trouble) as trouble:
        show(book.connection, "nobody\x1b", as_json=False)
    assert trouble.value.message == "no call in the ledger has the id nobody?"
    assert "x-request-id" in trouble.value.hint
