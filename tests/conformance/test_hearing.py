"""The upstream's ear takes everything that a vendor would, and falls over nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.conformance.case import SURFACES
from headgate.conformance.hearing import hear
from headgate.conformance.talk import Picture, Result, Thought, Use, Words

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "text", "input", "tools", "messages"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("surface", SURFACES)
@given(body=JSON)
def test_no_body_of_any_shape_is_too_odd(surface: str, body: Any) -> None:
    hear(surface, json.dumps(body).encode())
    hear(surface, json.dumps({"messages": body, "input": body, "tools": body}).encode())


def test_bytes_that_are_no_json_say_nothing() -> None:
    assert hear("chat", b"{").turns == ()


def test_a_text_and_a_list_of_one_text_are_the_same() -> None:
    short = {"messages": [{"role": "user", "content": "hi"}]}
    long = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}
    for surface in ("messages", "chat"):
        first, second = (hear(surface, json.dumps(it).encode()) for it in (short, long))
        assert first.turns == second.turns
    assert hear("responses", b'{"input":"hi"}').words() == "hi"


def test_a_developer_is_a_system_and_leads_the_conversation() -> None:
    turns = [{"role": "developer", "content": "be brief"}, {"role": "user", "content": "hi"}]
    assert hear("chat", json.dumps({"messages": turns}).encode()).system == ("be brief",)
    assert hear("responses", json.dumps({"input": turns}).encode()).system == ("be brief",)


def test_thoughts_results_and_seals_are_told_apart_from_words() -> None:
    result = [{"type": "text", "text": "x"},
              {"type": "image", "source": {"data": "aa"}}]  # fmt: skip
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "tool_use", "id": "c", "name": "n", "input": {}},
        {"type": "tool_result", "tool_use_id": "c", "content": result, "is_error": True},
    ]
    talk = hear(
        "messages", json.dumps({"messages": [{"role": "r", "content": blocks}]}).encode()
    )
    assert talk.parts(Thought) == [Thought("hm", "s")]
    assert talk.parts(Use) == [Use("c", "n", {})]
    assert talk.parts(Result) == [Result("c", (Words("x"), Picture("aa")), failed=True)]
    sealed = {"input": [{"type": "reasoning", "encrypted_content": "s"}]}
    assert hear("responses", json.dumps(sealed).encode()).parts(Thought) == [Thought("", "s")]
