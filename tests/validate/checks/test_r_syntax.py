"""What R 4.2 said is understood."""

from __future__ import annotations

from headgate.validate.checks.r_syntax import CHECK
from tests.checking import read


def test_the_parsers_place_is_told() -> None:
    said = "bad.r:2:0: unexpected end of input\n1: x = c(1,2\n   ^\n"
    assert read(CHECK, "", said, 0) == [(2, 0, "error", "syntax")]
