"""What caches save and lose is counted, and a loss is told once a day with what helps."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from headgate.config import Prices
from headgate.engine.guard import Guard, alarm
from headgate.engine.meter import Meter
from headgate.engine.notice import Notices
from headgate.engine.tally import Settled, Tally
from headgate.ledger.record import Entry
from headgate.money.catalog import Catalog
from headgate.store import event as events
from headgate.store.sqlite import connect_reader
from headgate.wire.model import STANDARD, Usage
from tests.engine.players import call_of, tally_of
from tests.kit import chat, message, running
from tests.ledger.rows import entry

MODEL = "claude-sonnet-5-5"
RATES = Catalog.load(Prices().rules).rates(
    "anthropic", MODEL, datetime(2026, 11, 21, tzinfo=UTC)
)
UNREAD = Usage(1_000, 0, 100_000)


@dataclass
class Told:
    """As much of Notices as an alarm uses."""

    events: list[tuple[Any, ...]] = field(default_factory=list)

    def note(self, *event: Any) -> None:
        if event[2] not in [it[2] for it in self.events]:
            self.events.append(event)


def settled(usage: Usage) -> Settled:
    uncached = RATES.cost(Usage(usage.input_total)).input_nusd
    return Settled(usage, "provider", STANDARD, RATES, RATES.cost(usage), uncached)


def row_of(usage: Usage, **more: Any) -> Entry:
    return entry(model_sent=MODEL, **more)._replace(**usage._asdict())


def after(calls: int, usage: Usage, tally: Tally | None = None, **more: Any) -> Told:
    guard, meter, told = Guard(), Meter(), Told()
    for n in range(calls):
        row, it = row_of(usage, id=f"call-{n}", **more), settled(usage)
        found = guard.watch(row, meter, it, float(n))
        if found is not None:
            alarm(cast(Notices, told), tally or tally_of(call_of()), it, row, found)
    return told


def test_writes_nobody_reads_are_told_once_with_what_was_lost_and_what_would_pay() -> None:
    told = after(60, UNREAD)
    ((kind, subject, once, detail),) = told.events
    assert (kind, subject) == ("cache_losing", "key:k_1")
    assert once.startswith(f"cache_losing key:k_1 {MODEL} ")
    assert detail["lost_usd"] == pytest.approx(1.0, abs=0.06)
    assert detail["written_tokens"] == pytest.approx(2_000_000)
    assert (detail["read_share"], detail["share_needed"]) == (
        0.0,
        pytest.approx(0.208, abs=1e-3),
    )
    assert "cache_control" in detail["helps"]


def test_the_next_day_tells_again() -> None:
    guard, meter, told = Guard(), Meter(), Told()
    for day in range(2):
        for n in range(30):
            row = row_of(UNREAD, at_us=day * 86_400_000_000 + n)
            found = guard.watch(row, meter, settled(UNREAD), float(n))
            if found is not None:
                alarm(cast(Notices, told), tally_of(), settled(UNREAD), row, found)
    assert len(told.events) == 2


def test_marks_of_ours_are_taken_away_by_a_line_that_is_named() -> None:
    tally = tally_of(call_of())
    tally.cache_plan = "on tools:5m"
    (event,) = after(60, UNREAD, tally, route="claude-*", key_id="").events
    assert event[1] == "house"
    assert '[models."claude-*"] prompt_cache = "off"' in event[3]["helps"]


def test_without_a_route_the_whole_line_is_named() -> None:
    tally = tally_of(call_of())
    tally.cache_plan = "on tools:5m"
    (event,) = after(60, UNREAD, tally, route="").events
    assert '[cache] prompt = "off"' in event[3]["helps"]


async def test_what_a_vendor_writes_unasked_is_stopped_by_switching_plans_on() -> None:
    """No mark of the caller's stands there that could be taken off."""
    async with running() as field:
        body = chat("gpt-5.6-sol")
        headers = {"x-headgate-sim": "usage=input:10,write30m:1500000,output:5"}
        for _ in range(2):
            assert (await field.post("/v1/chat/completions", body, headers)).status == 200
        await field.rows(2)
        told = [it for it in field.logged() if it["event"] == "cache_losing"]
    (event,) = told
    assert '[cache] prompt = "on"' in event["detail"]["helps"]
    assert "cache_control" not in event["detail"]["helps"]


def test_a_cache_that_is_read_is_no_alarm() -> None:
    assert after(200, Usage(1_000, 50_000, 10_000)).events == []


def test_savings_premiums_and_misses_are_counted() -> None:
    guard, meter = Guard(), Meter()
    both = Usage(0, 10_000, 1_000)
    guard.watch(row_of(both), meter, settled(both), 0.0)
    guard.watch(row_of(Usage(5)), meter, settled(Usage(5)), 0.0)
    plain, cost = RATES.cost(Usage(11_000)).input_nusd / 11_000, RATES.cost(both)
    assert meter.cache_saved_nusd == {"prompt": plain * 10_000 - cost.cache_read_nusd}
    assert meter.cache_premium_nusd == cost.cache_write_nusd - plain * 1_000
    for miss_nusd in (5, 6):
        guard.count(row_of(both, miss="expired", miss_nusd=miss_nusd), meter)
    guard.count(row_of(both, miss="too_short"), meter)
    guard.count(row_of(both, answered_from="join", saved_nusd=7), meter)
    assert meter.cache_missed == {"expired": 2, "too_short": 1}
    assert meter.cache_missed_nusd == {"expired": 11}
    assert meter.cache_saved_nusd["join"] == 7


def noted(ledger: Path) -> list[events.Noted]:
    with contextlib.closing(connect_reader(ledger)) as connection:
        return events.of_kind(connection, "cache_losing", 0)


@pytest.mark.slow
async def test_a_gateway_notes_the_loss_once_and_its_metrics_count_it() -> None:
    """A caller whose marks are written anew with every call, as the vendor counts them."""
    async with running() as field:
        headers = {"x-headgate-sim": "usage=input:10,write5m:1000000,output:5"}
        for _ in range(4):
            await field.post("/v1/messages", message(MODEL), headers)
        await field.rows(4)
        found: list[events.Noted] = []
        for _ in range(100):
            found = await asyncio.to_thread(noted, field.ledger)
            if found:
                break
            await asyncio.sleep(0.02)
        assert [it.subject for it in found] == ["house"]
        page = (await field.get("/metrics")).body.decode()
        assert 'headgate_cache_premium_dollars_total{provider="anthropic"} 2' in page
