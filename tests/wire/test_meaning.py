"""The words of the meaning model: values that compare, and that every part has its place."""

from __future__ import annotations

from typing import get_args

import pytest

from headgate.wire import anthropic, openai_chat, openai_responses
from headgate.wire.meaning import Ask, Delta, Part, Role, Text, Turn


@pytest.mark.parametrize("dialect", [anthropic, openai_chat, openai_responses])
def test_every_dialect_calls_only_fields_of_an_ask_by_its_own_words(dialect: object) -> None:
    words = dialect.WORDS  # type: ignore[attr-defined]  # a module
    assert set(words) <= set(Ask.__struct_fields__)


def test_two_asks_of_the_same_words_are_the_same() -> None:
    def ask() -> Ask:
        return Ask("m", [Turn(Role.USER, [Text("hi")])])

    assert ask() == ask()
    assert ask() != Ask("m", [])


def test_deltas_and_parts_are_different_things() -> None:
    assert not set(get_args(Delta)) & set(get_args(Part))
