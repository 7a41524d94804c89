"""What ruff format 0.17.6 printed is understood."""

from __future__ import annotations

from headgate.validate.checks.ruff_format import CHECK
from tests.checking import read

SAID = """--- bad.py
+++ bad.py
@@ -4,7 +4,7 @@

 def add(a: int, b: int) -> int:
     x = 1
-    return a+b
+    return a + b


"""


def test_a_difference_is_one_problem_at_its_first_line() -> None:
    assert read(CHECK, SAID) == [(7, 0, "error", "format")]


def test_what_it_cannot_parse_is_told_and_not_taken_for_formatted() -> None:
    said = "error: Failed to parse bad.py:1:12: Expected a parameter\n"
    assert read(CHECK, "", said, 2) == [(1, 12, "error", "syntax")]


def test_no_difference_is_no_problem() -> None:
    assert read(CHECK, "", "1 file already formatted", 0) == []
