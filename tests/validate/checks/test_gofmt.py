"""What gofmt of Go 1.26 printed is understood."""

from __future__ import annotations

from headgate.validate.checks.gofmt import CHECK
from tests.checking import read

SAID = """diff bad.go.orig bad.go
--- bad.go.orig
+++ bad.go
@@ -1,3 +1,5 @@
 package main
+
 import "fmt"
"""


def test_a_difference_and_wrong_syntax_are_both_told() -> None:
    wrong = "syn.go:2:12: expected ')', found '{'\nsyn.go:2:12: expected ')', found '{'\n"
    assert read(CHECK, SAID, wrong, 2, "bad syn") == [
        (2, 12, "error", "syntax"),
        (2, 0, "error", "format"),
    ]
