"""Every surface speaks a dialect that has all its parts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire import SURFACES, Dialect, Surface
from headgate.wire.envelope import Envelope
from headgate.wire.model import FAULTS, Fault, Kind
from headgate.wire.reading import MOST_TOKENS, Reading
from headgate.wire.sse import Sse, events
from tests.wire.streams import DIALECTS

ALL = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
KEYS = [
    "type",
    "message",
    "usage",
    "content",
    "delta",
    "error",
    "choices",
    "data",
    "response",
    "output",
    "item",
    "id",
    "model",
    "text",
    "input_tokens",
    "prompt_tokens",
    "output_tokens",
    "status",
    "code",
    "metadata",
    "user_id",
    "session_id",
]
LEAF = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=6)
JSON = st.recursive(
    LEAF | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=15,
).map(lambda value: json.dumps(value).encode())
NAMES = st.sampled_from([b"", b"error", b"message_start", b"message_delta", b"response.failed"])


def test_the_paths_are_those_that_clients_call() -> None:
    assert {name: surface.path for name, surface in SURFACES.items()} == {
        "messages": "/v1/messages",
        "count_tokens": "/v1/messages/count_tokens",
        "chat": "/v1/chat/completions",
        "responses": "/v1/responses",
        "embeddings": "/v1/embeddings",
    }
    assert {name for name, surface in SURFACES.items() if not surface.converses} == {
        "count_tokens",
        "embeddings",
    }


@ALL
@pytest.mark.parametrize("kind", Kind)
def test_every_fault_has_words_in_every_dialect(surface: Surface, kind: Kind) -> None:
    dialect, fault = surface.dialect, Fault(kind, "why \n it failed")
    type_, said = dialect.classify(400, dialect.error_body(fault, "call-1"))
    assert type_
    assert said.removeprefix("prompt is too long: ") == "why \n it failed"
    assert dialect.STATUS.get(kind, FAULTS[kind].status) in (0, *range(400, 600))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_ping_is_an_event_that_says_nothing(dialect: Dialect) -> None:
    reading = Reading()
    for event in events(dialect.PING):
        dialect.see(event, reading)
    assert reading == Reading()


def fault_of(surface: Surface, body: bytes) -> Fault | None:
    try:
        surface.read(body, Reading())
    except Fault as fault:
        return fault
    return None


@given(st.sampled_from(list(SURFACES)), JSON)
def test_reading_arbitrary_json_learns_or_is_the_upstreams_fault(
    name: str, body: bytes
) -> None:
    fault = fault_of(SURFACES[name], body)
    assert fault is None or fault.message


@given(st.sampled_from(list(SURFACES)), st.binary(max_size=60))
def test_reading_arbitrary_bytes_learns_or_is_the_upstreams_fault(
    name: str, body: bytes
) -> None:
    fault = fault_of(SURFACES[name], body)
    assert fault is None or fault.kind is Kind.UPSTREAM


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b"[]", b"{}", b"null", b'{"detail":"Not Found"}']
)
def test_what_is_no_reply_is_no_success(surface: Surface, body: bytes) -> None:
    fault = fault_of(surface, body)
    assert fault is not None
    assert fault.kind is Kind.UPSTREAM


@given(st.sampled_from(list(DIALECTS)), NAMES, st.lists(JSON, min_size=1, max_size=4))
def test_seeing_arbitrary_json_never_raises_and_keeps_usage_within_bounds(
    name: str, event: bytes, values: list[bytes]
) -> None:
    reading = Reading()
    for data in values:
        DIALECTS[name].see(Sse(event, data), reading)
        assert reading.usage.input_fresh in range(MOST_TOKENS + 1)
        assert reading.usage.output in range(MOST_TOKENS + 1)


@given(st.sampled_from(list(DIALECTS)), JSON)
def test_naming_a_session_never_raises(name: str, value: bytes) -> None:
    for field in (b"metadata", b"prompt_cache_key"):
        envelope = Envelope(b'{"%s":%s}' % (field, value))
        assert isinstance(DIALECTS[name].session(envelope), str)


@given(st.sampled_from(list(DIALECTS)), JSON | st.binary(max_size=40))
def test_classifying_an_error_never_raises(name: str, body: bytes) -> None:
    type_, said = DIALECTS[name].classify(500, body)
    assert type_ or not said


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_depth_beyond_reason_breaks_no_reader(dialect: Dialect) -> None:
    deep = b'{"a":' * 100_000
    assert dialect.classify(500, deep) == ("", "")
    user = b'"' + deep.replace(b'"', rb"\"") + b'"'
    assert dialect.session(Envelope(b'{"metadata":{"user_id":' + user + b"}}")) == ""
