"""The scripted upstream knows each case by its mark, keeps to its script and records."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator

from headgate.conformance.case import PATHS, Got, Seat, Sending, asks
from headgate.conformance.runner import Gateway, send
from headgate.conformance.saying import Bit
from headgate.conformance.script import Script, Scripted
from headgate.conformance.setups import NAMES
from headgate.conformance.talk import Talk, said
from headgate.gateway import serve
from headgate.upstream import Door

MARK = "hgc-0123456789"
TALK = Talk((said("hi"),))


@contextlib.asynccontextmanager
async def serving(script: Script, surface: str = "chat") -> AsyncIterator[tuple[str, Scripted]]:
    scripted = Scripted()
    scripted.expect(MARK, surface, script)
    server = await serve.start(scripted, serve.Listen())
    try:
        yield server.url, scripted
    finally:
        await server.stop(at_once=True)


async def ask(url: str, talk: Talk = TALK, surface: str = "chat", mark: str = MARK) -> Got:
    return await post(url, asks(surface, talk)(Seat(mark, "m", "k")))


async def post(url: str, sending: Sending) -> Got:
    door = Door()
    try:
        return await send(sending, Gateway(url, "k", NAMES), door, 5)
    finally:
        await door.close()


async def test_what_was_asked_is_recorded_below_its_mark() -> None:
    async with serving(Script()) as (url, scripted):
        got = await ask(url)
        (heard,) = scripted.forget(MARK)
    assert got.status == 200
    assert got.body.endswith(b"data: [DONE]\n\n")
    assert (heard.surface, heard.method, heard.path) == ("chat", "POST", PATHS["chat"])
    assert heard.header(b"authorization") == b"Bearer k"
    assert not heard.gone


async def test_a_stranger_and_the_wrong_surface_get_a_404() -> None:
    async with serving(Script()) as (url, scripted):
        assert (await ask(url, mark="hgc-9999999999")).status == 404
        assert (await ask(url, surface="responses")).status == 404
        assert [heard.surface for heard in scripted.heard[MARK]] == ["responses"]


async def test_errors_are_said_in_the_dialect_that_was_asked() -> None:
    script = Script(status=429, error=("slow", "down"), headers=[(b"retry-after", b"7")])
    async with serving(script, "messages") as (url, _):
        got = await ask(url, surface="messages")
    assert (got.status, got.header(b"retry-after")) == (429, "7")
    assert json.loads(got.body)["error"] == {"type": "slow", "message": "down"}


async def test_a_stop_sequence_is_kept_where_it_is_told() -> None:
    script = Script((Bit("text", ("one ", "END two")),))
    async with serving(script) as (url, _):
        got = await ask(url, Talk((said("hi"),), stop=("END",)))
    assert b"one" in got.body
    assert b"two" not in got.body


async def test_streams_break_as_their_script_says() -> None:
    bits = (Bit("text", tuple("abcdefgh")),)
    ends = {}
    for breaks in ("error", "cut", "reset"):
        script = Script(bits, breaks=breaks, error=("busy", "Overloaded"))
        async with serving(script) as (url, _):
            ends[breaks] = await ask(url)
    assert all(b'"a"' in got.body and b"[DONE]" not in got.body for got in ends.values())
    assert b"Overloaded" in ends["error"].body
    assert (bool(ends["cut"].broke), bool(ends["reset"].broke)) == (False, True)


async def test_crumbs_are_small_and_lose_nothing() -> None:
    script = Script((Bit("text", ("\U0001f600ü",)),), chopped=True)
    async with serving(script) as (url, _):
        got = await ask(url)
    assert "\U0001f600ü" in got.body.decode()
    assert b"\r\n\r\n" in got.body
    assert len(got.arrivals) > 4


async def test_tokens_are_counted_for_whoever_asks() -> None:
    async with serving(Script(), "messages") as (url, _):
        counted = asks("messages", TALK)(Seat(MARK, "m", "k"))
        path = "/v1/messages/count_tokens"
        got = await post(url, Sending(path, counted.body, counted.headers))
    assert json.loads(got.body) == {"input_tokens": 4242}
