"""Whatever an upstream sends, a caller gets a whole stream or its dialect's error.

`make fuzz` plays 100,000 streams; these are the first few hundred of them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.wire.ability import Aim
from headgate.wire.loss import Losses
from headgate.wire.model import Fault, Kind
from tests.wire import fuzz
from tests.wire.talk import ASKS, MEMBERS, conversation
from tests.wire.translated import ABILITIES, CODECS, asked, others

PER_TEST = 50
DIALECTS = sorted(CODECS)
PAIRS = [(source, other) for source in DIALECTS for other in others(source)]


@pytest.mark.parametrize("first", range(0, 300, PER_TEST))
def test_whatever_an_upstream_sends_the_caller_can_read_what_it_gets(first: int) -> None:
    for seed in range(first, first + PER_TEST):
        play = fuzz.play_of(seed)
        wrong = fuzz.judge(play)[1]
        assert not wrong, fuzz.told(seed, play, wrong)


def test_the_judge_of_random_streams_finds_a_fake_success() -> None:
    """A cut stream passed off as a whole one must not go unnoticed."""
    play = next(p for seed in range(500) if (p := fuzz.play_of(seed)).valid and p.bits)
    said_whole = fuzz.judge(play)[0]
    assert said_whole.ending == "complete"
    shortened = fuzz.Play(play.route, play.bits, play.stop, play.events[:2], b"", [], True)
    assert any(each.startswith("ending: ") for each in fuzz.judge(shortened)[1])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=150)
@given(data=st.data())
def test_a_request_of_any_json_is_read_or_refused_as_invalid(
    dialect: str, data: st.DataObject
) -> None:
    body: Any = data.draw(JSON)
    if isinstance(body, dict) and data.draw(st.booleans()):
        body = {**ASKS[dialect], **body}
    refused_or_read(dialect, body)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=150)
@given(data=st.data())
def test_a_request_with_one_thing_spoiled_is_read_or_refused_as_invalid(
    dialect: str, data: st.DataObject
) -> None:
    body = json.loads(json.dumps(ASKS[dialect]))
    it: Any = body
    while True:
        key = data.draw(st.sampled_from(list(it) if isinstance(it, dict) else range(len(it))))
        inside = it[key]
        if isinstance(inside, dict | list) and inside and data.draw(st.integers(0, 3)):
            it = inside
            continue
        it[key] = data.draw(JSON)
        break
    refused_or_read(dialect, body)


def refused_or_read(dialect: str, body: object) -> None:
    """It is read and can be said in every dialect, or a Fault names what is wrong."""
    data = json.dumps(body).encode()
    try:
        for other in DIALECTS:
            losses = Losses()
            ask = CODECS[dialect].decode_ask(data, losses)
            aim = Aim("the-model", ABILITIES[other], ask.stream)
            said, _ = CODECS[other].encode_ask(ask, aim, losses)
            if not losses.grave:
                CODECS[other].decode_ask(said, Losses())
    except Fault as fault:
        kind, words = fault.kind, fault.message
    else:
        return
    assert kind is Kind.INVALID
    assert ": " in words or "JSON object" in words, f"no field is named: {words}"


@pytest.mark.parametrize(("source", "other"), PAIRS)
@settings(max_examples=40)
@given(seed=st.integers(0, 10**9))
def test_a_prefix_is_said_the_same_whatever_is_appended(
    source: str, other: str, seed: int
) -> None:
    """Or caches miss, and models that bind their thoughts to the prefix refuse them."""
    turns = conversation(source, seed)
    for count in range(1, len(turns)):
        before, rest = sent_of(source, other, turns[:count])
        after, rest_after = sent_of(source, other, turns[: count + 1])
        assert after[: len(before) - 1] == before[:-1]
        assert rest_after == rest


def sent_of(source: str, other: str, turns: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """(the messages, everything else) that go upstream of these exchanges."""
    flat = [turn for exchange in turns for turn in exchange]
    name = "input" if source == "openai_responses" else "messages"
    body = asked(source, other, {**ASKS[source], name: flat}).body
    said: dict[str, Any] = json.loads(body)
    return said.pop("input" if other == "openai_responses" else "messages"), said
