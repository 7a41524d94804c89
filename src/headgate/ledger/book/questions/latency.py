"""Latency: how long calls took, until the first content and until the last, and how fast
models write; by model or by the size of the prompt.

Rule 1: only calls that an upstream answered completely are timed.
Rule 2: speed is the output over the time from the first content to the last byte; below
LEAST_OUTPUT tokens that says nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.book.columns import LATENCY, TOKENS_IN
from headgate.ledger.book.question import ASKED, Cut, Question
from headgate.ledger.book.tongue import Tongue

SIZES = (1_000, 4_000, 16_000, 64_000, 256_000)
"""tokens of a prompt; the last class has no end"""
LEAST_OUTPUT = 20
_NEEDS = frozenset((LATENCY,))
_WELL = f"{ASKED} AND ending = 'complete' AND fault = ''"


class Times(NamedTuple):
    name: str
    """a model, or the largest number of tokens of the class: 0, there is none"""
    calls: int
    levels: tuple[int, ...]
    """what half of the calls, nine of ten and 99 of 100 stay within"""


def _times(tongue: Tongue, cut: Cut, value: str, where: str) -> str:
    name = _size() if cut.by == "size" else "model_sent"
    return (
        f"SELECT {name} AS name, count(*), {tongue.quantiles(value)} FROM book"  # noqa: S608 - texts of ours
        f" WHERE {_WELL} AND {where} GROUP BY 1 ORDER BY 2 DESC, 1"
    )


def _size() -> str:
    whens = " ".join(f"WHEN {TOKENS_IN} <= {size} THEN '{size}'" for size in SIZES)
    return f"CASE {whens} ELSE '0' END"


def _took(tongue: Tongue, cut: Cut, where: str) -> str:
    return _times(tongue, cut, "took_us", f"took_us > 0 AND {where}")


def _first(tongue: Tongue, cut: Cut, where: str) -> str:
    return _times(tongue, cut, "ttft_us", f"ttft_us > 0 AND stream = 1 AND {where}")


def _speed(tongue: Tongue, cut: Cut, where: str) -> str:
    streamed = f"stream = 1 AND ttft_us > 0 AND took_us > ttft_us AND output >= {LEAST_OUTPUT}"
    rate = tongue.whole("output * 1000000", "took_us - ttft_us")
    return _times(tongue, cut, rate, f"{streamed} AND {where}")


TOOK = Question("latency", "Time until the last byte (microseconds)", Times, _took, _NEEDS)
FIRST = Question(
    "first_content", "Time until the first content (microseconds)", Times, _first, _NEEDS
)
SPEED = Question("speed", "Tokens written per second", Times, _speed, _NEEDS)
