"""Of what clippy says this check takes the lints alone."""

from __future__ import annotations

from headgate.validate.checks.clippy import CHECK
from headgate.validate.problem import NOT_COMPILED
from tests.checking import read
from tests.validate.checks.test_cargo_check import RUSTC


def test_lints_are_told_and_types_left_to_their_own_check() -> None:
    lint = RUSTC.replace("E0308", "clippy::len_zero").replace(
        '"level":"error"', '"level":"warning"'
    )
    assert read(CHECK, "", lint, 1) == [(2, 15, "warning", "clippy::len_zero")]


def test_what_does_not_compile_is_not_taken_for_free_of_lints() -> None:
    assert read(CHECK, "", RUSTC, 1) == [(0, 0, "error", NOT_COMPILED)]
