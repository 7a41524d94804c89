"""Keeps comparisons that hold for nothing at all from holding for an answer that is nothing.

Rule 1: an empty array is close to no number; libraries that stretch shapes say it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from headgate.sandbox.verdict.inside import peer

CLOSE = ("allclose", "isclose", "array_equiv")
ASSERTING = (
    "assert_allclose",
    "assert_almost_equal",
    "assert_array_almost_equal",
    "assert_approx_equal",
    "assert_equal",
    "assert_array_equal",
    "assert_array_less",
)


class Empty(AssertionError):
    """Nothing stood where a value was due."""


def _guarded(numpy: Any, compare: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(compare)
    def guarded(one: Any, other: Any, *args: Any, **kwargs: Any) -> Any:
        # what is an object of the code is looked at once, so that it cannot change its mind
        pair = [numpy.asarray(it) if peer.is_thing(it) else it for it in (one, other)]
        if _is_empty(numpy, pair[0]) != _is_empty(numpy, pair[1]):
            raise Empty(f"nothing was compared by {compare.__name__}: one side is empty")
        return compare(*pair, *args, **kwargs)

    return guarded


def _is_empty(numpy: Any, it: object) -> bool:
    try:
        return bool(numpy.size(it) == 0)
    except ValueError:  # of rows that differ in length
        return False


def guard_numpy() -> None:
    """Once the tests have it in their hands."""
    try:
        import numpy
    except ImportError:
        return
    for module, names in ((numpy, CLOSE), (numpy.testing, ASSERTING)):
        for name in names:
            compare = getattr(module, name, None)
            if compare is not None:
                setattr(module, name, _guarded(numpy, compare))


def guard_pandas() -> None:
    """What is missing equals everything where `all` skips it; tests that know of it may."""
    try:
        from pandas.core.arrays import masked  # type: ignore[import-untyped] # where it is
    except ImportError:
        return
    compare = masked.BaseMaskedArray.all

    @functools.wraps(compare)
    def all_of(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.isna().any():
            raise Empty("nothing was compared by all: something is missing on one side")
        return compare(self, *args, **kwargs)

    masked.BaseMaskedArray.all = all_of


def guard_approx(approx: Any) -> None:
    """pytest's approx takes any array whose items are close: an empty one has none."""
    compare = approx.__eq__

    def equals(self: Any, actual: Any) -> bool:
        if peer.is_thing(actual):
            return False
        is_array = type(actual).__module__ == "numpy"
        return not (is_array and actual.size == 0) and bool(compare(self, actual))

    approx.__eq__ = equals
