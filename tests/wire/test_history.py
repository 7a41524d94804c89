"""Words that nobody said: what an instruction is, and how odd results and blocks are told."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.history import instructs, orphan, outcome, plain
from headgate.wire.meaning import Foreign

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["content", "text", "title", "source"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


def block(value: object) -> Foreign:
    return Foreign("mystery", msgspec.Raw(msgspec.json.encode(value)))


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("Be brief.", True),
        ("", False),
        ("x-anthropic-billing-header: cc_version=2;", False),
        ("Never send x-anthropic-billing-header: at all.", True),
    ],
)
def test_what_claude_code_tells_its_vendor_is_no_instruction(text: str, does: bool) -> None:
    assert instructs(text) is does


def test_a_failure_is_told_in_words_and_so_is_a_result_that_nobody_asked_for() -> None:
    assert (outcome("a", failed=False), outcome("a", failed=True)) == ("a", "Error: a")
    assert orphan("a", failed=True) == "Tool result: Error: a"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"content": "w"}, "w"),
        (
            {"content": [{"text": "v"}, {"text": "w"}], "title": "t", "source": "s"},
            "t\ns\nv\nw",
        ),
        ({"title": "t", "content": []}, ""),
        ({"content": [1, {"text": 5}]}, ""),
    ],
)
def test_a_block_of_another_vendor_is_told_in_its_own_words(value: object, words: str) -> None:
    assert plain(block(value)) == words


@given(JSON)
def test_no_block_whatever_it_holds_raises(value: object) -> None:
    assert isinstance(plain(block(value)), str)
