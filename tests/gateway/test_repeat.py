"""A head that comes again is recognised, and nothing else is taken for it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.edge import LINE, Edge
from headgate.gateway.line import Line, Receive, Scope, Send
from headgate.gateway.repeat import Repeat

HEAD = b"POST /a%%20b?c=d HTTP/1.1\r\nhost: x\r\nContent-Length: %d\r\nx-api-key: k\r\n%b\r\n"
Seen = list[tuple[object, ...]]


def post(body: bytes, more: bytes = b"") -> bytes:
    return HEAD % (len(body), more) + body


CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
PIECES = st.one_of(
    st.binary(max_size=20).map(post),
    st.sampled_from([b"x-b: 1\r\n", b"expect: 100-continue\r\n", b"connection: close\r\n"]).map(
        lambda more: post(b"ab", more)
    ),
    st.sampled_from(
        [CHUNKED, b"\r\n", b"POST / HTTP/1.1\r\nx-c: ", HEAD % (200, b""), b"P", b"0"]
    ),
    st.sampled_from([b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", post(b"").replace(b"1.1", b"1.0")]),
)


class Wire(asyncio.Transport):
    """A connection on which everything goes out at once."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def can_write_eof(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        pass


async def told(reads: list[bytes]) -> tuple[Seen, bool, Edge]:
    """What an app is told of the requests in these reads; whether the connection ended."""
    seen: Seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        line = cast(Line, scope[LINE])
        shown = {name: scope[name] for name in scope if not name.startswith("headgate")}
        await line.gather(1000)
        seen.append((*sorted(shown.items()), line.body(1000), line.declared, line.keep_alive))
        await line.whole(200, [], b"")

    state = SimpleNamespace(connections=set(), tasks=set(), total_requests=0)
    edge = Edge(SimpleNamespace(loaded_app=app), state, {})
    wire = Wire()
    edge.connection_made(wire)
    for read in reads:
        if wire.closing:
            break
        edge.data_received(read)
        for _ in range(4):
            await asyncio.sleep(0)
    edge.connection_lost(None)
    for _ in range(4):
        await asyncio.sleep(0)
    return seen, wire.closing, edge


@given(st.lists(PIECES, max_size=8), st.lists(st.integers(0, 300), max_size=3))
def test_what_is_told_is_what_parsing_everything_tells(
    reads: list[bytes], at: list[int]
) -> None:
    whole = b"".join(reads)
    cut = sorted({0, *(place for place in at if place < len(whole)), len(whole)})
    otherwise = [whole[a:b] for a, b in pairwise(cut) if b > a]
    for way in (reads, otherwise):
        seen, closed, _ = asyncio.run(told(way))
        with pytest.MonkeyPatch.context() as without:
            without.setattr(Repeat, "of", lambda *_: None)
            assert (seen, closed) == asyncio.run(told(way))[:2]


async def test_a_head_that_came_twice_is_not_parsed_a_third_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[bytes] = []
    parse = Edge._parse

    def kept(edge: Edge, data: bytes) -> None:
        parsed.append(data)
        parse(edge, data)

    monkeypatch.setattr(Edge, "_parse", kept)
    reads = [post(b"x" * size) for size in (1, 22, 333, 4, 0)]
    seen, _, _ = await told(reads)
    assert parsed == reads[:2]
    assert [one[-3] for one in seen] == [b"x" * size for size in (1, 22, 333, 4, 0)]


async def test_a_remembered_head_does_not_keep_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, edge = await told([post(b"a"), post(b"b"), post(b"c")])
    last = edge._repeat
    assert last is not None
    assert not {name for name in last.scope if name.startswith("headgate")}
    assert "headers" not in last.scope


LAST = Repeat.of(post(b"abc"), 3, {}, [])


@pytest.mark.parametrize(
    "data",
    [
        post(b"abc")[:-1],
        post(b"abc") + b"d",
        post(b"abc") + post(b"abc"),
        post(b"abc").replace(b": 3", b": +3"),
        post(b"abc").replace(b": 3", b": "),
        post(b"abc").replace(b": 3", b": 3 "),
        post(b"abc").replace(b": 3", b": \xb2"),
        post(b"abc").replace(b": 3", b": 00000003"),
        post(b"abc").replace(b": k", b": l"),
        post(b"abc").replace(b"POST", b"PUT"),
        b"",
    ],
)
def test_whatever_differs_in_more_than_its_length_is_left_to_the_parser(data: bytes) -> None:
    assert LAST is not None
    assert LAST.body_of(post(b"abcd")) == b"abcd"
    assert LAST.body_of(data) is None


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (post(b"abc") + post(b"abc"), 3),
        (post(b"abc"), 2),
        (CHUNKED, 0),
        (b"GET / HTTP/1.1\r\n\r\n", 0),
        (b"\r\n", 0),
    ],
)
def test_only_one_whole_request_with_a_length_is_remembered(data: bytes, size: int) -> None:
    assert Repeat.of(data, size, {}, []) is None
