"""Odd JSON is read as clients read it; broken JSON is told from it."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.broken import BROKEN, Reader, mend
from headgate.wire.model import Fault, Kind
from headgate.wire.reading import Reading

TEXT = st.text(st.characters(exclude_categories=()))  # surrogates too: halves of emoji
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


class Shape(msgspec.Struct):
    n: int | None = None
    text: str | None = None


READER = Reader(Shape)


@given(VALUE)
def test_what_pythons_own_parser_takes_is_readable_once_mended(value: object) -> None:
    msgspec.json.decode(mend(json.dumps(value).encode()))


@given(st.text())
def test_whole_text_is_not_changed_by_mending(text: str) -> None:
    data = json.dumps({"a": text}).encode()
    assert json.loads(mend(data)) == {"a": text} or "NaN" in text or "Infinity" in text


@given(st.binary(max_size=200))
def test_mending_never_raises(data: bytes) -> None:
    mend(data)


@pytest.mark.parametrize("odd", [b'{"n":12.0}', b'{"n":"12"}', b'{"x":NaN,"n":12}'])
def test_a_whole_number_may_come_as_a_float_or_as_text(odd: bytes) -> None:
    reading = Reading()
    assert READER.whole(odd, reading, "n", "a shape") == Shape(n=12)


def test_an_answer_of_a_shape_nobody_can_read_is_still_an_answer() -> None:
    reading = Reading()
    assert READER.whole(b'{"n":["?"]}', reading, "n", "a shape") is None
    assert reading.warnings == ["odd_reply"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1]", b"3", b'{"n":', b'{"other":1,"text":2}']
)
def test_what_is_no_answer_is_named(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        READER.whole(body, Reading(), "n", "a shape")
    assert caught.value.kind is Kind.UPSTREAM
    assert caught.value.message == "the upstream's answer is not a shape"


def test_the_list_of_what_decoders_raise_is_whole() -> None:
    for data in (b'{"text":"\xff"}', b'{"text":', b'{"x":' + b"[" * 100_000, b'{"n":"x"}'):
        with pytest.raises(BROKEN):
            READER.decode(data)
