"""The report adds up what caches did, and keeps apart what would have been."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.cli import cachereport
from headgate.cli.cachereport import as_data, gather, kept_alive, show
from headgate.ledger.caching import Pause
from headgate.ledger.insert import Batch, write
from headgate.ledger.record import Entry
from headgate.policy.event import event
from headgate.policy.keepalive import Reckoning
from headgate.store import event as events
from headgate.store import keys
from headgate.store.sql import Connection
from tests.ledger.rows import entry
from tests.stores import sign_in

AT_US = 1_763_720_000_000_000
MINUTE = 60_000_000
MODEL = "claude-sonnet-4-6"
PLAIN = 3_000
"""nano-dollars per token of its input"""


def call(id: str, minute: int = 0, **more: Any) -> Entry:
    usual: dict[str, Any] = {
        "id": id,
        "at_us": AT_US + minute * MINUTE,
        "model_sent": MODEL,
        "usage_from": "provider",
        "input_fresh": 0,
        "cache_read": 0,
        "uncached_nusd": 30_000_000,
        "cost_nusd": 40_000_000,
    }
    return entry(**{**usual, **more})


def filled(connection: Connection) -> str:
    sign_in(connection, 1)
    key, _ = keys.create(connection, "ci", now_us=1)
    mine: dict[str, Any] = {"key_id": key.id, "team": "search", "route": "claude-*"}
    write_5m: dict[str, Any] = {"cache_write_5m": 10_000, "cache_write_nusd": 37_500_000}
    read: dict[str, Any] = {"cache_read": 10_000, "cache_read_nusd": 3_000_000}
    gone: dict[str, Any] = {"miss": "expired", "miss_at": "pause 7 min, kept 5 min"}
    drift: dict[str, Any] = {"miss": "system_changed", "miss_at": "system[0]", "agent": "scout"}
    rows = [
        call("a", 0, **mine, **write_5m, session="s"),
        call("b", 1, **mine, **read, session="s"),
        call("c", 8, **mine, **write_5m, **gone, miss_nusd=34_500_000, session="s"),
        call("d", 9, **write_5m, **drift, miss_nusd=34_500_000, session="t"),
        call("e", 9, **write_5m, **drift, miss_nusd=34_500_000, session="t"),
        call("f", 10, usage_from="none", answered_from="join", saved_nusd=5_000_000),
    ]
    write(connection, 1, Batch(1, rows, [], []))
    told = {"model": MODEL, "calls": 7, "would_have_saved_usd": 0.5}
    events.note(connection, event(AT_US, "prompt_cache_advice", "claude-*", "once", told))
    return key.id


def test_sums_causes_advice_and_answers_are_gathered_from_either_store(
    connection: Connection,
) -> None:
    filled(connection)
    found = gather(connection, "key", AT_US)
    sums = {it.name: it for it in found.sums}
    assert sums["ci"].saved_nusd == 90_000_000 - 2 * 37_500_000 - 3_000_000
    assert [(it.why, it.calls, it.nusd) for it in found.causes] == [
        ("system_changed", 2, 69_000_000),
        ("expired", 1, 34_500_000),
    ]
    assert (found.causes[0].at, found.causes[0].who) == ("system[0]", "k_1, agent scout")
    assert found.causes[1].who == "ci"
    assert found.advice[0]["would_have_saved_usd"] == 0.5
    assert (found.given[0].source, found.given[0].saved_nusd) == ("join", 5_000_000)
    data = as_data(found)
    assert set(data) >= {"sums", "break_even", "misses", "advice", "keep_alive", "given_again"}


def test_money_is_told_to_machines_in_whole_nano_dollars(connection: Connection) -> None:
    filled(connection)
    odd = Reckoning(2, 3, 34.6, 12.4)
    data = as_data(gather(connection, "key", AT_US)._replace(keepalive={MODEL: odd}))
    told = json.dumps(data["keep_alive"])
    assert json.loads(told)[MODEL] == {
        "pauses": 2,
        "pings": 3,
        "saved_nusd": 35,
        "wasted_nusd": 12,
        "net_nusd": 23,
    }
    assert "." not in told


def test_what_is_older_than_asked_for_is_left_out(connection: Connection) -> None:
    filled(connection)
    found = gather(connection, "model", AT_US + 9 * MINUTE)
    assert (found.sums[0].calls, [it.why for it in found.causes]) == (2, ["system_changed"])
    assert found.advice == []


def test_the_tables_name_break_even_loss_and_remedy(
    connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(connection)
    for group, name in (("key", "ci"), ("team", "search"), ("route", "claude-*")):
        show(connection, group, AT_US, as_json=False)
        assert name in capsys.readouterr().out
    show(connection, "model", AT_US, as_json=False)
    out = capsys.readouterr().out
    assert "21.7%" in out
    assert "20.0%" in out
    assert "out of the system prompt" in out
    assert "pauses bridged" in out
    assert "join" in out
    assert "would_have_saved_usd 0.5" in out


def test_a_cache_whose_writes_are_not_read_is_said_to_lose(
    connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(connection, 1)
    rows = [call("a", cache_write_5m=10_000, cache_write_nusd=37_500_000)]
    write(connection, 1, Batch(1, rows, [], []))
    show(connection, "model", AT_US, as_json=False)
    out = capsys.readouterr().out
    assert "LOSES" in out
    assert "-$0.0075" in out


def pause(minute: float, **more: Any) -> Pause:
    usual: dict[str, Any] = dict.fromkeys(Pause._fields, 0)
    usual |= {
        "at_us": AT_US + int(minute * MINUTE),
        "key_id": "k",
        "session": "s",
        "agent": "",
        "provider": "anthropic",
        "model": MODEL,
        "prefix": None,
        "opening": "",
        "cached": 10_000,
        "wrote": 10_000,
    }
    return Pause(**{**usual, **more})


def test_pauses_between_the_lifetime_and_its_longest_would_have_paid() -> None:
    found = kept_alive([pause(0), pause(7), pause(8)])[MODEL]
    assert (found.pauses, found.pings) == (1, 1 + 12)
    assert found.saved_nusd == pytest.approx(10_000 * PLAIN * (1.15 - 0.1))
    assert found.wasted_nusd == pytest.approx(12 * 0.1 * 10_000 * PLAIN)


def test_sessions_are_followed_apart_and_an_hour_is_an_hour() -> None:
    other = [pause(0), pause(7, session="t"), pause(8, agent="x")]
    assert kept_alive(other) == {}
    hour = [pause(0, write_1h=10_000), pause(20, wrote=0), pause(40, wrote=0)]
    assert kept_alive(hour) == {}
    late = kept_alive([*hour, pause(130, write_1h=10_000)])[MODEL]
    assert late.pauses == 1


def test_what_belongs_to_no_conversation_or_has_no_price_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert kept_alive([pause(0, session=""), pause(7, session="")]) == {}
    assert kept_alive([pause(0, model="nobody-s"), pause(7, model="nobody-s")]) == {}
    monkeypatch.setattr(cachereport, "MOST_THREADS", 0)
    assert kept_alive([pause(0), pause(7)]) == {}
