"""A kept reply has the form its caller wants, and means the same in it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.conformance.grammar.check import VENDORS, check
from headgate.conformance.grammar.verdict import Verdict, Wish
from headgate.conformance.saying import sent
from headgate.conformance.saying import stream_of as said_stream
from headgate.conformance.saying import whole_of as said_whole
from headgate.wire import SURFACES, Surface
from headgate.wire.envelope import Envelope
from headgate.wire.gathered import addressed, form, paced, stream_of, whole_of
from headgate.wire.sse import blocks, encode
from tests.wire.fuzz import Play, play_of
from tests.wire.streams import STREAMS
from tests.wire.translated import Route, streamed

OF = {"anthropic": "messages", "openai_chat": "chat", "openai_responses": "responses"}
PLAYS = [
    (seed, play)
    for seed in range(300)
    if (play := play_of(seed)).valid and any(bit.whole or bit.name for bit in play.bits)
]
PER_TEST = 50


def surface_of(dialect: str) -> Surface:
    return SURFACES[OF[dialect]]


def heard(dialect: str, stream: bytes) -> Verdict:
    """What a client makes of a stream."""
    chat = dialect == "openai_chat"
    verdict = check(dialect, stream, Wish(usage_chunk=True, ours=False) if chat else VENDORS)
    assert verdict.ending == "complete"
    return verdict


def assert_alike(dialect: str, again: bytes, first: bytes) -> None:
    """They mean the same, and the later one breaks no rule that the first one keeps."""
    one, other = heard(dialect, again), heard(dialect, first)
    assert meant(one) == meant(other)
    assert set(one.rules) <= set(other.rules), again


def meant(verdict: Verdict) -> tuple[Any, ...]:
    """What of it a client acts upon. A whole Chat message has one text and one refusal, and
    does not tell which came first."""
    parts: list[tuple[Any, ...]] = []
    for part in verdict.parts:
        body = _read(part.text) if part.kind == "tool" else part.text
        parts.append((part.kind, body, part.id, part.name, part.seal, tuple(part.cited)))
    if verdict.dialect == "openai_chat":
        words = [part for part in parts if part[0] not in ("tool", "custom")]
        runs = [
            (kind, "".join(part[1] for part in words if part[0] == kind))
            for kind in ("text", "refusal", "thought")
        ]
        cited = [page for part in words for page in part[5]]
        parts = [*runs, (cited,), *(part for part in parts if part not in words)]
    return parts, verdict.stop, verdict.stop_sequence, verdict.usage, verdict.id, verdict.model


def _read(arguments: str) -> Any:
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments


@pytest.mark.parametrize("first", range(0, len(PLAYS), PER_TEST))
def test_a_stream_and_what_is_made_of_it_and_back_again_mean_the_same(first: int) -> None:
    for seed, play in PLAYS[first : first + PER_TEST]:
        dialect = play.route.upstream
        stream = b"".join(sent(dialect, said_stream(dialect, play.bits, play.stop)))
        surface = surface_of(dialect)
        whole = whole_of(surface, stream)
        assert whole is not None, (seed, stream)
        again = stream_of(surface, whole, usage=True)
        assert again is not None, (seed, whole)
        assert_alike(dialect, again, stream)
        assert json.loads(whole_of(surface, again) or b"") == json.loads(whole), seed


@pytest.mark.parametrize("start", range(0, len(PLAYS), PER_TEST))
def test_a_whole_reply_comes_back_from_its_stream_with_every_member(start: int) -> None:
    for seed, play in PLAYS[start : start + PER_TEST]:
        dialect = play.route.upstream
        body = json.dumps(said_whole(dialect, play.bits, play.stop)).encode()
        surface = surface_of(dialect)
        stream = stream_of(surface, body, usage=True)
        assert stream is not None, (seed, body)
        first = b"".join(sent(dialect, said_stream(dialect, play.bits, play.stop)))
        assert set(heard(dialect, stream).rules) <= set(heard(dialect, first).rules), stream
        back = json.loads(whole_of(surface, stream) or b"")
        assert _plain(back) == _plain(json.loads(body)), seed


def _plain(value: Any) -> Any:
    """Without members that say nothing, which a stream may add or leave out."""
    if isinstance(value, dict):
        return {name: _plain(it) for name, it in value.items() if it not in (None, [])}
    return [_plain(it) for it in value] if isinstance(value, list) else value


@pytest.mark.parametrize("first", range(0, len(PLAYS), PER_TEST))
def test_what_headgate_itself_has_said_has_its_other_form_too(first: int) -> None:
    for seed, play in PLAYS[first : first + PER_TEST]:
        caller = play.route.caller
        stream = said_to_a_caller(play)
        surface = surface_of(caller)
        whole = whole_of(surface, stream)
        assert whole is not None, (seed, stream)
        again = stream_of(surface, whole, usage=True)
        assert again is not None, (seed, whole)
        assert_alike(caller, again, stream)


def said_to_a_caller(play: Play) -> bytes:
    route: Route = replace(play.route, stop=(), include_usage=True)
    source = route.upstream
    return streamed(route, sent(source, said_stream(source, play.bits, play.stop)))


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_recorded_stream_has_a_whole_form_only_if_it_was_complete(path: Any) -> None:
    dialect = path.stem.partition("-")[0]
    whole = whole_of(surface_of(dialect), path.read_bytes())
    if check(dialect, path.read_bytes(), VENDORS).ending != "complete":
        assert whole is None
    elif whole is not None:
        again = stream_of(surface_of(dialect), whole, usage=True)
        assert again is not None
        assert check(dialect, again, VENDORS).ending == "complete"


@pytest.mark.parametrize("dialect", OF)
@given(cut=st.floats(0, 0.999))
def test_a_stream_that_was_cut_has_no_whole_form(dialect: str, cut: float) -> None:
    seed = next(s for s, play in PLAYS if play.route.upstream == dialect and play.bits)
    play = play_of(seed)
    stream = b"".join(sent(dialect, said_stream(dialect, play.bits, play.stop)))
    told = blocks(stream)
    if dialect == "openai_chat":  # [DONE] and the tokens are more than there has to be
        told = told[:-2]
    kept = b"".join(told[: int(len(told) * cut)])
    assert whole_of(surface_of(dialect), kept) is None


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"type":"message"}', b"{"])
@pytest.mark.parametrize("dialect", OF)
def test_what_is_no_reply_has_no_form(dialect: str, body: bytes) -> None:
    assert stream_of(surface_of(dialect), body) is None
    assert whole_of(surface_of(dialect), encode(body or b"x")) is None


WORDS = st.sampled_from(
    [
        *("type", "message", "content", "index", "delta", "content_block", "usage", "choices"),
        *("tool_calls", "function", "arguments", "name", "output", "status", "completed"),
        *("response", "response.completed", "message_start", "content_block_start", "text"),
        *("message_delta", "message_stop", "content_block_delta", "text_delta", "tool_use"),
        *("finish_reason", "stop", "stop_reason", "input", "summary", "reasoning", "item"),
    ]
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("dialect", OF)
@given(told=st.lists(ODD, max_size=4))
def test_whatever_was_kept_nothing_breaks(dialect: str, told: list[Any]) -> None:
    surface = surface_of(dialect)
    stream = b"".join(encode(json.dumps(it).encode()) for it in told)
    members = Envelope(b'{"user":"u"}').members
    whole_of(surface, stream)
    addressed(surface, stream, members, streamed=True)
    for it in told:
        stream_of(surface, json.dumps(it).encode(), usage=True)
        addressed(surface, json.dumps(it).encode(), members, streamed=False)


STRANGE = [None, True, -1, 1.5, "x", [], {}, {"type": "text"}, ["a"], 10**30]


def spoilt(value: Any, dice: random.Random) -> Any:
    """The same with some of it gone, or replaced by what nobody expects."""
    if dice.random() < 0.05:
        return dice.choice(STRANGE)
    if isinstance(value, dict):
        return {name: spoilt(it, dice) for name, it in value.items() if dice.random() > 0.03}
    if isinstance(value, list):
        return [spoilt(it, dice) for it in value if dice.random() > 0.03]
    return value


@pytest.mark.parametrize("seed", range(6))
def test_replies_of_odd_shapes_are_given_in_another_form_or_not_at_all(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - not a secret, a test that can be repeated
    members = Envelope(b'{"user":"u"}').members
    for _, play in PLAYS[:60]:
        dialect = play.route.upstream
        surface = surface_of(dialect)
        body = json.dumps(spoilt(said_whole(dialect, play.bits, play.stop), dice)).encode()
        addressed(surface, body, members, streamed=False)
        told = [spoilt(event, dice) for event in said_stream(dialect, play.bits, play.stop)]
        stream = b"".join(encode(json.dumps(event).encode()) for event in told)
        addressed(surface, stream, members, streamed=True)
        whole = whole_of(surface, stream)
        for made in (stream_of(surface, body), stream_of(surface, whole or b"")):
            assert made is None or made.endswith(b"\n\n")


@pytest.mark.parametrize("dialect", OF)
def test_a_mark_at_the_end_that_is_not_the_dialects_own_is_no_matter(dialect: str) -> None:
    play = next(play for _, play in PLAYS if play.route.upstream == dialect)
    stream = b"".join(sent(dialect, said_stream(dialect, play.bits, play.stop)))
    surface = surface_of(dialect)
    told = stream if stream.endswith(b"[DONE]\n\n") else stream + encode(b"[DONE]")
    assert whole_of(surface, told) == whole_of(surface, stream) is not None


def formed(name: str, body: bytes, was: bool, stream: bool, **asked: Any) -> bytes | None:
    """What is kept, for the caller of a request with these members."""
    surface, members = SURFACES[name], Envelope(json.dumps(asked).encode()).members
    usage = asked.get("stream_options") == TELL
    made = form(surface, body, streamed=was, stream=stream, usage=usage)
    return made and addressed(surface, made, members, streamed=stream)


def test_in_the_form_it_came_in_a_reply_is_given_byte_for_byte() -> None:
    for name in OF.values():
        body = b'{"spaced":  1 }'
        assert formed(name, body, False, False) is body
    stream = b"event: x\r\ndata: y\r\n\r\n: comment\n\n"
    assert formed("messages", stream, True, True) is stream
    assert formed("responses", stream, True, True) == stream


def test_an_embedding_is_given_as_it_came() -> None:
    surface, body = SURFACES["embeddings"], b'{"data":[]}'
    assert formed("embeddings", body, False, False) is body
    assert stream_of(surface, body) is None
    assert whole_of(surface, body) is None


CHUNK = b'{"id":"c","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}'
TOKENS = b'{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'
TOLD = encode(CHUNK) + encode(TOKENS) + encode(b"[DONE]")
UNTOLD = encode(CHUNK) + encode(b"[DONE]")
TELL = {"include_usage": True}


def test_the_tokens_of_a_stream_are_told_to_those_who_asked_alone() -> None:
    assert formed("chat", TOLD, True, True, stream_options=TELL) is TOLD
    assert formed("chat", TOLD, True, True) == UNTOLD
    assert formed("chat", UNTOLD, True, True) is UNTOLD
    assert formed("chat", UNTOLD, True, True, stream_options=TELL) is None


def test_a_whole_reply_tells_its_tokens_in_a_stream_to_those_who_asked_alone() -> None:
    whole = formed("chat", TOLD, True, False)
    assert whole is not None
    assert b'"usage":{' in (formed("chat", whole, False, True, stream_options=TELL) or b"")
    assert b'"usage":{' not in (formed("chat", whole, False, True) or b'"usage":{')


def test_a_stream_without_its_tokens_has_no_whole_form() -> None:
    assert formed("chat", UNTOLD, True, False) is None
    whole = formed("chat", TOLD, True, False)
    assert whole is not None
    assert json.loads(whole)["usage"]["prompt_tokens"] == 1


@pytest.mark.parametrize("was", [True, False])
@pytest.mark.parametrize("stream", [True, False])
def test_nobody_reads_in_a_response_who_asked_first(was: bool, stream: bool) -> None:
    theirs = {"metadata": {"who": "alice"}, "user": "alice", "prompt_cache_key": "alice"}
    reply = {"status": "completed", "output": [], "model": "alicent", **theirs}
    body = json.dumps(reply, separators=(",", ":")).encode()
    kept = (stream_of(SURFACES["responses"], body) or b"") if was else body
    given = formed("responses", kept, was, stream, user="bob", metadata={"who": "bob"})
    assert given is not None
    assert b'alice"' not in given
    assert b'"who": "bob"' in given
    assert b'"prompt_cache_key":null' in given
    again = formed("responses", kept, was, stream, **theirs)
    assert again == ((stream_of(SURFACES["responses"], body) or b"") if stream else body)


@given(
    st.lists(st.binary(max_size=60).map(lambda it: encode(it.hex().encode())), min_size=1),
    st.integers(0, 20_000),
    st.integers(0, 30_000),
)
def test_a_pace_loses_no_byte_and_takes_as_long_as_the_first_time(
    told: list[bytes], took_ms: int, first_ms: int
) -> None:
    stream = b"".join(told)
    steps = list(paced(stream, took_ms, first_ms))
    assert b"".join(data for _, data in steps) == stream
    assert steps[0][0] == pytest.approx(min(first_ms, took_ms) / 1000, abs=0.041)
    assert min(wait for wait, _ in steps) >= 0
    expected = took_ms / 1000 if len(told) > 1 else min(first_ms, took_ms) / 1000
    assert sum(wait for wait, _ in steps) == pytest.approx(expected, abs=1e-6)


def test_a_pace_cuts_between_events_alone() -> None:
    told = [encode(b"%d" % n) for n in range(100)]
    for _, data in paced(b"".join(told), 10_000, 500):
        assert data.endswith(b"\n\n")
    assert len(list(paced(b"".join(told), 100, 50))) < 10


def test_nothing_has_no_pace() -> None:
    assert list(paced(b"", 100)) == []
