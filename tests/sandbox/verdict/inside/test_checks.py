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


def test_a_failure_shows_its_source_as_it_stands_also_over_several_lines() -> None:
    count = checks.Checks()
    source = "é = 'ü'; assert (é ==\r\n    'ö')\n"
    with pytest.raises(AssertionError) as raised:
        exec(checks.rewritten("t.py", source), {"_hg_checks": count})  # noqa: S102
    assert count.failure == "t.py:1: assert (é == 'ö') does not hold for 'ü' and 'ö'"
    assert raised.traceback[-1].lineno == 0


def test_an_assertion_counts_wherever_a_statement_may_stand() -> None:
    count = ran(
        """
import contextlib
class C:
    assert True
    def f(self):
        assert True
        return lambda: [1 for _ in "a"]
C().f()
for _ in "a":
    assert True
else:
    assert True
try:
    assert True
    raise ValueError
except ValueError:
    assert True
finally:
    assert True
try:
    pass
except* ValueError:
    pass
else:
    assert True
with contextlib.nullcontext():
    if False:
        pass
    elif True:
        assert True
match 1:
    case 1:
        assert True
while True:
    assert True
    break
"""
    )
    assert (count.seen, count.passed) == (11, 11)
