"""The code's process does what the tests did in theirs, and takes it back."""

from __future__ import annotations

import dataclasses
import logging
import math
import random
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import obliging, values


class Side:
    def __init__(self) -> None:
        self.values = values.Values(lambda it: ["held", 1], lambda frame: lambda *a: 7)


@pytest.fixture
def obliges() -> obliging.Obliging:
    side: Any = Side()
    return obliging.Obliging(side)


def test_a_patch_is_laid_and_taken_back(obliges: obliging.Obliging) -> None:
    before = math.floor
    obliges.apply({"patched": [["math", "", "floor", [["held", 1]]]]})
    assert math.floor(2.5) == 7
    obliges.apply({"patched": [["math", "", "floor", None]]})
    assert math.floor is before


def test_a_seed_of_the_tests_is_the_codes_too(obliges: obliging.Obliging) -> None:
    want = random.Random(3).random()  # noqa: S311 (no secret)
    obliges.apply({"seed": [3]})
    assert random.random() == want  # noqa: S311 (no secret)


def test_what_is_logged_is_noted_where_a_test_listens(obliges: obliging.Obliging) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    try:
        obliges.heed(["logs"])
        logging.getLogger("shop").error("bad %s", 3)
        _, logged = obliges.take()
    finally:
        root.handlers[:] = before
    assert logged[0][:4] == ["shop", 40, "bad %s", [3]]
    assert obliges.take() == [[], []]


@dataclasses.dataclass
class Point:
    x: int


def test_a_look_at_an_object_answers_as_the_function_would() -> None:
    assert obliging.look("asdict", Point(1)) == {"x": 1}
    assert obliging.look("is_dataclass", Point) is True
    with pytest.raises(KeyError):
        obliging.look("system", "true")
