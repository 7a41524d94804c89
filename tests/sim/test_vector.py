"""The simulator's points: near each other where texts share their words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.vector import vector


def likeness(one: str, other: str) -> float:
    pairs = zip(vector(one, 1536), vector(other, 1536), strict=True)
    return sum(a * b for a, b in pairs)


@given(st.text(max_size=60), st.integers(1, 64))
def test_every_text_has_a_point_at_the_distance_of_one(text: str, size: int) -> None:
    point = vector(text, size)
    assert len(point) == size
    assert math.fsum(value * value for value in point) == pytest.approx(1, abs=1e-4)
    assert vector(text, size) == point


def test_texts_with_like_words_are_near_and_others_are_not() -> None:
    question = "What is the capital of France?"
    assert likeness(question, "what is the capital of france") == pytest.approx(1, abs=1e-5)
    assert likeness(question, "Please, what is the capital of France?") > 0.85
    assert likeness("What is 17 times 23?", "What is 17 times 24?") > 0.8
    assert likeness(question, "How do I sort a list in Python?") < 0.3


def test_tokens_have_points_too() -> None:
    assert vector([1, 2, 3], 8) != vector([4, 5, 6], 8)
