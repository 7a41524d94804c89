"""What a test does to Python's own modules is told to the code."""

from __future__ import annotations

import math
import random
import sys
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import known, peer, standard, values


class Side:
    """Encodes as a peer does."""

    def __init__(self) -> None:
        self.values = values.Values(lambda it: ["held", 1], lambda frame: None)


@pytest.fixture
def found() -> standard.Standard:
    side: Any = Side()
    return standard.Standard(side)


def test_what_a_test_puts_in_place_is_told_once_and_taken_back(
    found: standard.Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    found.changed()
    before = math.floor
    with monkeypatch.context() as patch:
        patch.setattr(math, "floor", lambda it: 7)
        found.note(math, "floor", before)
        assert found.changed()["patched"] == [["math", "", "floor", [["held", 1]]]]
        assert found.changed()["patched"] == []
    assert found.changed()["patched"] == [["math", "", "floor", None]]
    assert "patched" not in found.changed()


def test_a_method_of_a_class_is_told_with_its_class(found: standard.Standard) -> None:
    found.note(random.Random, "choice", None)
    assert found.changed()["patched"][0][:3] == ["random", "Random", "choice"]


@pytest.mark.parametrize(("target", "name"), [(sys, "stdout"), (object(), "x"), (sys, "path")])
def test_what_is_the_judges_own_is_not_told(
    found: standard.Standard, target: Any, name: str
) -> None:
    found.note(target, name, None)
    assert "patched" not in found.changed()


def test_a_record_of_the_code_is_logged_from_plain_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    side: Any = Side()
    frame = ["shop", 30, "bad %s", [3], "solution.py", 4, "f", None]
    extra = ["dict", 0, "dict", [["user", "a"], ["msg", "hidden"]], None]
    standard.heard_records(side, [[*frame, extra]])
    assert vars(caplog.records[0])["user"] == "a"
    assert caplog.record_tuples == [("shop", 30, "bad 3")]


def test_a_warning_of_the_code_is_warned_of_by_its_class() -> None:
    def meet(frame: list[Any]) -> object:
        return DeprecationWarning

    side: Any = Side()
    side.values = values.Values(lambda it: [], meet)
    with pytest.warns(DeprecationWarning, match="old"):
        standard.heard_warnings(side, [[["kind"], "old", "solution.py", 1]])


def test_a_mock_that_says_it_is_an_object_of_the_code_is_none() -> None:
    class Sly:
        __class__: Any = peer.Thing

    assert isinstance(Sly(), peer.Thing)
    assert not peer.is_thing(Sly())
    assert known.Known().things == []
