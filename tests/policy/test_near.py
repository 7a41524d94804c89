"""Questions next to each other are found, among many, and within bounds."""

from __future__ import annotations

import math
import random
import time
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.near import (
    Entry,
    Index,
    Neighbour,
    Vector,
    agrees,
    match,
    overlap,
    signature,
    unit,
)
from headgate.policy.replycache import Asked

Dice = random.Random
ASKED = Asked(b"n", b"k")
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=64)


def drawn(dice: Dice, size: int = 256) -> Vector:
    vector = unit([dice.gauss(0, 1) for _ in range(size)])
    assert vector is not None
    return vector


def beside(dice: Dice, vector: Vector, likeness: float) -> Vector:
    """A point at this cosine from another."""
    noise = drawn(dice, len(vector))
    along = sum(a * b for a, b in zip(vector, noise, strict=True))
    across = unit([n - along * v for n, v in zip(noise, vector, strict=True)])
    assert across is not None
    rest = math.sqrt(1 - likeness * likeness)
    found = unit([likeness * v + rest * a for v, a in zip(vector, across, strict=True)])
    assert found is not None
    return found


def entry(text: str, vector: Vector, context: bytes = b"c", at_us: int = 0) -> Entry:
    return Entry(context, text, "answer", vector, at_us, f"id {text}", ASKED)


def found(
    index: Index, vector: Vector, *, text: str = "?", least: float = 0.9, now_us: int = 0,
    context: bytes = b"c",
) -> list[Neighbour]:  # fmt: skip
    search = index.search(context, text, vector, least, now_us)
    while True:
        try:
            next(search)
        except StopIteration as end:
            return list(end.value)


def test_a_neighbour_is_found_among_many() -> None:
    dice = Dice(7)
    index = Index()
    points = [drawn(dice) for _ in range(2_000)]
    for n, point in enumerate(points):
        index.add(entry(f"q{n}", point))
    for n in range(0, 2_000, 100):
        neighbours = found(index, beside(dice, points[n], 0.93))
        assert [it.entry.text for it in neighbours] == [f"q{n}"]
        assert neighbours[0].likeness == pytest.approx(0.93, abs=1e-5)


def test_the_nearest_comes_first_and_what_is_not_near_enough_not_at_all() -> None:
    dice = Dice(8)
    index, point = Index(), drawn(dice)
    for likeness in (0.91, 0.99, 0.95, 0.80):
        index.add(entry(f"{likeness}", beside(dice, point, likeness)))
    assert [it.entry.text for it in found(index, point)] == ["0.99", "0.95", "0.91"]


def test_only_the_same_context_is_searched_and_never_the_question_itself() -> None:
    index, point = Index(), drawn(Dice(9))
    index.add(entry("there", point, b"d"))
    index.add(entry("?", point))
    assert found(index, point) == []
    assert index.vector(b"c", "?") is point
    assert index.vector(b"c", "!") is None


def test_points_of_another_size_are_no_neighbours() -> None:
    dice = Dice(10)
    index = Index()
    index.add(entry("a", drawn(dice, 16)))
    assert found(index, drawn(dice, 32)) == []


def test_what_is_too_old_is_forgotten() -> None:
    index, point = Index(), drawn(Dice(11))
    index.ttl_us = 10
    index.add(entry("a", point, at_us=5))
    assert len(found(index, point, now_us=15)) == 1
    assert found(index, point, now_us=16) == []
    assert (len(index), index.bytes) == (0, 0)


def test_of_too_many_those_longest_unused_go() -> None:
    dice = Dice(12)
    index = Index(most=3)
    entries = [entry(f"q{n}", drawn(dice)) for n in range(4)]
    for it in entries[:3]:
        index.add(it)
    index.use(entries[0])
    index.add(entries[3])
    index.use(entries[1])  # it is there no more
    left = [n for n in range(4) if index.vector(b"c", f"q{n}") is not None]
    assert left == [0, 2, 3]


def test_bytes_are_bounded_and_counted() -> None:
    dice = Dice(13)
    one = entry("q", drawn(dice))
    index = Index(most_bytes=3 * one.size)
    for n in range(9):
        index.add(entry(str(n), drawn(dice)))
    assert len(index) == 3
    assert index.bytes == 3 * one.size
    index.add(entry("x" * 4 * one.size, drawn(dice)))
    assert len(index) == 3
    index.clear()
    assert (len(index), index.bytes) == (0, 0)


def test_the_same_question_takes_its_own_place() -> None:
    dice = Dice(14)
    index = Index()
    for _ in range(3):
        index.add(entry("q", drawn(dice)))
    assert len(index) == 1


def test_the_same_points_have_the_same_signatures_and_like_ones_like_ones() -> None:
    dice = Dice(15)
    one, other = drawn(dice, 1536), drawn(dice, 1536)
    assert signature(one) == signature(array("f", one))
    near = (signature(one) ^ signature(beside(dice, one, 0.95))).bit_count()
    far = (signature(one) ^ signature(other)).bit_count()
    assert near < 55 < 90 < far


@given(NUMBERS)
def test_a_point_lies_at_the_distance_of_one(numbers: list[float]) -> None:
    vector = unit(numbers)
    if vector is not None:
        assert math.fsum(v * v for v in vector) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "numbers", [[], [1.0], [0.0, 0.0], [math.inf, 1.0], [math.nan, 1.0], [1e200, 1e200]]
)
def test_what_is_no_point_is_none(numbers: list[float]) -> None:
    assert unit(numbers) is None


def neighbours(*texts: str) -> list[Neighbour]:
    point = array("f", [1.0, 0.0])
    return [Neighbour(0.99 - n / 100, entry(text, point)) for n, text in enumerate(texts)]


def test_the_nearest_that_asks_the_same_is_the_match() -> None:
    near = neighbours("What is 2 + 3?", "What's 2 + 2?")
    chosen = match("what is 2 + 2", near)
    assert chosen is not None
    assert chosen.neighbour is near[1]
    assert chosen.verdict.same


def test_where_none_asks_the_same_the_nearest_says_why() -> None:
    near = neighbours("What is 2 + 3?", "Was ist 2 + 2?")
    chosen = match("what is 2 + 2", near)
    assert chosen is not None
    assert chosen.neighbour is near[0]
    assert chosen.verdict.why == "number"
    assert match("what is 2 + 2", []) is None


def test_answers_agree_that_differ_in_blanks_and_capitals_or_in_few_words() -> None:
    assert agrees("It is  Paris.\n", "it is paris.")
    long = "The capital of France is Paris, a city on the river Seine with many old bridges"
    assert agrees(long, long + " indeed")
    assert not agrees(long, long.replace("Paris", "Lyon"))
    assert not agrees(long, "Paris")


@given(st.text(max_size=50), st.text(max_size=50))
def test_overlap_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0 <= overlap(one, other) == overlap(other, one) <= 1
    assert overlap(one, one) == 1


@pytest.mark.slow
def test_a_search_among_ten_thousand_takes_five_milliseconds_at_most() -> None:
    """Of this process's own time, the best of five: what else runs here is no part of it."""
    dice = Dice(16)
    points = [drawn(dice, 1536) for _ in range(50)]
    index = Index()
    for n in range(10_000):
        index.add(entry(f"q{n}", points[n % 50]))
    question = beside(dice, points[7], 0.95)
    took = []
    for _ in range(5):
        began = time.process_time()
        assert len(found(index, question)) >= 16
        took.append(time.process_time() - began)
    assert min(took) < 0.005
