"""A recorded call makes a task of its own words, or it is said why it does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.adding import (
    MASKED,
    NoTask,
    Wish,
    likeness,
    name_of,
    prompt_of,
    proposed,
    unique,
)
from headgate.wire.transcript import PICTURE, Answered, Asked, Said
from tests.bench.recordings import QUESTION, call, said
from tests.bench.samples import RIGHT, TESTS

WORDS = st.text(min_size=1).filter(lambda it: bool(it.strip()))


def test_a_call_makes_a_task_of_question_and_code() -> None:
    found = proposed(call(), Wish(tags=("mine",)))
    assert found.prompt == QUESTION + "\n"
    assert (found.language, found.reference, found.tags) == ("python", RIGHT, ("mine",))
    assert found.name == "write-double-n-in-python-which"
    assert "req_1" in found.origin
    assert "anthropic:claude-haiku-4-5" in found.origin
    assert found.notes == ()


@given(WORDS, WORDS)
def test_the_prompt_holds_the_words_of_operator_and_user(system: str, question: str) -> None:
    prompt = prompt_of(call(asked=Asked(system, (Said("user", question),))))
    assert prompt.startswith(system.strip())
    assert prompt.endswith(question.strip() + "\n")


def test_earlier_turns_are_told_in_front_of_the_question() -> None:
    turns = (Said("user", "a"), Said("assistant", "b"), Said("user", "c"))
    assert prompt_of(call(asked=Asked("s", turns))) == (
        "s\n\nEarlier in this conversation:\n\n"
        "User: a\n\nAssistant: b\n\nNow answer this:\n\nc\n"
    )


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"asked": Asked("", (Said("user", "see", (PICTURE,)),))}, "holds a picture"),
        ({"asked": Asked("", (Said("assistant", "so"),))}, "does not end with what a user"),
        ({"asked": Asked("s", ())}, "does not end with what a user"),
        ({"answer": None}, "answer was not recorded"),
        ({"answer": Answered("I would rather not.")}, "names no language"),
        ({"answer": said(word="sql")}, "names no language"),
    ],
)
def test_what_can_be_no_task_is_refused_with_why(more: dict[str, Any], why: str) -> None:
    with pytest.raises(NoTask, match=why) as error:
        proposed(call(**more), Wish())
    assert error.value.remedy


def test_a_language_and_a_reference_can_be_named() -> None:
    found = proposed(call(answer=None), Wish(language="go", reference="package solution\n"))
    assert (found.language, found.reference) == ("go", "package solution\n")
    with pytest.raises(NoTask, match="no code in rust"):
        proposed(call(), Wish(language="rust"))


def test_of_several_blocks_the_one_that_the_tests_ask_for_is_proposed() -> None:
    text = f"```python\n{RIGHT}```\nand\n```python\nprint(double(3))\nmore = 'x' * 99\n```"
    found = proposed(call(answer=Answered(text)), Wish(tests=TESTS.decode()))
    assert found.reference.startswith(RIGHT)


def test_that_something_was_masked_is_noted() -> None:
    assert proposed(call(masked=1), Wish()).notes == (MASKED,)


@given(st.text(), st.sets(st.text(max_size=5)))
def test_names_are_plain_and_each_its_own(question: str, taken: set[str]) -> None:
    name = name_of(call(question=question))
    assert name
    assert name.isascii()
    found = unique(name, taken)
    assert found not in taken
    assert unique(found, {*taken, found}) != found


def test_prompts_are_alike_whatever_their_blanks() -> None:
    assert likeness(" a\n b ") == likeness("a b") != likeness("ab")
