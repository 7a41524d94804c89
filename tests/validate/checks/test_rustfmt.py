"""What rustfmt 1.9 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.rustfmt import CHECK
from tests.checking import read

DIFF = """Diff in /box/bad.rs:1:
 fn main() {
- let x: i32 = "a";
+    let x: i32 = "a";
"""
WRONG = """error: this file contains an unclosed delimiter
 --> /box/bad.rs:1:12
  |
1 | fn main( {
  |        - -^
"""


def test_a_difference_and_wrong_syntax_are_told() -> None:
    assert read(CHECK, DIFF) == [(1, 0, "error", "format")]
    assert read(CHECK, "", WRONG) == [(1, 12, "error", "syntax")]


def test_a_failure_without_words_is_not_taken_for_a_pass() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "killed")
