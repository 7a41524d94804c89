"""What is learned of a try: noted once, with whether it may have been billed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from headgate import config as configuration
from headgate.engine.gate import Gate
from headgate.engine.ground import KNOWN_TARGETS, Ground
from headgate.engine.seat import Seat
from headgate.engine.tally import Tally
from headgate.policy.health import WELL
from headgate.policy.pool import Ask
from headgate.policy.router import Target
from headgate.upstream import Exchange
from headgate.wire.model import Ending, Fault, Kind
from tests.engine.players import Wire, tally_of


def ground() -> Ground:
    nobody = cast(Any, None)
    return Ground(nobody, nobody, lambda: 103.0, lambda: 0.5, {}, set())


def trying(status: int = 0, *, sent: bool = True) -> tuple[Tally, Exchange]:
    tally = tally_of()
    tally.target, tally.try_started = Target("p", "m"), 100.0
    wire = Wire(status=status, sent_all=sent, headers=[(b"request-id", b"req_7")])
    return tally, cast(Exchange, wire)


def test_a_try_is_noted_once() -> None:
    here, (tally, exchange) = ground(), trying(529)
    here.note(tally, exchange, Fault(Kind.OVERLOADED, "x"))
    here.note(tally, exchange, None)
    (note,) = tally.notes
    assert (note.provider, note.model, note.status, note.fault) == ("p", "m", 529, "overloaded")
    assert (note.took_us, note.upstream_id) == (3_000_000, "req_7")


@pytest.mark.parametrize(
    ("kind", "status", "sent", "billed"),
    [
        (Kind.TIMEOUT, 0, True, True),
        (Kind.TIMEOUT, 0, False, False),
        (Kind.IDLE, 0, True, True),
        (Kind.IDLE, 200, True, True),
        (Kind.TRUNCATED, 200, True, True),
        (Kind.CONNECTION, 0, True, True),
        (Kind.CONNECTION, 0, False, False),
        (Kind.UPSTREAM, 200, True, True),
        (Kind.BUSY, 0, True, True),
        (Kind.BUSY, 0, False, False),
        (Kind.UPSTREAM, 500, True, False),
        (Kind.OVERLOADED, 529, True, False),
    ],
)
def test_what_was_sent_and_never_answered_may_have_been_billed(
    kind: Kind, status: int, sent: bool, billed: bool
) -> None:
    tally, exchange = trying(status, sent=sent)
    ground().note(tally, exchange, Fault(kind, "x"))
    assert tally.notes[0].maybe_billed is billed


def test_a_caller_that_left_may_be_billed_for_what_it_did_not_see() -> None:
    tally, exchange = trying()
    ground().note(tally, exchange, None)
    assert (tally.notes[0].fault, tally.notes[0].maybe_billed) == ("client_gone", True)
    told, exchange = trying(200)
    told.reading.usage_seen = True
    ground().note(told, exchange, None)
    assert not told.notes[0].maybe_billed


def test_a_call_that_is_cut_off_is_told_through_its_upstream_unless_it_is_over() -> None:
    here = ground()
    waiting, exchange = trying()
    over, over_exchange = trying(200)
    over.answered = True
    between, between_exchange = trying(529)
    between.noted = True
    fresh = tally_of()
    for tally, wire in (
        (waiting, exchange),
        (over, over_exchange),
        (between, between_exchange),
        (fresh, None),
    ):
        tally.exchange = wire
        here.running.add(tally)
    here.cut_off()
    (fault,) = cast(Wire, exchange).faults
    assert (fault.kind, fault.consequence.next_target) == (Kind.BUSY, False)
    assert not cast(Wire, over_exchange).faults + cast(Wire, between_exchange).faults


async def test_a_call_that_pauses_is_told_when_there_is_no_more_time() -> None:
    here = ground()
    await here.pause(0.0)
    here.cut_off()
    with pytest.raises(Fault, match="no more time for this call"):
        await here.pause(60.0)


def test_a_call_we_give_up_was_not_left_by_its_client() -> None:
    here = ground()
    tally, exchange = trying()
    ended, _ = trying()
    ended.ending, ended.fault = Ending.IDLE, Fault(Kind.IDLE, "x")
    here.running.update((tally, ended))
    here.give_up()
    here.note(tally, exchange, None)
    assert (tally.ending, tally.notes[0].fault) == (Ending.ERROR, "busy")
    assert tally.notes[0].maybe_billed
    assert (ended.ending, ended.fault.kind) == (Ending.IDLE, Kind.IDLE)


def test_a_fault_cools_its_target_and_an_answer_clears_it() -> None:
    here = ground()
    tally, exchange = trying(529)
    here.note(tally, exchange, Fault(Kind.OVERLOADED, "x"))
    assert here.health["p", "m"].cooling(103.0)
    tally, exchange = trying(200)
    tally.answered = True
    here.note(tally, exchange, None)
    assert here.health["p", "m"] == WELL


@pytest.mark.parametrize("kind", [Kind.UPSTREAM_LIMITED, Kind.UPSTREAM_AUTH, Kind.OVERLOADED])
def test_what_one_account_refused_says_nothing_of_its_target(kind: Kind) -> None:
    here = ground()
    tally, exchange = trying(429)
    keys = 'api_keys = ["env:ONE", "env:TWO"]'
    text = f'[providers.p]\nkind = "vllm"\nbase_url = "http://127.0.0.1:9"\n{keys}'
    config = configuration.load(text, {"ONE": "key-1", "TWO": "key-2"}, source="it")
    gate, target = Gate.to(config.providers[0]), Target("p", "m")
    ask = Ask("p", "m", ("ONE", "TWO"), b"conversation", 400)
    tally.target, tally.seat = target, Seat(here.pool, gate, target, ask)
    account = tally.seat.take(0, 100.0).credential
    here.note(tally, exchange, Fault(kind, "x", retry_after=20))
    assert account == "ONE"
    assert [*here.health] == ([("p", "m")] if kind is Kind.OVERLOADED else [])
    assert here.pool.wait_s(ask._replace(accounts=("ONE",)), here.clock()) == {
        Kind.UPSTREAM_LIMITED: 20.0,
        Kind.UPSTREAM_AUTH: float("inf"),
        Kind.OVERLOADED: 0.0,
    }.get(kind)


def test_names_that_callers_make_up_do_not_fill_the_memory() -> None:
    here = ground()
    for n in range(KNOWN_TARGETS + 5):
        tally, exchange = trying(529)
        tally.target = Target("p", f"m{n}")
        here.note(tally, exchange, Fault(Kind.OVERLOADED, "x"))
    assert len(here.health) == KNOWN_TARGETS
