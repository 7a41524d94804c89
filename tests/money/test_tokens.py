"""A text is more tokens at newer Claude models, and nothing is assumed of others."""

from __future__ import annotations

from fractions import Fraction

import pytest

from headgate.money.tokens import NEW_CLAUDE, OLD_CLAUDE, comparable, ratio, tokenizer


@pytest.mark.parametrize(
    ("model", "whose"),
    [
        ("claude-opus-4-7", NEW_CLAUDE),
        ("claude-sonnet-5-5", NEW_CLAUDE),
        ("claude-fable-5-2@20261101", NEW_CLAUDE),
        ("anthropic/claude-opus-4.8", NEW_CLAUDE),
        ("claude-sonnet-4-6", OLD_CLAUDE),
        ("claude-sonnet-4-20250514", OLD_CLAUDE),
        ("claude-3-5-sonnet-20241022", OLD_CLAUDE),
        ("claude-3-haiku", OLD_CLAUDE),
        ("gpt-6.1-terra", ""),
        ("claude", ""),
    ],
)
def test_a_model_is_known_by_the_version_in_its_name(model: str, whose: str) -> None:
    assert tokenizer(model) == whose


def test_the_newer_tokenizer_makes_thirty_percent_more_of_a_text_and_back() -> None:
    assert ratio("claude-opus-4-7", "claude-sonnet-4-6") == Fraction(13, 10)
    assert ratio("claude-sonnet-4-6", "claude-opus-4-7") == Fraction(10, 13)


def test_where_nothing_is_known_counts_stay_as_they_are() -> None:
    assert ratio("gpt-6.1-terra", "claude-opus-4-7") == 1
    assert ratio("claude-opus-4-7", "") == 1
    assert ratio("claude-opus-5-5", "claude-sonnet-5") == 1
    assert not comparable("gpt-6.1-terra", "claude-opus-4-7")
    assert comparable("gpt-6.1-terra", "gpt-6.1-terra")
    assert comparable("claude-opus-4-7", "")
