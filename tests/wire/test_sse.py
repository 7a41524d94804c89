"""Events survive any chunking, any line end and any amount of rubbish."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.model import Fault, Kind
from headgate.wire.sse import Decoder, Splitter, Sse, blocks, encode, events, parse

LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
EVENT = st.tuples(LINE.filter(lambda s: not s.startswith(" ")), st.lists(LINE, min_size=1))


def wire(items: list[tuple[str, list[str]]], end: str) -> bytes:
    out = ""
    for name, lines in items:
        out += f"event: {name}{end}" if name else ""
        out += "".join(f"data: {line}{end}" for line in lines) + end
    return out.encode()


def chunked(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(at)]


@given(
    st.lists(EVENT, max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0))
)
def test_any_chunking_and_any_line_end_give_the_same_events(
    items: list[tuple[str, list[str]]], end: str, cuts: list[int]
) -> None:
    expected = [Sse(name.encode(), "\n".join(lines).encode()) for name, lines in items]
    decoder = Decoder()
    got = [e for chunk in chunked(wire(items, end), cuts) for e in decoder.feed(chunk)]
    assert got + decoder.finish() == expected


@given(st.binary(max_size=200), st.lists(st.integers(0)))
def test_rubbish_in_any_chunking_never_raises_and_agrees_with_one_piece(
    data: bytes, cuts: list[int]
) -> None:
    decoder, whole = Decoder(), Decoder()
    got = [e for chunk in chunked(data, cuts) for e in decoder.feed(chunk)] + decoder.finish()
    assert got == whole.feed(data) + whole.finish()


@given(
    st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"data: x", b"e"]), max_size=30),
    st.lists(st.integers(0)),
)
def test_mixed_line_ends_in_any_chunking_agree_with_one_piece(
    parts: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(parts)
    decoder, whole = Decoder(), Decoder()
    got = [e for chunk in chunked(data, cuts) for e in decoder.feed(chunk)] + decoder.finish()
    assert got == whole.feed(data) + whole.finish()


@given(st.binary(max_size=300), st.lists(st.integers(0)))
def test_the_splitter_loses_and_invents_no_byte(data: bytes, cuts: list[int]) -> None:
    splitter = Splitter()
    out = b"".join(splitter.feed(chunk) for chunk in chunked(data, cuts))
    assert out + splitter.rest() == data


@given(st.lists(EVENT, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_blocks_are_the_original_bytes(items: list[tuple[str, list[str]]], end: str) -> None:
    data = wire(items, end)
    assert b"".join(blocks(data)) == data
    assert len(blocks(data)) == len(items)


def test_a_multi_byte_character_split_between_chunks_stays_whole() -> None:
    data = 'data: "né"\n\n'.encode()
    decoder = Decoder()
    assert [e for i in range(len(data)) for e in decoder.feed(data[i : i + 1])] == [
        Sse(b"", '"né"'.encode())
    ]


def test_an_endless_event_is_refused_and_not_buffered() -> None:
    splitter = Splitter(limit=1000)
    for _ in range(90):
        splitter.feed(b"data: xxxxx")
    with pytest.raises(Fault) as caught:
        splitter.feed(b"data: xxxxx")
    assert caught.value.kind is Kind.UPSTREAM


def test_a_long_event_in_many_chunks_takes_time_in_proportion() -> None:
    splitter = Splitter()
    for _ in range(4000):
        assert splitter.feed(b"x" * 1000) == b""
    assert len(splitter.feed(b"\n\n")) == 4_000_002


def test_comments_and_retry_fields_carry_no_event() -> None:
    assert parse(b": ping") is None
    assert parse(b"retry: 10\nid: 4") is None


def test_a_stream_may_open_with_a_byte_order_mark() -> None:
    assert events(b"\xef\xbb\xbfdata: 1\n\n") == [Sse(b"", b"1")]


def test_what_is_encoded_is_decoded() -> None:
    assert events(encode(b"{}", b"ping") + encode(b"1")) == [
        Sse(b"ping", b"{}"),
        Sse(b"", b"1"),
    ]
