"""Schemas become such as Anthropic can hold a model to, and nothing of them is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.anthropic.schema import DEEPEST, simplified
from headgate.wire.model import Fault

WORDS = [
    *("type", "properties", "items", "anyOf", "oneOf", "minimum", "format", "minItems"),
    *("additionalProperties", "description", "$defs"),
]
CLOSED: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


def test_an_unsupported_keyword_is_said_in_the_description() -> None:
    number = {"type": "integer", "minimum": 1}
    simple = simplified({**CLOSED, "properties": {"n": number}, "required": ["n"]})
    assert simple.schema["properties"]["n"] == {"type": "integer", "description": "minimum: 1"}
    assert (simple.changed, simple.open) == (True, False)


def test_a_description_that_is_there_is_kept() -> None:
    text = {"type": "string", "maxLength": 3, "description": "A word", "pattern": "^a"}
    assert simplified(text).schema == {
        "type": "string",
        "description": "A word\n\nmaxLength: 3, pattern: ^a",
    }


@pytest.mark.parametrize(
    "schema",
    [
        CLOSED,
        {"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 1},
        {"anyOf": [{"type": "null"}, {"enum": ["a", 1]}]},
        {**CLOSED, "properties": {"minimum": {"$ref": "#/$defs/x"}}, "$defs": {"x": CLOSED}},
        {"const": {"minimum": 1}, "default": {"pattern": "x"}},
    ],
)
def test_what_is_supported_stays_as_it_is(schema: dict[str, Any]) -> None:
    simple = simplified(schema)
    assert (simple.schema, simple.changed, simple.open) == (schema, False, False)


def test_what_lies_deeper_is_simplified_too() -> None:
    odd, simple = (
        {"type": "array", "minItems": 2},
        {"type": "array", "description": "minItems: 2"},
    )
    schema = {"anyOf": [{"type": "array", "items": odd}], "$defs": {"x": odd}}
    assert simplified(schema).schema == {
        "anyOf": [{"type": "array", "items": simple}],
        "$defs": {"x": simple},
    }


def test_one_of_is_said_as_any_of() -> None:
    assert simplified({"oneOf": [{"type": "null"}]}).schema == {"anyOf": [{"type": "null"}]}


def test_objects_are_closed() -> None:
    loose = {"type": ["object", "null"], "properties": {"a": {"type": "string"}}}
    assert simplified(loose).schema == {**loose, "additionalProperties": False}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": True},
        {**CLOSED, "additionalProperties": {"type": "string"}},
        {"type": "array", "items": {"type": "object"}},
    ],
)
def test_objects_with_members_of_any_name_are_told_apart(schema: dict[str, Any]) -> None:
    assert simplified(schema).open


def test_a_schema_deeper_than_any_real_one_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(DEEPEST + 1):
        schema = {"items": schema}
    with pytest.raises(Fault, match="deeper than"):
        simplified(schema)


_SCHEMAS = st.recursive(
    st.booleans() | st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS),
            inner,
            max_size=4,
        )
    ),
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(["type", "properties", "items", "anyOf"]), _SCHEMAS))
def test_any_json_is_taken_and_what_came_out_is_simple(schema: dict[str, Any]) -> None:
    once = simplified(schema).schema
    assert simplified(once).schema == once
