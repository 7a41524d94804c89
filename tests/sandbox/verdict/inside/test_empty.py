"""Nothing is close to nothing but itself."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.sandbox.verdict.inside import empty


class Close:
    """As pytest's: whatever it is given is close."""

    def __eq__(self, actual: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def test_an_empty_array_is_close_to_no_number() -> None:
    numpy = pytest.importorskip("numpy", reason="pip install numpy")
    guarded: Any = type("Guarded", (Close,), {"__eq__": Close.__eq__})
    empty.guard_approx(guarded)
    assert guarded() != numpy.array([])
    assert guarded() == numpy.array([1.0])


def test_a_comparison_that_stretches_nothing_over_a_number_is_refused() -> None:
    numpy = pytest.importorskip("numpy", reason="pip install numpy")
    close = empty._guarded(numpy, numpy.allclose)
    assert close([1.0], 1.0)
    assert close([], [])
    with pytest.raises(empty.Empty, match="one side is empty"):
        close([], 1.0)
