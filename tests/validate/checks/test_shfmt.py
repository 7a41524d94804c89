"""What shfmt 3.14 printed is understood."""

from __future__ import annotations

from headgate.validate.checks.shfmt import CHECK
from tests.checking import read


def test_a_difference_is_one_problem_at_its_first_line() -> None:
    said = (
        "diff bad.sh.orig bad.sh\n--- bad.sh.orig\n+++ bad.sh\n@@ -1,2 +1,2 @@\n a\n-  b\n+b\n"
    )
    assert read(CHECK, said, "syn.sh:1:10: `then` must be followed") == [
        (2, 0, "error", "format")
    ]


def test_what_it_cannot_parse_is_told_and_not_taken_for_formatted() -> None:
    assert read(CHECK, "", "bad.sh:1:10: `then` must be followed") == [
        (1, 10, "error", "syntax")
    ]
