"""What crosses between judge and code arrives as the builtin it is, and nothing else does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.verdict.inside import values

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.decimals(allow_nan=False) | st.fractions() | st.dates() | st.datetimes()
    | st.timedeltas() | st.uuids()
)  # fmt: skip
KEYS = st.integers() | st.text() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    SCALARS,
    lambda it: st.lists(it) | st.dictionaries(KEYS, it) | st.tuples(it, it) | st.sets(KEYS),
    max_leaves=12,
)


def keep(it: object) -> list[Any]:
    raise TypeError(f"{it} is kept")


def codec() -> values.Values:
    def meet(frame: list[Any]) -> object:
        raise values.Rubbish("an unknown tag")

    return values.Values(keep, meet)


def carried(value: Any) -> Any:
    frame = json.loads(json.dumps(codec().encode(value, values.Known())))
    return codec().decode(frame, values.Known())


@given(VALUES)
def test_a_plain_value_arrives_as_itself(value: Any) -> None:
    assert carried(value) == value
    assert type(carried(value)) is type(value)


class Everything(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def test_no_method_of_a_subclass_travels() -> None:
    assert type(carried(Everything(3))) is int
    assert carried([Everything(3)]) != [4]


def test_one_container_in_two_places_is_one_container_there() -> None:
    inner: list[int] = []
    first, second = carried([inner, inner])
    assert first is second


def test_what_the_other_side_changed_is_changed_in_place() -> None:
    known, ours = values.Known(), [1, 2]
    codec().encode(ours, known)
    codec().amend(ours, ["list", -1, [5]], known)
    assert ours == [5]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    | st.sampled_from(sorted(values.TAKES)),
    lambda it: st.lists(it, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(JUNK)
def test_a_forged_frame_is_a_value_or_rubbish_and_nothing_else(frame: Any) -> None:
    try:
        codec().decode(frame, values.Known())
    except values.Rubbish:
        return


def test_a_value_that_is_nested_too_deeply_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(RecursionError):
        codec().encode(deep, values.Known())
