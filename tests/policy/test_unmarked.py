"""Cache marks are found wherever they stand, and what is left is a text without them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.unmarked import NAMES, ranges, without

BLOCK: dict[str, Any] = {"type": "text", "text": "a"}
MARKS: list[dict[str, Any]] = [
    {"cache_control": {"type": "ephemeral"}},
    {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
    {"cache_control": None},
    {"prompt_cache_breakpoint": {"mode": "explicit"}},
    {"prompt_cache_breakpoint": True},
]
STYLES: list[dict[str, Any]] = [
    {"separators": (",", ":")},
    {"separators": (", ", ": ")},
    {"indent": 2},
]


def bare(text: bytes) -> bytes:
    return without(text, ranges(text, 0, len(text)))


@pytest.mark.parametrize("mark", MARKS, ids=str)
@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_left_reads_as_if_the_mark_had_never_been_there(
    mark: dict[str, Any], style: dict[str, Any], place: int
) -> None:
    items = list(BLOCK.items())
    items[place:place] = mark.items()
    found = bare(json.dumps([BLOCK, dict(items), BLOCK], **style).encode())
    assert json.loads(found) == [BLOCK, BLOCK, BLOCK]
    if style.get("indent") is None:
        assert found == json.dumps([BLOCK] * 3, **style).encode()


@given(st.lists(st.sampled_from([{}, *MARKS]), max_size=6))
def test_several_marks_are_found_in_their_order(several: list[dict[str, Any]]) -> None:
    blocks = [{**BLOCK, **mark} for mark in several]
    text = json.dumps(blocks).encode()
    assert ranges(text, 0, len(text)) == sorted(ranges(text, 0, len(text)))
    assert json.loads(bare(text)) == [BLOCK] * len(several)


@given(st.text(max_size=8))
def test_what_only_speaks_of_marks_stays(said: str) -> None:
    name = NAMES[0].decode()
    for words in (f'{said},{name}:{{"type":"ephemeral"}}', name, said + name):
        text = json.dumps([{"text": words}, {"enum": [name.strip('"'), "b"]}]).encode()
        assert bare(text) == text


def test_only_what_lies_between_the_two_places_is_looked_at() -> None:
    text = json.dumps([{**BLOCK, **MARKS[0]}, {**BLOCK, **MARKS[0]}]).encode()
    first, second = ranges(text, 0, len(text))
    assert ranges(text, first[1], len(text)) == [second]
    assert ranges(text, 0, first[1] - 1) == []


def test_a_mark_that_stands_alone_leaves_an_empty_object() -> None:
    assert bare(b'[{"cache_control":{"type":"ephemeral"}}]') == b"[{}]"
