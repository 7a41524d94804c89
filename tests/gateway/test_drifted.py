"""What was last found is on the page of metrics, and asking for it costs nobody anything."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from headgate.gateway.drifted import DAY_US, KEPT_S, Drifted, as_lines
from headgate.ledger.reconcile.reported import Drift, note_drift
from headgate.store.sqlite import connect

DAY = 20_740
NOW_US = (DAY + 1) * DAY_US
FOUND = [
    Drift(
        "anthropic", DAY, 'claude-"x"', 5_000_000_000, 6_500_000_000, "why", NOW_US - 9_000_000
    ),
    Drift("anthropic", DAY - 1, 'claude-"x"', 1_000_000_000, 500_000_000, "why", NOW_US),
]


def kept(place: Path) -> None:
    connection = connect(place)
    note_drift(connection, FOUND)
    connection.close()


def test_days_are_added_up_by_provider_and_model() -> None:
    lines = list(as_lines(FOUND, NOW_US + 2_000_000))
    assert (
        'headgate_reconcile_delta_dollars{provider="anthropic",model="claude-\\"x\\""} 1'
        in lines
    )
    assert any(it.endswith("} 7") for it in lines)
    assert "headgate_reconcile_age_seconds 2" in lines


def test_where_nothing_was_compared_there_is_no_figure() -> None:
    assert list(as_lines([], NOW_US)) == []


async def test_the_store_is_read_once_in_a_while(tmp_path: Path) -> None:
    now = [0.0]
    place = tmp_path / "headgate.db"
    await asyncio.to_thread(lambda: connect(place).close())
    drifted = Drifted(place, lambda: now[0], lambda: NOW_US)
    assert await drifted.lines() == []
    await asyncio.to_thread(kept, place)
    assert await drifted.lines() == []
    now[0] += KEPT_S
    assert len(await drifted.lines()) == 9


async def test_a_store_that_cannot_be_read_leaves_what_was_known(tmp_path: Path) -> None:
    drifted = Drifted(tmp_path / "none.db", lambda: 0.0, lambda: NOW_US)
    drifted._seen = FOUND
    assert len(await drifted.lines()) == 9


async def test_nobody_waits_for_a_store_that_does_not_answer(tmp_path: Path) -> None:
    drifted = Drifted(tmp_path / "none.db", lambda: 0.0, lambda: NOW_US)
    drifted._seen, hung = FOUND, asyncio.get_running_loop().create_future()
    drifted._reading = hung
    began = time.monotonic()
    assert len(await drifted.lines()) == 9
    assert time.monotonic() - began < 5
    hung.cancel()
