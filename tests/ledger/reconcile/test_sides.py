"""All spellings of a model become one name."""

from __future__ import annotations

import pytest

from headgate.ledger.reconcile.sides import LINE_OF, LINES, TOKENS, canonical


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("Claude Sonnet 4.5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4-0", "claude-sonnet-4"),
        ("claude-3-5-haiku-20241022", "claude-haiku-3-5"),
        ("Claude Haiku 3.5", "claude-haiku-3-5"),
        ("claude-3-opus-latest", "claude-opus-3"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("gpt-6.1-sol", "gpt-6.1-sol"),
        ("anthropic/claude-opus-5-5", "claude-opus-5-5"),
    ],
)
def test_every_spelling_of_a_model_is_one_name(spelled: str, name: str) -> None:
    assert canonical(spelled) == name


@pytest.mark.parametrize(
    ("one", "other"), [("gpt-5", "gpt-5.5"), ("claude-opus-5", "claude-opus-5-5")]
)
def test_models_that_differ_stay_apart(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_every_class_of_tokens_is_paid_for_by_a_line() -> None:
    assert len(LINE_OF) == len(TOKENS)
    assert set(LINE_OF) <= set(LINES)
