"""Assertions report themselves; nothing else of a test changes."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict.inside import checks


def ran(source: str) -> checks.Checks:
    count = checks.Checks()
    exec(checks.rewritten("t.py", source), {"_hg_checks": count})  # noqa: S102
    return count


def test_each_assertion_is_counted_as_it_begins_and_passes() -> None:
    count = ran("for n in range(3):\n    assert n < 3\nassert True, 'words'")
    assert (count.seen, count.passed, count.failure) == (4, 4, "")


def test_the_first_failure_names_line_source_and_values() -> None:
    count = checks.Checks()
    with pytest.raises(AssertionError):
        exec(checks.rewritten("t.py", "x = 1\nassert x == 2"), {"_hg_checks": count})  # noqa: S102
    assert count.failure == "t.py:2: assert x == 2 does not hold for 1 and 2"
    assert (count.seen, count.passed) == (1, 0)


def test_a_failure_that_is_swallowed_still_counts_as_begun() -> None:
    count = ran("try:\n    assert False\nexcept AssertionError:\n    pass")
    assert (count.seen, count.passed) == (1, 0)


def test_names_that_a_test_asks_for_are_found() -> None:
    source = "import m\nassert f(len(x)) == K.y"
    assert checks.asked(source) == ["K", "f", "x"]
    assert {"f", "K", "y", "m"} <= checks.named(source)


def test_a_test_that_calls_its_own_check_is_known() -> None:
    assert checks.calls("def check(c): pass\ncheck(f)", "check")
    assert not checks.calls("def check(c): check(c)", "check")


def test_a_failure_shows_its_source_as_it_stands_also_over_several_lines() -> None:
    count = checks.Checks()
    source = "é = 'ü'; assert (é ==\r\n    'ö')\n"
    with pytest.raises(AssertionError) as raised:
        exec(checks.rewritten("t.py", source), {"_hg_checks": count})  # noqa: S102
    assert count.failure == "t.py:1: assert (é == 'ö') does not hold for 'ü' and 'ö'"
    assert raised.traceback[-1].lineno == 0


def test_names_are_looked_for_in_all_that_is_handed_over() -> None:
    assert checks.asked("assert f(1)", "def helped(x): return g(x)") == ["f", "g", "x"]


def test_what_another_test_names_is_not_named_by_this_one() -> None:
    source = "one = 1\ndef test_a(): two\ndef test_b(): three\ndef tool(): four\n"
    assert checks.named_by(source, "test_a") == {"one", "two", "four"}
    assert checks.named_by(source, "") == {"one", "two", "three", "four"}


def test_modules_that_are_taken_whole_are_known() -> None:
    assert checks.whole("from math import *\nfrom re import match\nimport os\n") == {"math"}
