"""How scripts turn a reply into what goes over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.answer import Frame
from headgate.sim.faults import Script
from headgate.sim.stage import GARBAGE, SILENCE, Line, Play, direct, perform, shorten

FAILURE = Frame(b"failure")
OPEN, LAST = Frame(b"open"), Frame(b"last")


def reply(content: int) -> list[Frame]:
    return [OPEN, *(Frame(b"%d" % i, True) for i in range(content)), LAST]


def acts(content: int, script: Script) -> list[object]:
    return list(direct(iter(reply(content)), script, FAILURE))


@given(st.integers(0, 9), st.integers(0, 12))
def test_an_ordinary_script_changes_nothing_and_each_fault_keeps_a_prefix(
    content: int, place: int
) -> None:
    whole = reply(content)
    assert acts(content, Script()) == whole
    kept = whole[: 1 + min(place, content)] if place <= content else whole[:-1]
    assert acts(content, Script(cut=place)) == kept
    assert acts(content, Script(error_after=place)) == [*kept, FAILURE]
    rest = whole[len(kept) :]
    assert acts(content, Script(malformed=place)) == [*kept, GARBAGE, *rest]
    assert acts(content, Script(silence=place)) == [*kept, SILENCE, *rest]


@given(st.integers(0, 5))
def test_an_overload_follows_the_opening_event_at_once(content: int) -> None:
    assert acts(content, Script(overload=True)) == [OPEN, FAILURE]


def test_a_body_is_cut_short_under_a_matching_length() -> None:
    assert shorten(b"0123456789", Script()) == b"0123456789"
    assert shorten(b"0123456789", Script(truncated=3)) == b"012"
    assert shorten(b"0123456789", Script(cut=9)) == b"01234"


class Wire:
    """What a reply put on the wire, on a clock that only its own pauses move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.headers: dict[bytes, bytes] = {}
        self.ended = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.headers = dict(message["headers"])
        else:
            self.sent.append((round(self.now, 6), message["body"]))
            self.ended = not message["more_body"]

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def line(self) -> Line:
        return Line(self.send, self.sleep, lambda: self.now, lambda purpose: 1.0)


async def played(play: Play) -> Wire:
    wire = Wire()
    await perform(play, wire.line())
    return wire


def streamed(content: int, script: Script) -> Play:
    return Play(frames=iter(reply(content)), failure=FAILURE, script=script)


async def test_events_keep_their_pace_and_the_first_waits_its_own_delay() -> None:
    wire = await played(streamed(4, Script(head_delay=1, first_delay=2, pace=0.5)))
    assert [(at, data) for at, data in wire.sent if data] == [
        (1.0, b"open"),
        (3.0, b"0"),
        (3.5, b"1"),
        (4.0, b"2"),
        (4.5, b"3"),
        (4.5, b"last"),
    ]
    assert wire.ended


async def test_pace_holds_without_a_first_delay() -> None:
    wire = await played(streamed(3, Script(pace=0.5)))
    assert wire.now == 1.0


async def test_a_stream_without_pace_goes_out_in_few_writes() -> None:
    wire = await played(streamed(50, Script()))
    assert len([data for _, data in wire.sent if data]) == 1


async def test_jitter_varies_a_pause_by_its_share() -> None:
    wire = await played(Play(body=b"x", script=Script(head_delay=2, jitter=0.5)))
    assert wire.now == 3.0


async def test_a_silence_with_an_end_resumes() -> None:
    wire = await played(streamed(2, Script(silence=1, silence_for=30)))
    assert b"".join(data for _, data in wire.sent) == b"open01last"
    assert wire.now == 30.0


@pytest.mark.parametrize("script", [Script(silence=1), Script(silence=-1)])
async def test_a_silence_without_an_end_never_resumes(script: Script) -> None:
    wire = Wire()
    playing = asyncio.ensure_future(perform(streamed(2, script), wire.line()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not playing.done()
    assert b"last" not in b"".join(data for _, data in wire.sent)
    playing.cancel()


@given(st.integers(0, 14))
def test_a_reset_comes_after_exactly_so_many_bytes(place: int) -> None:
    wire = Wire()
    play = streamed(4, Script(reset=place))

    async def play_until_reset() -> None:
        with pytest.raises(ConnectionAbortedError):
            await perform(play, wire.line())

    size = len(b"open0123last")
    if place < size:
        asyncio.run(play_until_reset())
        assert sum(len(data) for _, data in wire.sent) == place
        assert not wire.ended
    else:
        asyncio.run(perform(play, wire.line()))
        assert wire.ended


async def test_every_reply_says_it_is_simulated_and_how_long_it_is() -> None:
    wire = await played(Play(body=b"12345", headers=[(b"x-a", b"b")]))
    assert wire.headers == {
        b"x-headgate-simulated": b"true",
        b"x-a": b"b",
        b"content-length": b"5",
    }


async def test_a_wrong_length_is_stated_and_a_longer_one_is_never_filled() -> None:
    short = await played(Play(body=b"12345", script=Script(wrong_length=-2)))
    assert short.headers[b"content-length"] == b"3"
    assert short.sent == [(0.0, b"123")]
    with pytest.raises(ConnectionAbortedError):
        await played(Play(body=b"12345", script=Script(wrong_length=10)))


async def test_a_reply_has_begun_when_its_head_goes_out() -> None:
    begun: list[float] = []
    wire = Wire()
    play = Play(body=b"x", script=Script(head_delay=3), begun=lambda: begun.append(wire.now))
    await perform(play, wire.line())
    assert begun == [3.0]
