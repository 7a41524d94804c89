"""What is no number is in no range, however wide."""

from __future__ import annotations

import click
import pytest

from headgate.cli.range import Range, cap_nusd


@pytest.mark.parametrize("words", ["nan", "inf", "-inf", "-nan", "x", "3"])
def test_only_numbers_within_it_are_taken(words: str) -> None:
    with pytest.raises(click.BadParameter):
        Range(0, 2).convert(words, None, None)


@pytest.mark.parametrize("words", ["inf", "nan"])
def test_a_range_without_an_end_has_no_end_in_it_either(words: str) -> None:
    with pytest.raises(click.BadParameter, match="no number"):
        Range(0).convert(words, None, None)
    assert Range(0).convert("1e9", None, None) == 1e9


def test_a_cap_of_next_to_nothing_is_no_leave_to_spend() -> None:
    assert [cap_nusd(it) for it in (None, 1e-12, 1e-9, 2.5)] == [0, 1, 1, 2_500_000_000]
