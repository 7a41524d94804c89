"""What black 26.10.1 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.black import CHECK
from tests.checking import read

SAID = """--- bad.py\t2026-11-22 03:22:58.706229+00:00
+++ bad.py\t2026-11-22 03:23:37.469314+00:00
@@ -2,4 +2,4 @@
 import json


-x = 1+1
+x = 1 + 1
"""


def test_a_difference_is_one_problem_at_its_first_line() -> None:
    assert read(CHECK, SAID, "error: cannot parse: syn.py:1:6", 123) == [
        (5, 0, "error", "format")
    ]


@pytest.mark.parametrize(
    "said",
    [
        "error: cannot parse: bad.py:1:6\n    def f(:",
        "error: cannot format bad.py: Cannot parse for target version X: 1:6: def f(:",
    ],
)
def test_what_it_cannot_parse_is_told_and_not_taken_for_formatted(said: str) -> None:
    assert read(CHECK, "", said, 123) == [(1, 6, "error", "syntax")]


def test_another_end_of_its_own_says_nothing_of_the_code() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "error: cannot format bad.py: INTERNAL ERROR", 123)
