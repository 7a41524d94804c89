"""What a simulated model says repeats exactly, and says what it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.text import (
    dice,
    digest,
    encode,
    mint,
    mint_hex,
    pieces,
    prose,
    sample,
    signature,
)


@given(st.integers(), st.integers(), st.text(max_size=20))
def test_the_same_seed_and_number_give_the_same_identifier(
    seed: int, n: int, prefix: str
) -> None:
    assert mint(seed, n, prefix) == mint(seed, n, prefix)
    assert mint(seed, n, prefix).startswith(prefix)
    assert len(mint(seed, n, prefix)) == len(prefix) + 22
    assert len(mint_hex(seed, n, "req_", 32)) == 36


@given(st.integers(0, 9), st.sets(st.integers(0, 10_000), min_size=2, max_size=40))
def test_different_numbers_give_different_identifiers(seed: int, numbers: set[int]) -> None:
    assert len({mint(seed, n, "msg_01") for n in numbers}) == len(numbers)
    assert len({signature(seed, n) for n in numbers}) == len(numbers)


@given(st.integers(), st.integers(), st.text(max_size=9))
def test_a_throw_is_a_fraction_below_one(seed: int, n: int, purpose: str) -> None:
    assert 0 <= dice(seed, n, purpose) < 1
    assert len(digest(seed, n, purpose)) == 32


@given(st.integers(0, 5_000), st.sampled_from([3.2, 4.0]))
def test_prose_has_the_length_asked_for_and_begins_by_saying_it_is_simulated(
    tokens: int, ratio: float
) -> None:
    text = prose(tokens, ratio)
    assert text.startswith("[simulated]")
    assert len(text) == max(len("[simulated]"), int(tokens * ratio))


@given(st.text(min_size=1, max_size=300), st.integers(1, 400))
def test_pieces_put_together_are_the_text_and_none_is_empty(text: str, count: int) -> None:
    cut = pieces(text, count)
    assert "".join(cut) == text
    assert len(cut) == min(count, len(text))
    assert all(cut)


def test_a_sample_fills_what_the_schema_requires_and_nothing_else() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "count": {"type": "integer", "minimum": 3},
            "kind": {"enum": ["a", "b"]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "deep": {"anyOf": [{"type": "boolean"}]},
            "unneeded": {"type": "string"},
        },
        "required": ["name", "count", "kind", "tags", "deep"],
    }
    assert sample(schema) == {
        "name": "simulated",
        "count": 3,
        "kind": "a",
        "tags": ["simulated"],
        "deep": False,
    }


def test_a_schema_that_contains_itself_ends() -> None:
    schema: dict[str, object] = {"type": "object", "required": ["next"]}
    schema["properties"] = {"next": schema}
    assert encode(sample(schema))
