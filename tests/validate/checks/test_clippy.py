"""Of what clippy says this check takes the lints alone."""

from __future__ import annotations

from headgate.validate.checks.clippy import CHECK
from tests.checking import read
from tests.validate.checks.test_cargo_check import RUSTC


def test_lints_are_told_and_types_left_to_their_own_check() -> None:
    lint = RUSTC.replace("E0308", "clippy::len_zero").replace(
        '"level":"error"', '"level":"warning"'
    )
    assert read(CHECK, "", RUSTC + lint, 1) == [(2, 15, "warning", "clippy::len_zero")]
