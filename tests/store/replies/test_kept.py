"""A kept reply is had back as it was, or not at all."""

from __future__ import annotations

import sys

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headgate.store.replies.kept import OVERHEAD_BYTES, Kept, packed, size_of, unpacked
from tests.store.replies.kit import kept_of

KEPT = st.builds(
    Kept,
    st.integers(100, 599),
    st.booleans(),
    st.lists(st.tuples(st.binary(), st.binary()), max_size=3),
    st.binary(),
    st.integers(0, 2**62),
    st.integers(0, 2**62),
    st.text(),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
)


@given(KEPT)
def test_what_was_packed_is_had_back(kept: Kept) -> None:
    assert unpacked(packed(kept)) == kept


@given(st.binary(max_size=60))
def test_what_cannot_be_read_was_never_kept(data: bytes) -> None:
    found = unpacked(data)
    assert found is None or isinstance(found, Kept)


def test_a_later_version_may_know_more_of_a_reply() -> None:
    fields = msgspec.msgpack.decode(packed(kept_of()))
    assert unpacked(msgspec.msgpack.encode([*fields, "more"])) == kept_of()
    assert unpacked(msgspec.msgpack.encode(fields[:5])) is None


def test_its_size_is_no_less_than_what_its_parts_take() -> None:
    kept = kept_of("x" * 5000)
    parts = [kept, kept.body, kept.headers, *kept.headers[0], kept.headers[0], kept.call_id]
    taken = sum(map(sys.getsizeof, parts)) + sum(map(sys.getsizeof, (2**40, 2**40, 2**40)))
    assert taken <= size_of(kept) <= 5000 + 100 + OVERHEAD_BYTES
