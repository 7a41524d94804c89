"""Reading an object field by field: wrong types are named, what nobody read is left over."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.loss import Losses
from headgate.wire.model import Fault, Kind
from headgate.wire.walk import Node, object_in, open_object

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
READERS = ("text", "flag", "count", "number", "node", "nodes", "texts", "take")


@given(JSON, st.sampled_from(READERS))
def test_any_value_is_read_or_named(value: object, reader: str) -> None:
    node = Node({"field": value}, "messages[3]")
    try:
        getattr(node, reader)("field")
        told = None
    except Fault as fault:
        told = fault
    assert "field" not in node.rest
    if told is not None:
        assert told.kind is Kind.INVALID
        assert told.message.startswith("messages[3].field")


@pytest.mark.parametrize("reader", [r for r in READERS if r != "take"])
def test_null_is_the_same_as_absent(reader: str) -> None:
    assert getattr(Node({"field": None}), reader)("field") == getattr(Node({}), reader)("field")


def test_members_of_lists_are_named_by_their_place() -> None:
    node = Node({"content": [{"source": {"type": 5}}]}, "messages[0]")
    source = node.nodes("content")[0].node("source")
    assert source is not None
    with pytest.raises(
        Fault, match=r"messages\[0\]\.content\[0\]\.source\.type: must be a string"
    ):
        source.text("type")


def test_what_nobody_read_is_left_over_and_named() -> None:
    node, losses = Node({"a": 1, "b": 2, "c": None}), Losses()
    node.take("a")
    node.leave(losses, "dropped: nobody knows it")
    assert [str(loss) for loss in losses.all] == ["b: dropped: nobody knows it"]


@given(JSON)
def test_a_body_that_is_no_object_is_the_callers_fault(value: object) -> None:
    body = json.dumps(value).encode()
    if isinstance(value, dict):
        assert open_object(body).rest == json.loads(body)
    else:
        with pytest.raises(Fault):
            open_object(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "must be a JSON object"),
        (b'{"temperature": 1e400}', "no number beyond"),
        (b'{"text": "\xff"}', "not valid UTF-8"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_why(body: bytes, why: str) -> None:
    with pytest.raises(Fault, match=why):
        open_object(body)


@given(st.text())
def test_arguments_that_are_no_object_are_none(text: str) -> None:
    assert isinstance(object_in(text), dict)
