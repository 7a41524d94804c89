"""Arrays of numpy cross as bytes, shape and kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import known, values

numpy = pytest.importorskip("numpy")


def carried(it: Any) -> Any:
    codec = values.Values(lambda it: [], lambda frame: None)
    frame = json.loads(json.dumps(codec.encode(it, known.Known())))
    return codec.decode(frame, known.Known())


@pytest.mark.parametrize("kind", ["u1", "<f4", ">i8", "c16", "bool", "U3", "M8[s]"])
def test_the_kind_is_kept(kind: str) -> None:
    array = numpy.zeros((2, 3), dtype=kind)
    assert carried(array).dtype == array.dtype
    assert carried(array).shape == (2, 3)


def test_rows_of_named_fields_are_kept() -> None:
    rows = numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])
    assert carried(rows)["b"][0] == 2.5


def test_a_kind_of_objects_is_never_made_of_bytes() -> None:
    codec = values.Values(lambda it: [], lambda frame: None)
    for frame in (
        ["numpy", 0, "|O", [1], "AAAAAAAAAAA=", False],
        ["struct", 0, [["a", "|O"]], [1], "AAAAAAAAAAA="],
    ):
        with pytest.raises(known.Rubbish):
            codec.decode(frame, known.Known())
