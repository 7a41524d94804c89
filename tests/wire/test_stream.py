"""A stream passes as it came, in whole events, and ends exactly once, however it is cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire import Codec, anthropic, openai_chat, openai_responses
from headgate.wire.model import Ending, Fault, Kind
from headgate.wire.reading import Reading
from headgate.wire.sse import events
from headgate.wire.stream import StreamWatch
from tests.wire.streams import DIALECTS, STREAMS, chunked, dialect_of, told, watched

CUTS = st.lists(st.integers(0), max_size=12)
PATH = st.sampled_from(STREAMS)
CHAT_USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n'
CHAT_TEXT = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n'
DONE = b"data: [DONE]\n\n"
DELTA = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"%s"}}\n\n'
)
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_recorded_stream_says_what_was_agreed(
    path: Path, request: pytest.FixtureRequest
) -> None:
    data = path.read_bytes()
    pieces, ending, reading = watched(dialect_of(path), [data])
    forwarded = b"".join(pieces)
    assert data.startswith(forwarded)
    got = {"ending": ending, "not_forwarded": len(data) - len(forwarded), **told(reading)}
    golden = path.with_suffix(".events.json")
    text = json.dumps(got, indent=1, ensure_ascii=False) + "\n"
    if request.config.getoption("--golden-update", default=False):
        golden.write_text(text)
    assert golden.read_text() == text


@given(PATH, CUTS, st.booleans())
def test_any_chunking_forwards_the_same_bytes_and_learns_the_same(
    path: Path, cuts: list[int], drop: bool
) -> None:
    data, dialect = path.read_bytes(), dialect_of(path)
    drop = drop and dialect is openai_chat
    whole, ending, reading = watched(dialect, [data], drop_usage=drop)
    pieces, cut_ending, cut_reading = watched(dialect, chunked(data, cuts), drop_usage=drop)
    assert b"".join(pieces) == b"".join(whole)
    assert cut_ending == ending
    assert told(cut_reading) == told(reading)


@given(PATH, CUTS)
def test_a_ping_fits_between_any_two_pieces(path: Path, cuts: list[int]) -> None:
    dialect = dialect_of(path)
    pieces, _, _ = watched(dialect, chunked(path.read_bytes(), cuts))
    plain = events(b"".join(pieces))
    pinged = events(b"".join(piece + dialect.PING for piece in pieces))
    assert [e for e in pinged if e.name != b"ping"] == [e for e in plain if e.name != b"ping"]


@given(PATH, st.integers(0), CUTS)
def test_a_stream_cut_anywhere_forwards_a_prefix_and_ends_once(
    path: Path, cut: int, cuts: list[int]
) -> None:
    data, dialect = path.read_bytes(), dialect_of(path)
    whole, _, full = watched(dialect, [data])
    part = data[: cut % (len(data) + 1)]
    pieces, ending, reading = watched(dialect, chunked(part, cuts))
    forwarded = b"".join(pieces)
    expected = b"".join(whole)
    assert expected.startswith(forwarded) or expected.startswith(forwarded.rstrip(b"\r\n"))
    assert events(expected)[: len(events(forwarded))] == events(forwarded)
    assert "".join(full.text).startswith("".join(reading.text))
    assert (ending is Ending.COMPLETE) == (
        reading.done or (dialect.STOP_ENDS and bool(reading.stop) and reading.fault is None)
    )


@given(PATH, CUTS)
def test_usage_never_decreases_and_nothing_follows_the_ending(
    path: Path, cuts: list[int]
) -> None:
    watch = StreamWatch(dialect_of(path), Reading())
    before = watch.reading.usage
    for chunk in chunked(path.read_bytes(), cuts):
        ended = watch.ending
        forward = watch.feed(chunk)
        after = watch.reading.usage
        assert after.input_total >= before.input_total
        assert after.output >= before.output
        if ended is not None:
            assert (watch.ending, forward, after) == (ended, b"", before)
        before = after
    first = watch.close(Ending.TRUNCATED)
    assert [watch.close(why) for why in Ending] == [first] * len(Ending)
    assert watch.feed(DONE + STOP) == b""
    assert watch.finish() == b""


@pytest.mark.parametrize("why", Ending)
def test_an_open_stream_ends_as_it_is_told(why: Ending) -> None:
    watch = StreamWatch(anthropic, Reading())
    watch.feed(DELTA % b"a")
    assert watch.close(why) is why
    assert watch.close(Ending.ERROR) is why


@pytest.mark.parametrize(
    ("dialect", "last"),
    [
        (anthropic, b'event: message_stop\ndata: {"type":"message_stop"}'),
        (openai_chat, b"data: [DONE]"),
        (openai_responses, b'data: {"type":"response.completed","response":{"id":"r"}}'),
    ],
)
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r"])
def test_a_last_event_without_its_blank_line_is_completed(
    dialect: Codec, last: bytes, end: bytes
) -> None:
    watch = StreamWatch(dialect, Reading())
    assert watch.feed(last + end) == b""
    assert watch.finish() == last + end + b"\n\n"
    assert watch.ending is Ending.COMPLETE


def test_an_error_without_its_blank_line_is_an_error_and_is_forwarded() -> None:
    last = b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"x"}}'
    watch = StreamWatch(anthropic, Reading())
    watch.feed(last)
    assert watch.finish() == last + b"\n\n"
    assert watch.ending is Ending.ERROR


def test_a_finish_reason_without_its_blank_line_is_forwarded_too() -> None:
    last = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
    pieces, ending, _ = watched(openai_chat, [CHAT_TEXT + last])
    assert b"".join(pieces) == CHAT_TEXT + last + b"\n\n"
    assert ending is Ending.COMPLETE


@pytest.mark.parametrize("rest", [b'data: {"type":"mess', b"event: message_stop", b"data: [DO"])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_half_an_event_is_never_forwarded(dialect: Codec, rest: bytes) -> None:
    pieces, ending, reading = watched(dialect, [rest])
    assert b"".join(pieces) == b""
    assert ending is Ending.TRUNCATED
    assert not reading.done


@given(CUTS)
def test_the_usage_chunk_that_we_asked_for_is_dropped_and_counted(cuts: list[int]) -> None:
    stream = CHAT_TEXT + CHAT_USAGE + DONE
    pieces, ending, reading = watched(openai_chat, chunked(stream, cuts), drop_usage=True)
    assert b"".join(pieces) == CHAT_TEXT + DONE
    assert (ending, reading.usage.input_fresh) == (Ending.COMPLETE, 7)
    pieces, _, reading = watched(openai_chat, chunked(stream, cuts))
    assert b"".join(pieces) == stream
    assert reading.usage.input_fresh == 7


def test_usage_beside_a_choice_is_not_dropped() -> None:
    chunk = b'data: {"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":7}}\n\n'
    pieces, _, reading = watched(openai_chat, [chunk + DONE], drop_usage=True)
    assert b"".join(pieces) == chunk + DONE
    assert reading.usage.input_fresh == 7


@pytest.mark.parametrize("bad", [b"data: {]\n\n", b"data: <html>\n\n", b'data: {"a":"\xff\n\n'])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_malformed_event_is_the_upstreams_fault_and_what_came_before_is_kept(
    dialect: Codec, bad: bytes
) -> None:
    good = b': fine\n\ndata: {"type":"unknown"}\n\n'
    watch = StreamWatch(dialect, Reading())
    with pytest.raises(Fault) as caught:
        watch.feed(good + bad + good)
    assert caught.value.kind is Kind.UPSTREAM
    assert watch.intact == good
    assert watch.close(Ending.ERROR) is Ending.ERROR


def test_an_event_nested_beyond_reason_is_malformed() -> None:
    watch = StreamWatch(openai_chat, Reading())
    with pytest.raises(Fault, match="malformed"):
        watch.feed(b'data: {"x":' + b"[" * 100_000 + b"\n\n")


@pytest.mark.parametrize("text", [b"\\ud83d", b'x","index":NaN,"y":"'])
def test_what_every_client_reads_is_no_malformed_event(text: bytes) -> None:
    stream = DELTA % b"a" + DELTA % text + DELTA % b"b" + STOP
    pieces, ending, reading = watched(anthropic, [stream])
    assert b"".join(pieces) == stream
    assert ending is Ending.COMPLETE
    assert "".join(reading.text) in ("a\ufffdb", "axb")


def test_events_without_data_and_a_byte_order_mark_are_tolerated() -> None:
    stream = b"\xef\xbb\xbf" + CHAT_TEXT + b"data:\n\ndata: \n\nevent: ping\n\n" + DONE
    pieces, ending, reading = watched(openai_chat, [stream])
    assert b"".join(pieces) == stream
    assert ending is Ending.COMPLETE
    assert reading.text == ["hi"]


@given(st.sampled_from(list(DIALECTS)), st.binary(max_size=120), CUTS)
def test_arbitrary_bytes_are_forwarded_as_they_came_or_are_a_fault(
    name: str, data: bytes, cuts: list[int]
) -> None:
    try:
        pieces, _, _ = watched(DIALECTS[name], chunked(data, cuts))
    except Fault as fault:
        if fault.kind is not Kind.UPSTREAM:
            raise
    else:
        assert data.startswith(b"".join(pieces).rstrip(b"\n"))
