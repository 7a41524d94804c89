"""Whether two questions are the same: planted pairs, and what holds of any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headgate.policy.verifier import SAME, agree, stem, verify
from tests.policy.pairs import DIFFERENT
from tests.policy.pairs import SAME as PARAPHRASES

SAMPLE = (
    "how do i sort a list in Python before Monday without asking 5 people of Berlin why is the"
    " river 12 km long and not `cold` what does max_tokens mean Anna gives Ben a pear"
)
WORDS = st.sampled_from(SAMPLE.split())
SENTENCES = st.lists(WORDS, min_size=1, max_size=14).map(" ".join)
TEXTS = st.one_of(st.text(max_size=80), SENTENCES)
NAMES = ("Anna", "Ben", "Clara", "David", "Emil", "Fatima")


@pytest.mark.parametrize(("one", "other"), PARAPHRASES)
def test_what_means_the_same_is_the_same(one: str, other: str) -> None:
    assert verify(one, other) == SAME
    assert verify(other, one) == SAME


@pytest.mark.parametrize(("one", "other", "why"), DIFFERENT)
def test_what_only_looks_the_same_is_told_by_what_differs(
    one: str, other: str, why: str
) -> None:
    assert verify(one, other) == (False, why)
    assert verify(other, one) == (False, why)


def test_there_are_enough_pairs_of_both_kinds() -> None:
    assert len(PARAPHRASES) >= 40
    assert len(DIFFERENT) >= 60


@given(TEXTS)
def test_a_text_is_the_same_as_itself(text: str) -> None:
    assert verify(text, text) == SAME


@given(TEXTS, TEXTS)
def test_the_order_of_the_two_makes_no_difference(one: str, other: str) -> None:
    assert verify(one, other) == verify(other, one)


@given(SENTENCES, st.integers(0, 10**9), st.integers(0, 10**9))
def test_another_number_is_another_question(words: str, one: int, other: int) -> None:
    assume(one != other)
    assert not verify(f"{words} {one} apples", f"{words} {other} apples").same


@given(SENTENCES, st.sampled_from(("not", "never", "without")))
def test_what_is_negated_is_another_question(words: str, no: str) -> None:
    assert not verify(f"tell me {words} green", f"tell me {words} {no} green").same


@given(SENTENCES, st.permutations(NAMES))
def test_two_names_exchanged_are_another_question(words: str, names: list[str]) -> None:
    one, other = names[:2]
    said, turned = (f"{words} so {a} calls {b}" for a, b in ((one, other), (other, one)))
    assert not verify(said, turned).same


@given(SENTENCES, st.text("abcxyz=+-() ", min_size=1, max_size=30), st.integers(0, 29))
def test_another_code_is_another_question(words: str, code: str, at: int) -> None:
    at %= len(code)
    other = code[:at] + "q" + code[at + 1 :]
    for form in ("{} `{}x`", "{}\n```\n{}x\n```"):
        assert not verify(form.format(words, code), form.format(words, other)).same


@given(SENTENCES)
def test_blanks_and_the_case_of_the_first_letter_mean_nothing(words: str) -> None:
    loose = "  " + re.sub(" ", "  ", words) + " \n"
    assert verify(words, loose) == SAME


def test_answers_agree_when_their_facts_do_whatever_words_surround_them() -> None:
    assert agree("It is Paris, since 987.", "The answer is Paris (since 987)").same
    assert agree("It is Paris.", "It is London.").why == "name"
    assert agree("It has 3 parts", "It has 4 parts").why == "number"
    assert agree("It works", "It does not work").why == "negation"


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("sort sorts sorted sorting", "sort"),
        ("run runs running", "run"),
        ("move moves moved moving", "mov"),
        ("city cities", "city"),
        ("box boxes", "box"),
    ],
)
def test_endings_of_english_words_are_left_out(words: str, left: str) -> None:
    assert {stem(word) for word in words.split()} == {left}


@pytest.mark.parametrize("word", ["string", "king", "glass", "bus", "news", "red"])
def test_what_only_looks_like_an_ending_stays(word: str) -> None:
    assert stem(word) == word


@pytest.mark.slow
def test_no_text_takes_long_to_read() -> None:
    """Expressions that go back and forth would: each is tried on what it likes least."""
    import time

    for piece in (
        "a.",
        "1,",
        "`",
        "'",
        '"',
        "a/",
        "a-",
        "-1 ",
        "~~~\n",
        "@a",
        "_",
        "a1",
        "an ",
    ):
        text = piece * (4000 // len(piece))
        began = time.perf_counter()
        verify(text, text + "b")
        assert time.perf_counter() - began < 0.5, piece
