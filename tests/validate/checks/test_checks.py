"""Checks are found by looking, and what is no check is refused by name."""

from __future__ import annotations

import pytest

from headgate.validate.check import Check
from headgate.validate.checks import inspect, load
from headgate.validate.problem import STAGES
from tests.checking import asked


def test_every_language_has_its_checks_in_the_order_of_stages() -> None:
    checks = load()
    assert len(checks) >= 22
    stages = [STAGES.index(it.stage) for it in checks]
    assert stages == sorted(stages)


def test_two_checks_of_one_name_are_refused() -> None:
    check = load()[0]
    with pytest.raises(ValueError, match="the second"):
        inspect([("a", check), ("b", check)])


def test_what_is_no_check_is_refused_by_its_place() -> None:
    with pytest.raises(ValueError, match="somewhere brings no CHECK"):
        inspect([("somewhere", object())])


@pytest.mark.parametrize("check", load(), ids=lambda it: it.name)
def test_every_file_is_named_to_the_tool_once(check: Check) -> None:
    files = tuple(f"{name}{check.suffixes[0]}" for name in ("one", "two"))
    runs = check.plan(asked(*files))
    assert runs
    for file in files:
        said = [
            word for run in runs for word in (*run.argv, *map(repr, run.lays)) if file in word
        ]
        assert len(said) == 1


@pytest.mark.parametrize("check", load(), ids=lambda it: it.name)
def test_every_missing_tool_has_a_remedy(check: Check) -> None:
    assert check.tool is None or check.tool.remedy
