"""Estimates are never zero for something, and learn within bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.estimate import (
    CHARS_PER_TOKEN,
    FEWEST,
    LONG_ENOUGH_TOKENS,
    MODELS_KEPT,
    MOST,
    PICTURE_TOKENS,
    Ratio,
    of_body,
    tokens,
)

CHARS = st.integers(0, 10**8)
REPLY = st.tuples(st.sampled_from("ab"), CHARS, st.integers(0, 10**6))


@given(CHARS, st.floats(FEWEST, MOST))
def test_any_text_is_at_least_a_token_and_no_text_is_none(chars: int, ratio: float) -> None:
    count = tokens(chars, ratio)
    assert (count == 0) == (chars == 0)
    assert count * ratio >= chars * (1 - 1e-12)
    assert (count - 1) * ratio < chars * (1 + 1e-12) or chars == 0


@given(CHARS, CHARS)
def test_more_text_is_never_fewer_tokens(one: int, two: int) -> None:
    assert tokens(min(one, two)) <= tokens(max(one, two))


@given(st.lists(REPLY, max_size=30))
def test_whatever_is_learned_stays_within_bounds(replies: list[tuple[str, int, int]]) -> None:
    ratio = Ratio()
    for model, chars, counted in replies:
        ratio.learn(model, chars, counted)
    for model in "abc":
        assert FEWEST <= ratio.of(model) <= MOST
    assert ratio.of("c") == CHARS_PER_TOKEN


def test_a_model_is_learned_by_itself_and_slowly_after_the_first() -> None:
    ratio = Ratio()
    ratio.learn("m", 3000, 1000)
    assert ratio.of("m") == 3.0
    ratio.learn("m", 5000, 1000)
    assert 3.0 < ratio.of("m") < 3.2
    assert ratio.of("other") == CHARS_PER_TOKEN


def test_short_and_silent_replies_teach_nothing() -> None:
    ratio = Ratio()
    ratio.learn("m", 1000, LONG_ENOUGH_TOKENS - 1)
    ratio.learn("m", 0, 5000)
    assert ratio.of("m") == CHARS_PER_TOKEN


def test_names_from_callers_cannot_fill_the_memory() -> None:
    ratio = Ratio()
    for n in range(MODELS_KEPT + 10):
        ratio.learn(f"m{n}", 300, 100)
    assert ratio.of("m0") == 3.0
    assert ratio.of(f"m{MODELS_KEPT + 5}") == CHARS_PER_TOKEN
    ratio.learn("m0", 800, 100)
    assert ratio.of("m0") > 3.0


@given(st.binary(max_size=5_000), st.integers(0, 3))
def test_pictures_in_a_body_are_counted_as_pictures_and_not_as_text(
    text: bytes, pictures: int
) -> None:
    body = b" ".join([text, *[b'"base64","data":"' + b"A" * 200_000 + b'"'] * pictures])
    likely, least = of_body(body)
    assert 0 <= least <= likely
    assert likely <= tokens(len(text) + 40 * pictures) + 8 + pictures * PICTURE_TOKENS
    assert likely >= pictures * PICTURE_TOKENS


def test_a_long_word_in_a_body_without_pictures_is_text() -> None:
    assert of_body(b"A" * 48_000) == (12_000, 4_000)
