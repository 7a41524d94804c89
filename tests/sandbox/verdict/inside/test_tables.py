"""Frames of pandas cross as what they hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import known, values

pandas = pytest.importorskip("pandas")
pytestmark = pytest.mark.slow


def carried(it: Any) -> Any:
    codec = values.Values(lambda it: [], lambda frame: None)
    frame = json.loads(json.dumps(codec.encode(it, known.Known())))
    return codec.decode(frame, known.Known())


def test_columns_index_and_kinds_are_kept() -> None:
    days = pandas.date_range("2024-01-01", periods=3, tz="Europe/Berlin")
    frame = pandas.DataFrame(
        {
            "n": [1, 2, 3], "f": [1.5, None, 2], "s": ["a", None, "b"], "d": days,
            "c": pandas.Categorical(["x", "y", "x"], ordered=True), "b": [True, False, True],
            "i": pandas.array([1, None, 2], dtype="Int64"), "o": [1, "a", None],
        },
        index=pandas.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")], names=["p", "q"]),
    )  # fmt: skip
    pandas.testing.assert_frame_equal(carried(frame), frame)
    pandas.testing.assert_series_equal(carried(frame["n"]), frame["n"])
    pandas.testing.assert_frame_equal(carried(frame.iloc[:0]), frame.iloc[:0])


def test_a_frame_of_a_class_of_its_own_does_not_arrive_as_a_frame() -> None:
    class Sly(pandas.DataFrame):  # type: ignore[misc, name-defined]
        def equals(self, other: object) -> bool:
            return True

    kept: list[object] = []
    codec = values.Values(lambda it: kept.append(it) or [], lambda frame: None)  # type: ignore[func-returns-value]
    codec.encode(Sly({"a": [1]}), known.Known())
    assert len(kept) == 1


def test_a_kind_that_pandas_does_not_make_of_a_name_is_none() -> None:
    codec = values.Values(lambda it: [], lambda frame: None)
    frame = ["series", 0, "x", ["os.system", [1]], ["range", [None], [0, 1, 1]]]
    assert codec.decode(frame, known.Known()).dtype == object
