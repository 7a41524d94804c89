"""What is refused is remembered, once, and said in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import watched
from headgate.sandbox.verdict.inside.watched import Unjudged, Watch

NAN = float("nan")


def standin(name: str = "Row", kind: str = "mute") -> Any:
    return SimpleNamespace(_hg_number=1, _hg_name=name, _hg_kind=kind)


def test_a_refusal_is_remembered_though_a_test_swallows_it() -> None:
    watch = Watch()
    for _ in range(2):
        assert isinstance(watch.refuse("its own operator would have decided"), Unjudged)
    assert watch.suspicion == ["its own operator would have decided"]


def test_an_object_has_as_many_items_as_it_says() -> None:
    watch, it = Watch(), standin()
    watch.sized(it, 0, 2)
    watch.sized(it, 1, 3)
    watch.moved()
    watch.sized(it, 1, 1)
    with pytest.raises(Unjudged):
        watch.sized(it, 0, 2)


@pytest.mark.parametrize("it", [NAN, [NAN, NAN], (NAN,)])
def test_what_is_no_number_is_refused_unless_the_tests_know_of_it(it: Any) -> None:
    watch = Watch()
    with pytest.raises(Unjudged):
        watch.numbered(it)
    watch.knows_nan = True
    assert watch.numbered(it) is it


@pytest.mark.parametrize("it", [0.0, [], [NAN, 1.0], "nan", {"deviation": NAN}])
def test_what_holds_numbers_too_is_taken(it: Any) -> None:
    assert Watch().numbered(it) is it


def test_a_failed_check_is_known_also_in_a_group() -> None:
    assert watched.is_failure(AssertionError())
    assert watched.is_failure(pytest.fail.Exception("no"))
    assert not watched.is_failure(KeyError())
    grouped = KeyError()
    grouped.exceptions = [AssertionError()]  # type: ignore[attr-defined] # as a group has
    assert watched.is_failure(grouped)


def test_a_constant_is_no_class_whose_objects_are_meant() -> None:
    watch = Watch()
    watch._classes |= {"VERSION", "Cache", "LRU"}
    assert not watch.is_meant(standin("VERSION", "class"))
    assert watch.is_meant(standin("Cache", "class"))
    assert watch.is_meant(standin("LRU"))
