"""A client's understanding of an answer: whole or streamed, in any dialect, of any shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.conformance.case import DIALECTS
from headgate.conformance.grammar.verdict import Event, Verdict, Violation
from headgate.conformance.reading import broken_rules, ended, read, tokens
from headgate.conformance.saying import Bit, sent, stream_of, whole_of

HI = [Bit("text", ("hi",))]
SPENT = {"fresh": 76, "read": 1024, "written": 100, "output": 50}
KEYS = ["content", "choices", "output", "type", "message", "usage", "error", "tool_calls"]
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("dialect", DIALECTS.values())
@given(body=JSON)
def test_no_answer_of_any_shape_is_too_odd(dialect: str, body: Any) -> None:
    read(dialect, json.dumps(body).encode())


@pytest.mark.parametrize("dialect", DIALECTS.values())
@pytest.mark.parametrize("stop", ["end", "length", "refusal"])
def test_each_way_to_end_is_recognised(dialect: str, stop: str) -> None:
    data = b"".join(sent(dialect, stream_of(dialect, HI, stop)))
    streamed = read(dialect, data, stream=True, with_usage=True)
    whole = read(dialect, json.dumps(whole_of(dialect, HI, stop)).encode())
    for verdict in (streamed, whole):
        assert ended(verdict, stop)
        assert tokens(verdict) == SPENT
        assert broken_rules(verdict) == []


@pytest.mark.parametrize("dialect", DIALECTS.values())
def test_an_error_and_a_page_are_no_answers(dialect: str) -> None:
    assert read(dialect, b'{"error":{"message":"x"}}').ending == "error"
    assert read(dialect, b"<html>").complaints
    assert read(dialect, b"{}").complaints


def test_a_free_text_call_has_its_text() -> None:
    bits = [Bit("custom", ("ls",), "call_1", "exec")]
    for dialect in ("openai_chat", "openai_responses"):
        body = json.dumps(whole_of(dialect, bits, "tools")).encode()
        assert read(dialect, body).calls == [("call_1", "exec", "ls")]


def test_what_clients_read_over_breaks_no_rule() -> None:
    verdict = Verdict("openai_responses")
    done = Event("", "[DONE]")
    verdict.violations = [
        Violation("an event after the end", 9, done),
        Violation("an event without a sequence_number", 1, None),
        Violation("an item is done before its part", 2, None),
    ]
    assert broken_rules(verdict) == ["event 2: an item is done before its part"]
