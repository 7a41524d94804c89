"""Streams are split into events by the standard's rules, and odd values are never raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.conformance.grammar.verdict import (
    Event,
    Judge,
    Part,
    Verdict,
    Wish,
    entries,
    members,
    split,
    whole_number,
    word,
)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way_that_the_standard_knows(ends: str) -> None:
    data = ends.join(["event: a", "data: 1", "data:2", ": a note", "", "data: 3", "", ""])
    assert split(data.encode()) == ([Event("a", "1\n2"), Event("", "3")], "")


def test_what_no_blank_line_ended_is_no_event() -> None:
    assert split(b"data: 1\n\ndata: 2\n") == ([Event("", "1")], "data: 2")


@given(st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()))
def test_odd_values_are_empty_ones(value: object) -> None:
    assert members(value) == {}
    assert entries(value) == (value if isinstance(value, list) else [])
    assert word(value) == (value if isinstance(value, str) else "")
    assert whole_number(value) == (type(value) is int and value >= 0)


def test_a_verdict_tells_what_a_client_is_left_with() -> None:
    call = Part("tool", '{"a":1}', "call_1", "now", {"a": 1})
    free = Part("custom", "ls", "call_2", "exec")
    verdict = Verdict("openai_chat", "complete", [Part("text", "a"), call, free])
    verdict.parts += [Part("text", "b"), Part("refusal", "no"), Part("thought", "hm")]
    assert (verdict.text, verdict.refusal, verdict.thought) == ("ab", "no", "hm")
    assert verdict.calls == [("call_1", "now", {"a": 1}), ("call_2", "exec", "ls")]
    assert verdict.message()["parts"][1] == ("tool", '{"a":1}', "call_1", "now", "", [])


def test_a_violation_names_the_rule_and_the_event_that_broke_it() -> None:
    class Strict(Judge):
        def hear(self, event: Event) -> None:
            self.want(event.name == "good", "a bad event")

        def end(self) -> None:
            self.want_ours(False, "never good enough")

    judge = Strict("any", Wish())
    judge.take(Event("good", "{}"))
    judge.take(Event("bad", "{}"))
    assert judge.close().complaints == [
        "event 1: a bad event: bad {}",
        "event 2: never good enough",
    ]
    assert Strict("any", Wish(ours=False)).close().rules == []
