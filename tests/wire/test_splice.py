"""Where values lie in JSON bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.splice import backwards, is_blank, within

scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda it: st.lists(it, max_size=3) | st.dictionaries(st.text(max_size=3), it, max_size=3),
    max_leaves=8,
)
layouts = st.sampled_from([(",", ":"), (", ", ": "), ("\n ,\t", "\r\n:  ")])


def written(value: Any, layout: tuple[str, str]) -> bytes:
    return json.dumps(value, separators=layout).encode()


@given(st.lists(values, max_size=6), layouts)
def test_every_entry_of_a_list_is_found_from_the_last_to_the_first(
    entries: list[Any], layout: tuple[str, str]
) -> None:
    whole = written(entries, layout)
    raws = msgspec.json.decode(whole, type=list[msgspec.Raw])
    found = [json.loads(whole[at : at + len(bytes(raw))]) for raw, at in backwards(whole, raws)]
    assert found == entries[::-1]


@given(st.dictionaries(st.text(max_size=3), values, max_size=4), layouts)
def test_a_members_value_lies_where_it_is_said_to(
    members: dict[str, Any], layout: tuple[str, str]
) -> None:
    whole = written(members, layout)
    for name, value in members.items():
        span = within(whole, name)
        assert span is not None
        assert json.loads(whole[slice(*span)]) == value
    assert within(whole, "never there") is None


def test_of_two_members_of_one_name_neither_is_pointed_at() -> None:
    assert within(b'{"a":1,"a":2}', "a") is None


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "\u00a0"])
def test_a_text_of_blanks_is_blank_however_it_is_written(text: str) -> None:
    assert is_blank(json.dumps(text).encode())
    assert is_blank(json.dumps(text, ensure_ascii=False).encode())


@given(st.text(min_size=1))
def test_a_text_with_a_word_is_not_blank(text: str) -> None:
    assert is_blank(json.dumps(f"{text}x").encode()) is False
