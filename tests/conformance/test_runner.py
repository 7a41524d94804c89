"""A run ends with an ruling for every case, whatever the gateway does."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from headgate.conformance.case import Case, Seen, asks
from headgate.conformance.runner import Gateway, Played, play_all, warm_up
from headgate.conformance.saying import Bit
from headgate.conformance.script import Script, Scripted
from headgate.conformance.setups import NAMES
from headgate.conformance.talk import Talk, said
from headgate.gateway import serve
from headgate.gateway.line import Receive, Scope, Send
from tests.conformance.plays import piped

TALK = Talk((said("hi"),))


def case(judge: object, script: Script | None = None) -> Case:
    ask = asks("chat", TALK)
    return Case("a promise", "chat", "chat", ask, judge, script or Script())  # type: ignore[arg-type]  # judges that fail


def content(seen: Seen) -> None:
    seen.want(seen.served(), "not served")


def angry(seen: Seen) -> None:
    raise KeyError("choices")


def excused(seen: Seen) -> None:
    seen.excuse = "it has no such thing"


async def rulings(*cases: Case, gateway: Gateway | None = None) -> list[Played]:
    scripted = Scripted()
    told: list[Played] = []
    async with piped(scripted) as pipe:
        played = await play_all({"f": cases}, gateway or pipe, scripted, told.append)
    assert sorted(map(id, told)) == sorted(map(id, played))
    assert not scripted.scripts
    assert not scripted.heard
    return played


async def test_outcomes_come_in_the_order_of_their_cases() -> None:
    played = await rulings(case(content), case(angry), case(excused))
    assert [each.ruling.state for each in played] == ["holds", "fails", "none"]
    assert "cannot be read: KeyError" in played[1].ruling.why[0]
    assert played[2].ruling.why == ("it has no such thing",)


async def test_a_surface_without_a_model_does_not_apply() -> None:
    lacking = Gateway("http://127.0.0.1:9", "k", {**NAMES, "chat": ""})
    (played,) = await rulings(case(content), gateway=lacking)
    assert played.ruling.state == "none"
    assert played.ruling.why == ("no model was named for chat",)


async def test_nobody_at_the_address_fails_every_case() -> None:
    (played,) = await rulings(case(content), gateway=Gateway("http://127.0.0.1:9", "k", NAMES))
    assert played.ruling.state == "fails"
    assert "refused" in played.ruling.why[0]


async def test_a_gateway_that_never_answers_takes_its_time_and_no_more() -> None:
    async def mute(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    server = await serve.start(mute, serve.Listen())
    try:
        slow = Gateway(server.url, "k", NAMES, 0.1)
        (played,) = await rulings(case(content), gateway=slow)
    finally:
        await server.stop(at_once=True)
    assert "no end of the answer within 0.1 s" in played.ruling.why[0]


@pytest.mark.slow
async def test_a_client_that_leaves_is_waited_for_upstream() -> None:
    def left(seen: Seen) -> None:
        seen.want(seen.heard[-1].gone, "it works on")

    script = Script((Bit("text", ("a", "b") * 40),), pace_s=0.05)
    leaving = case(left, script)
    ask = leaving.sending
    leaving = replace(leaving, sending=lambda seat: replace(ask(seat), leaves=True))
    scripted = Scripted()
    upstream = await serve.start(scripted, serve.Listen())
    scripted_only = Gateway(upstream.url, "k", NAMES)
    try:
        (played,) = await play_all({"f": [leaving]}, scripted_only, scripted)
    finally:
        await upstream.stop(at_once=True)
    assert played.ruling.state == "holds"


async def test_a_run_can_be_stopped() -> None:
    scripted = Scripted()
    async with piped(scripted) as gateway:
        slow = Script((Bit("text", ("a",) * 99),), pace_s=0.1)
        run = asyncio.ensure_future(play_all({"f": [case(content, slow)]}, gateway, scripted))
        await asyncio.sleep(0.05)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    assert not scripted.scripts


async def test_warming_up_asks_once_for_every_pair() -> None:
    judged: list[Seen] = []
    cases = [case(judged.append), case(judged.append)]
    scripted = Scripted()
    async with piped(scripted) as gateway:
        await warm_up({"f": cases}, gateway, scripted)
    assert len(judged) == 1
    assert judged[0].heard
