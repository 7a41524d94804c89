"""The clock on running calls: what is cut off, what is released, what is pinged, and when."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.story import Engine
from headgate.engine.sweep import look, look_at_upstream, sweep
from headgate.engine.tally import Tally
from headgate.upstream import Exchange
from headgate.wire.anthropic import PING
from headgate.wire.model import Kind
from headgate.wire.stream import StreamWatch
from tests.engine.players import Stage, Wire, call_of, tally_of


class Committer:
    """As much of an Engine as the clock asks for."""

    def __init__(self) -> None:
        self.committed: list[Tally] = []

    async def commit(self, tally: Tally) -> None:
        tally.committed = True
        self.committed.append(tally)


def running(wire: Wire | None = None, sink: Stage | None = None) -> tuple[Tally, Wire, Stage]:
    wire, sink = wire or Wire(), sink or Stage()
    tally = tally_of(call_of({"stream": True}), sink)
    tally.exchange = cast(Exchange, wire)
    tally.silence_s = 300.0
    return tally, wire, sink


def streaming(**more: Any) -> tuple[Tally, Wire, Stage]:
    tally, wire, sink = running(Wire(status=200))
    tally.watch = StreamWatch(tally.call.surface.dialect, tally.reading)
    for name, value in more.items():
        setattr(tally, name, value)
    return tally, wire, sink


@given(st.floats(0, 600), st.floats(0, 300))
def test_silence_is_counted_from_the_upstreams_last_byte(waited: float, since: float) -> None:
    tally, wire, _ = running(Wire(last_byte_at=since))
    look_at_upstream(tally, since + waited)
    assert bool(wire.faults) is (since + waited - since >= 300)


@pytest.mark.parametrize(
    ("status", "sent", "kind"),
    [
        (0, True, Kind.IDLE),
        (200, True, Kind.IDLE),
        (400, False, Kind.IDLE),
        (0, False, Kind.TIMEOUT),
    ],
)
def test_an_upstream_that_was_asked_and_says_nothing_is_idle_whatever_it_said_before(
    status: int, sent: bool, kind: Kind
) -> None:
    tally, wire, _ = running(Wire(status=status, sent_all=sent))
    look_at_upstream(tally, 301)
    assert wire.faults[0].kind is kind
    assert "300 s" in wire.faults[0].message


def test_a_reader_that_refuses_to_read_is_not_the_upstreams_silence() -> None:
    tally, wire, _ = running(Wire(status=200))
    tally.stalled_at = 299
    look_at_upstream(tally, 310)
    assert not wire.faults
    look_at_upstream(tally, 600)
    assert wire.faults


def test_a_whole_call_ends_at_its_deadline_whatever_arrives() -> None:
    tally, wire, _ = running(Wire(status=200, last_byte_at=109.9))
    tally.deadline = 110.0
    look_at_upstream(tally, 109.99)
    assert not wire.faults
    look_at_upstream(tally, 110.0)
    assert wire.faults[0].kind is Kind.TIMEOUT
    assert "10 s" in wire.faults[0].message


def test_a_call_that_waits_between_tries_has_nothing_to_cut_off() -> None:
    tally = tally_of()
    look_at_upstream(tally, 1e9)


async def test_a_held_head_is_released_when_its_time_has_come() -> None:
    engine = Committer()
    tally, _, sink = streaming(hold_until=10.0)
    await look(cast(Engine, engine), tally, 15, 9.9)
    assert not engine.committed
    await look(cast(Engine, engine), tally, 15, 10.0)
    assert engine.committed == [tally]
    assert sink.data == []


async def test_the_held_head_of_a_try_that_has_failed_is_never_released() -> None:
    engine = Committer()
    tally, _, sink = streaming(hold_until=10.0, noted=True)
    await look(cast(Engine, engine), tally, 15, 50.0)
    assert (engine.committed, sink.heads) == ([], [])


async def test_a_try_silent_for_a_pings_time_gets_a_head_of_our_own_and_a_ping() -> None:
    tally, _, sink = running()
    tally.try_started = 100.0
    engine = cast(Engine, Committer())
    await look(engine, tally, 15, 114.9)
    assert sink.heads == []
    await look(engine, tally, 15, 115.0)
    assert [status for status, _ in sink.heads] == [200]
    assert (sink.data, tally.committed, tally.status) == ([PING], True, 200)
    sink.sent_at = 115.0
    await look(engine, tally, 15, 129.9)
    await look(engine, tally, 15, 130.0)
    assert (len(sink.heads), sink.data) == (1, [PING, PING])


@pytest.mark.parametrize(
    "more", [{"noted": True}, {"answered": True}, {"try_started": 990.0}], ids=str
)
async def test_no_head_of_our_own_while_another_try_may_still_follow(
    more: dict[str, Any],
) -> None:
    tally, _, sink = running()
    for name, value in more.items():
        setattr(tally, name, value)
    tally.silence_s = 1e9
    await look(cast(Engine, Committer()), tally, 15, 1000.0)
    assert (sink.heads, tally.committed) == ([], False)


async def test_a_try_that_has_just_failed_or_been_answered_gets_no_head_of_our_own() -> None:
    for wire in (Wire(status=529), Wire(awaits_head=False)):
        tally, _, sink = running(wire)
        await look(cast(Engine, Committer()), tally, 15, 100.0)
        assert (sink.heads, tally.committed) == ([], False)


async def test_a_caller_of_a_whole_reply_is_never_pinged() -> None:
    tally, _, sink = running()
    tally.call.stream = False
    await look(cast(Engine, Committer()), tally, 15, 200.0)
    assert (sink.heads, sink.data) == ([], [])


async def test_a_client_that_has_seen_nothing_for_a_while_is_pinged() -> None:
    tally, _, sink = streaming(committed=True)
    engine = cast(Engine, Committer())
    sink.sent_at = 100.0
    await look(engine, tally, 15, 114.9)
    assert sink.data == []
    await look(engine, tally, 15, 115.0)
    assert sink.data == [PING]


async def test_pings_do_not_postpone_the_end_of_a_silent_upstream() -> None:
    tally, wire, sink = streaming(committed=True)
    engine = cast(Engine, Committer())
    for now in range(0, 400, 5):
        before = len(sink.data)
        await look(engine, tally, 15, float(now))
        if len(sink.data) > before:
            sink.sent_at = float(now)
    assert len(sink.data) > 10
    assert wire.faults[0].kind is Kind.IDLE


@pytest.mark.parametrize("committed", [True, False])
async def test_nothing_is_sent_to_a_reader_that_refuses_to_read(committed: bool) -> None:
    """To send would be to wait, and every other call would wait with it."""
    engine = Committer()
    tally, _, sink = streaming(committed=committed)
    sink.is_stalled = True
    await look(cast(Engine, engine), tally, 15, 1000.0)
    assert (sink.data, engine.committed) == ([], [])
    assert tally.stalled_at == (1000.0 if committed else 0.0)


async def test_an_answered_call_is_left_alone() -> None:
    tally, _, sink = streaming(committed=True, answered=True)
    await look(cast(Engine, Committer()), tally, 15, 1000.0)
    assert sink.data == []


async def test_one_call_that_cannot_be_watched_stops_nobody_elses_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.modules[sweep.__module__], "SWEEP_S", 0.001)

    class Broken(Stage):
        def stalled(self) -> bool:
            raise ZeroDivisionError("planted")

    bad, bad_wire, _ = running(sink=Broken())
    good, good_wire, _ = running()
    good.silence_s = 0.0
    task = asyncio.ensure_future(sweep(lambda: cast(Engine, None), {bad, good}, 15))
    while not (good_wire.faults and bad_wire.faults):  # noqa: ASYNC110 - plain lists
        await asyncio.sleep(0.001)
    assert not task.done()
    assert bad_wire.faults[0].kind is Kind.INTERNAL
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
