"""The distributions that exact intervals need: beta, and Student's t by way of it.

Rule 1: tails are found by halving: an interval is as exact as a float is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, lgamma, log, log1p, sqrt

_TINY = 1e-300
_STEPS = 400
_CLOSE = 1e-15
_HALVINGS = 200


def beta_below(x: float, a: float, b: float) -> float:
    """How likely a beta variable lies below x: the regularised incomplete beta function."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def beta_point(share: float, a: float, b: float) -> float:
    """Below which a beta variable lies with that likelihood."""
    return halve(lambda x: beta_below(x, a, b) < share, 0.0, 1.0)


def student_point(share: float, freedom: float) -> float:
    """Below which Student's t lies with that likelihood, of one half or more."""
    tail = beta_point(2 * (1 - share), freedom / 2, 0.5)
    return sqrt(freedom * (1 - tail) / tail)


def student_tails(point: float, freedom: float) -> float:
    """How likely Student's t lies as far from nothing, to either side."""
    return beta_below(freedom / (freedom + point**2), freedom / 2, 0.5)


def halve(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Where a question that is answered yes up to a point, and no from there, turns."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, from its first term on."""
    c, d = 1.0, _inverse(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _STEPS + 10 * int(sqrt(max(a, b)))):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = _inverse(1 + term * d)
            c = 1 + term / c or _TINY
            found *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return found


def _inverse(it: float) -> float:
    return 1 / (it or _TINY)
