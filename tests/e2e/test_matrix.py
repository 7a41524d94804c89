"""Every cell of the compatibility matrix is a test that passed, or says why it is none."""

from __future__ import annotations

import pytest

from docs import compatibility
from tests import matrix

pytestmark = pytest.mark.slow


def test_every_cell_has_a_test_or_a_reason_and_not_both() -> None:
    claimed = set(compatibility.collected())
    reasons = set(matrix.ABSENT)
    missing = set(matrix.every_cell()) - claimed - reasons
    assert not missing, f"no test and no reason: {sorted(missing)}"
    assert not claimed & reasons


def test_the_page_is_of_the_tests_as_they_are_and_all_of_them_passed() -> None:
    """`make compatibility` writes it anew."""
    assert compatibility.drift() == ""
    failed = {cell: row["not_passed"] for cell, row in compatibility.read_seen().items()}
    assert not {cell: tests for cell, tests in failed.items() if tests}


def test_a_reason_is_one_short_phrase() -> None:
    assert all(0 < len(reason) <= 40 for reason in matrix.ABSENT.values())
