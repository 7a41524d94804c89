"""What the code may do with an object of the test."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any
from unittest import mock

import pytest

from headgate.sandbox.verdict.inside import peer
from headgate.sandbox.verdict.inside.lent import Lent


class Node:
    value = 1


GATE = Lent({__name__})


def iter_one() -> Iterator[int]:
    yield 1


def frame() -> FrameType:
    return sys._getframe()


@pytest.mark.parametrize("it", [Node(), Node, io.StringIO()])
def test_public_attributes_of_the_tests_classes_are_shown(it: Any) -> None:
    GATE.allow("get", it, ["value"])


@pytest.mark.parametrize(
    ("it", "name"),
    [
        (Node(), "__class__"),
        (Node(), "_private"),
        (frame, "__globals__"),
        (iter_one(), "gi_frame"),
        (sys, "modules"),
        (mock.Mock(), "assert_called_once"),
        (mock.Mock(), "call_count"),
        ("text", "format"),
    ],
)
def test_nothing_leads_to_the_test_itself(it: Any, name: str) -> None:
    with pytest.raises(AttributeError):
        GATE.allow("get", it, [name])


def test_a_class_of_the_test_is_not_changed() -> None:
    with pytest.raises(AttributeError):
        GATE.allow("set", Node, ["value", 2])


@pytest.mark.parametrize("it", [sys, frame()])
def test_frames_and_modules_are_never_handed_over(it: Any) -> None:
    with pytest.raises(TypeError):
        GATE.allow("hold", it, [])


def test_a_look_around_ends_the_judging() -> None:
    with pytest.raises(peer.Gone):
        GATE.allow("dir", Node(), [])


class Fake:
    def check(self) -> None:
        _hg_checks.begin("it")  # type: ignore[name-defined] # noqa: F821 (as an assertion is rewritten)

    def save(self) -> None:
        return


def test_a_method_that_checks_is_not_replaced() -> None:
    GATE.allow("set", Fake(), ["save"])
    with pytest.raises(AttributeError):
        GATE.allow("set", Fake(), ["check"])


class TestNothing:
    def test_it(self) -> None:
        """Whether this runs the code does not decide."""


@pytest.mark.parametrize("it", [TestNothing, TestNothing.test_it])
def test_a_test_is_not_handed_over(it: Any) -> None:
    with pytest.raises(TypeError):
        GATE.allow("hold", it, [])
    GATE.allow("hold", Fake, [])
