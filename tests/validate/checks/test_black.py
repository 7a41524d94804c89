"""What black 26.10.1 printed is understood."""

from __future__ import annotations

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
