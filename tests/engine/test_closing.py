"""How a call ends: what its client is told last, and that it is handed over once."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest

from headgate.config import Route
from headgate.engine.closing import Closing
from headgate.engine.ground import Ground
from headgate.engine.settle import Ended
from headgate.wire.model import Ending, Fault, Kind, Reply
from headgate.wire.stream import StreamWatch
from tests.engine.players import Stage, call_of, tally_of

SURFACES = ["messages", "chat", "responses"]


class Books:
    """As much of a Settlement as an ending asks for, and of a Writer and a Journal."""

    def __init__(self) -> None:
        self.ended: list[Ended] = []
        self.said: list[dict[str, object]] = []
        self.told: list[str] = []
        self.writer = self.journal = self
        self.trouble = ""

    def settle(self, ended: Ended) -> None:
        ended.tally.settled = True
        self.ended.append(ended)

    def flush(self) -> None:
        self.told.append("flushed")

    async def durable(self) -> None:
        self.told.append("durable")

    def say(self, event: str, **facts: object) -> None:
        self.said.append({"event": event, **facts})


def closing(books: Books | None = None, *, strict: bool = False) -> Closing:
    settlement = cast(Any, books or Books())
    ground = Ground(cast(Any, None), settlement, lambda: 101.0, lambda: 0.5, {}, set())
    return Closing(ground, {}, None, strict=strict)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_fault_is_told_in_the_callers_dialect(surface: str) -> None:
    sink = Stage()
    tally = tally_of(call_of(surface=surface), sink)
    asyncio.run(closing().explain(tally, Fault(Kind.BUSY, "too much")))
    status, headers = sink.heads[0]
    assert (status, tally.status, tally.ending) == (503, 503, Ending.ERROR)
    assert dict(headers)[b"x-request-id"] == b"call-1"
    assert json.loads(sink.data[0])["error"]["message"] == "too much"


def test_the_upstreams_own_words_are_shown_as_they_came() -> None:
    sink = Stage()
    reply = Reply(400, [(b"content-type", b"application/json")], b'{"odd" : 1}')
    fault = Fault(Kind.UPSTREAM_INVALID, "x", reply=reply)
    asyncio.run(closing().explain(tally_of(sink=sink), fault))
    assert (sink.heads[0][0], sink.data) == (400, [b'{"odd" : 1}'])


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        (Kind.IDLE, Ending.IDLE),
        (Kind.TRUNCATED, Ending.TRUNCATED),
        (Kind.UPSTREAM, Ending.ERROR),
    ],
)
def test_a_stream_that_breaks_ends_in_one_error_event(
    surface: str, kind: Kind, ending: Ending
) -> None:
    sink = Stage()
    tally = tally_of(call_of({"stream": True}, surface=surface), sink)
    tally.watch = StreamWatch(tally.call.surface.dialect, tally.reading)
    tally.committed, tally.status = True, 200
    asyncio.run(closing().explain(tally, Fault(kind, "it broke")))
    assert (sink.heads, tally.status, tally.ending) == ([], 200, ending)
    assert sink.data[-1].count(b"it broke") == 1
    asyncio.run(closing().explain(tally, Fault(kind, "again")))
    assert b"again" not in b"".join(sink.data)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_stream_the_upstream_never_began_ends_in_an_error_event_too(surface: str) -> None:
    sink = Stage()
    tally = tally_of(call_of({"stream": True}, surface=surface), sink)
    tally.committed, tally.status = True, 200
    asyncio.run(closing().break_off(tally, Fault(Kind.IDLE, "not a word")))
    assert (sink.heads, tally.ending, tally.answered) == ([], Ending.IDLE, True)
    assert sink.data[-1].count(b"not a word") == 1


@pytest.mark.parametrize(
    ("kind", "ending"),
    [(Kind.IDLE, Ending.IDLE), (Kind.TRUNCATED, Ending.TRUNCATED)],
)
def test_a_reply_ends_the_same_way_whether_or_not_its_client_had_seen_a_byte(
    kind: Kind, ending: Ending
) -> None:
    tally = tally_of()
    asyncio.run(closing().explain(tally, Fault(kind, "x")))
    assert tally.ending is ending


@pytest.mark.parametrize("stream", [True, False])
def test_a_canned_answer_says_that_it_is_one(stream: bool) -> None:
    sink = Stage()
    tally = tally_of(call_of({"stream": stream}), sink)
    route = Route("m", (), canned="Sorry.")
    asyncio.run(closing().can(tally, route, Fault(Kind.OVERLOADED, "x")))
    status, headers = sink.heads[0]
    assert (status, dict(headers)[b"x-headgate-canned"]) == (200, b"true")
    assert b"Sorry." in sink.data[0]
    assert (tally.canned, tally.ending) == (True, Ending.COMPLETE)


def test_a_mistake_of_ours_is_whole_in_the_log_and_only_named_to_the_caller() -> None:
    books, sink = Books(), Stage()
    tally = tally_of(sink=sink)
    asyncio.run(closing(books).confess(tally, ZeroDivisionError("the secret")))
    assert b"the secret" not in sink.data[0]
    assert b"call-1" in sink.data[0]
    assert "the secret" in str(books.said[0]["error"])


def test_a_call_is_settled_once_and_one_without_an_ending_was_left_by_its_client() -> None:
    books = Books()
    tally = tally_of()
    closing(books).settle(tally)
    closing(books).settle(tally)
    assert [ended.at for ended in books.ended] == [101.0]
    assert tally.ending is Ending.CLIENT_GONE


def test_with_strict_durability_the_row_is_safe_before_the_last_word() -> None:
    books = Books()

    class Late(Stage):
        async def whole(self, status: int, headers: Any, body: bytes) -> None:
            books.told.append("answered")

    fault = Fault(Kind.BUSY, "x")
    asyncio.run(closing(books, strict=True).explain(tally_of(sink=Late()), fault))
    assert books.told == ["flushed", "durable", "answered"]
