"""A call is read as far as every call needs, and no further."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire import SURFACES
from headgate.wire.call import NOBODY, Caller, open_call
from headgate.wire.model import Fault, Kind

MESSAGES = SURFACES["messages"]


def test_a_call_knows_its_model_and_whether_it_streams() -> None:
    body = b'{"model":"m","stream":true,"messages":"whatever"}'
    call = open_call(MESSAGES, body, Caller([(b"a", b"1")]), id="i", query=b"beta=true")
    assert (call.id, call.model, call.stream, call.query) == ("i", "m", True, b"beta=true")
    assert call.envelope.body is body
    assert call.told[b"a"] == b"1"
    assert call.holder is NOBODY


@pytest.mark.parametrize("name", ["embeddings", "count_tokens"])
def test_a_surface_that_never_streams_ignores_the_wish(name: str) -> None:
    assert not open_call(
        SURFACES[name], b'{"model":"m","stream":true}', Caller([]), id="i"
    ).stream


def test_a_field_in_several_lines_is_heard_as_the_list_that_it_is() -> None:
    told = Caller([(b"b", b"1"), (b"a", b"x"), (b"b", b"2"), (b"b", b"3")]).told
    assert told == {b"a": b"x", b"b": b"1, 2, 3"}


def test_a_call_without_a_model_opens_so_that_the_route_can_say_so() -> None:
    assert open_call(MESSAGES, b'{"model":null}', Caller([]), id="i").model == ""


@given(st.text())
def test_a_model_that_could_not_stand_in_a_header_field_is_refused(model: str) -> None:
    body = json.dumps({"model": model}).encode()
    if model.isprintable():
        assert open_call(MESSAGES, body, Caller([]), id="i").model == model
        return
    with pytest.raises(Fault, match="model: must not hold control characters"):
        open_call(MESSAGES, body, Caller([]), id="i")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"model":7}', "model: must be a string"),
        (b'{"model":"m","stream":"yes"}', "stream: must be true or false"),
        (b'{"model":"a\\nx-evil: 1"}', "model: must not hold control characters"),
        (b"[]", "must be a JSON object"),
    ],
)
def test_the_field_of_a_wrong_type_is_named(body: bytes, words: str) -> None:
    with pytest.raises(Fault, match=words) as caught:
        open_call(MESSAGES, body, Caller([]), id="i")
    assert caught.value.kind is Kind.INVALID
