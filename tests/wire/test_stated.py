"""Statements about abilities are checked one by one, and layers of them are merged by key."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.ability import Abilities
from headgate.wire.stated import KEYS, Stated, check, differing, merge, spell

VALUES: dict[str, st.SearchStrategy[object]] = {
    name: {
        "flag": st.booleans(),
        "count": st.integers(0, 10**6),
        "word": st.sampled_from(key.words or ("",)),
        "words": st.lists(st.sampled_from(key.words or ("",)), unique=True).map(tuple),
    }[key.form]
    for name, key in KEYS.items()
}
LAYER = st.fixed_dictionaries({}, optional=VALUES)


def test_every_field_of_abilities_can_be_stated_and_nothing_else() -> None:
    assert tuple(KEYS) == Abilities.__struct_fields__
    assert all(key.meaning for key in KEYS.values())


@given(LAYER)
def test_what_has_the_right_form_is_taken_as_the_field_holds_it(layer: Stated) -> None:
    for name, value in layer.items():
        written = list(value) if isinstance(value, tuple) else value
        assert check(name, written) == value


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("effort", ["low"], "did you mean efforts"),
        ("colour", True, "known: thinking, efforts"),
        ("sampling", "no", "write true or false"),
        ("sampling", 0, "write true or false"),
        ("efforts", "low", "write a list of"),
        ("efforts", ["lots"], '"none" "minimal" "low"'),
        ("thinking", ["enabled"], '"on" "adaptive"'),
        ("max_tokens_field", "tokens", 'one of "max_completion_tokens" "max_tokens"'),
        ("max_output", "10", "a whole number"),
        ("max_output", -1, "a whole number from 0"),
        ("stops", None, "a whole number from 0"),
        ("stops", True, "a whole number from 0"),
    ],
)
def test_a_wrong_statement_is_refused_with_what_is_right(
    name: str, value: object, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        check(name, value)


@given(st.lists(LAYER, max_size=5))
def test_the_last_layer_that_says_something_wins_and_silence_is_the_default(
    layers: list[Stated],
) -> None:
    merged = msgspec.structs.asdict(merge(layers))
    for name, default in msgspec.structs.asdict(Abilities()).items():
        said = [layer[name] for layer in layers if name in layer]
        assert merged[name] == (said[-1] if said else default)


@given(LAYER)
def test_what_differs_is_enough_to_tell_the_whole(layer: Stated) -> None:
    abilities = merge([layer])
    told = differing(abilities)
    assert merge([told]) == abilities
    assert set(told) <= set(layer)


def test_statements_are_told_in_one_line() -> None:
    told = spell(
        {"efforts": ("low", "high"), "thinking": [], "sampling": False, "prefill": True,
         "max_output": 128_000, "stops": None, "max_tokens_field": "max_tokens"}
    )  # fmt: skip
    assert told == (
        "efforts low high, thinking none, no sampling, prefill, max_output 128,000, "
        "stops any, max_tokens_field max_tokens"
    )
