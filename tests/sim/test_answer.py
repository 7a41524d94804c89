"""What a reply holds: the script's wishes within the caller's bounds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.answer import Answer, Ask, Seat, Tool, compose, distort
from headgate.sim.faults import ORDINARY, Script, ScriptError, merge, parse
from headgate.sim.text import encode
from headgate.wire.model import Terms, Usage

BASH = Tool("Bash", {"type": "object"})
SEAT = Seat(1, 1)
PROMPT = Usage(input_fresh=10, cache_read=5)


def answer(script: str = "", ask: Ask | None = None) -> Answer:
    return compose(ask or Ask("claude-opus-5-5"), merge(parse(script)), SEAT, PROMPT)


@given(st.integers(0, 2**32), st.integers(0, 2**20), st.integers(0, 400))
def test_the_same_place_gives_the_same_answer_and_bounds_hold(
    seed: int, n: int, most: int
) -> None:
    ask = Ask("gpt-6.1-sol", max_output=most)
    one = compose(ask, ORDINARY, Seat(seed, n), PROMPT)
    assert one == compose(ask, ORDINARY, Seat(seed, n), PROMPT)
    assert one.parts[0].text.startswith("[simulated]")
    assert one.usage.output > 0
    if most:
        assert one.usage.output <= most
        assert (one.stop == "length") == (one.usage.output == most) or one.stop == "end"


@given(st.integers(1, 3_000), st.integers(1, 100))
def test_a_script_decides_tokens_and_events(tokens: int, events: int) -> None:
    found = answer(f"output={tokens};events={events}")
    assert found.usage.output == tokens
    assert len(found.parts[0].pieces) == min(events, len(found.parts[0].text))


def test_a_reply_longer_than_its_bound_stops_there() -> None:
    found = answer("output=100", Ask("claude-opus-5-5", max_output=40))
    assert found.stop == "length"
    assert found.usage.output == 40


def test_a_tool_is_called_only_where_offered_and_not_after_its_result() -> None:
    offered = Ask("m", tools=(BASH,))
    called = answer("tool=Bash", offered)
    assert called.stop == "tool"
    assert called.parts[0].name == "Bash"
    assert answer("tool", offered).parts[0].name == "Bash"
    assert answer("tool=Other", offered).stop == "end"
    assert answer("tool=Bash").stop == "end"
    assert answer("tool=Bash", Ask("m", tools=(BASH,), after_tool=True)).stop == "end"
    again = answer("tool=Bash;tool-again", Ask("m", tools=(BASH,), after_tool=True))
    assert again.stop == "tool"
    assert answer("", Ask("m", tools=(BASH,), forced="any")).stop == "tool"
    assert answer('tool;tool-input={"a":1}', offered).parts[0].text == '{"a":1}'


def test_a_list_of_inputs_makes_as_many_calls_with_ids_of_their_own() -> None:
    found = answer('tool;tool-input=[{"a":1},{"a":2}]', Ask("m", tools=(BASH,)))
    assert [part.text for part in found.parts] == ['{"a":1}', '{"a":2}']
    assert len({part.id for part in found.parts}) == 2
    with pytest.raises(ScriptError, match="a JSON object, or a list"):
        parse('tool-input=[{"a":1},2]')


def test_a_custom_tool_gets_text_that_says_it_is_simulated() -> None:
    found = answer("tool", Ask("m", tools=(Tool("exec", is_custom=True),)))
    assert "[simulated]" in found.parts[0].text


def test_exact_usage_is_taken_as_it_is() -> None:
    usage = answer("usage=input:777,read:55,write5m:5,output:2,searches:3").usage
    assert usage == Usage(777, 55, 5, output=2, web_searches=3)


def test_thinking_comes_first_and_counts_as_output() -> None:
    found = answer("think=50;output=10;searches=2")
    assert [part.kind for part in found.parts] == ["think", "text"]
    assert found.parts[0].signature
    assert found.usage.output == 60
    assert found.usage.reasoning_of_output == 50
    assert found.usage.web_searches == 2


def test_a_schema_is_followed() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    found = answer("", Ask("m", schema=schema))
    assert found.parts[0].text == '{"a":1}'


def test_the_script_speaks_its_text_and_names_terms_and_model() -> None:
    ask = Ask("m", terms=Terms(speed="fast"))
    found = answer('text="a; b";model=other;geo=us;tier=priority', ask)
    assert found.parts[0].text == "[simulated] a; b"
    assert found.model == "other"
    assert found.terms == Terms("priority", "fast", "us")


def test_empty_and_prewarming_replies_have_no_content() -> None:
    assert answer("empty").parts == ()
    warmed = answer("", Ask("m", prewarm=True))
    assert warmed.parts == ()
    assert warmed.usage.output == 0


def test_every_copy_of_a_reply_is_paid() -> None:
    one = answer("output=10").usage.output
    assert answer("output=10", Ask("m", copies=3)).usage.output == 3 * one


@given(st.dictionaries(st.text(max_size=4), st.integers(0, 9) | st.text(max_size=3)))
def test_a_distorted_usage_is_wrong_in_the_way_asked_for(usage: dict[str, object]) -> None:
    assert distort(usage, "missing") is None
    assert distort(usage, "") == usage
    for how, wrong in (("zero", 0), ("negative", -4), ("double", 6), ("text", "3")):
        assert distort({"n": 3, "inner": {"n": 3}, "s": "x"}, how) == {
            "n": wrong,
            "inner": {"n": wrong},
            "s": "x",
        }


def test_a_default_script_leaves_nothing_to_chance() -> None:
    assert Script() == ORDINARY
    assert math.isfinite(SEAT.created)
    assert encode(answer().parts[0].text)
