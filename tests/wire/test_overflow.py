"""An input that does not fit is told in words that each client can act on."""

from __future__ import annotations

import pytest

from headgate.wire.overflow import is_overflow, spoken


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "This model's maximum context length is 128000 tokens. However, your messages"
            " resulted in 130,512 tokens. Please reduce the length of the messages.",
            "prompt is too long: 130512 tokens > 128000 maximum",
        ),
        (
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted"
            " in 300001 tokens.",
            "prompt is too long: 300001 tokens > 272000 maximum",
        ),
        (
            "prompt is too long: 205000 tokens > 200000 maximum",
            "prompt is too long: 205000 tokens > 200000 maximum",
        ),
        (
            "Your input exceeds the context window of this model. Please adjust your input.",
            "prompt is too long: Your input exceeds the context window of this model. Please"
            " adjust your input.",
        ),
    ],
)
def test_an_overflow_is_told_with_its_numbers(said: str, told: str) -> None:
    assert is_overflow(said)
    assert spoken(said) == told


@pytest.mark.parametrize("said", ["max_tokens: must be positive", "Overloaded", ""])
def test_other_complaints_are_left_alone(said: str) -> None:
    assert not is_overflow(said)
