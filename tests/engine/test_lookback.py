"""Requests are held until they must be compared, and not one byte more than is allowed."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.lookback import Held, Prompt
from headgate.policy import trail
from headgate.wire.envelope import Envelope


def request(text: str) -> Envelope:
    turns = [{"role": "user", "content": text}]
    return Envelope(json.dumps({"model": "m", "system": "s", "messages": turns}).encode())


def test_a_prompt_is_held_until_its_trail_is_laid() -> None:
    envelope = request("hello")
    prompt = Prompt(envelope, 7)
    assert prompt.size == len(envelope.body)
    assert prompt.trail() == trail.lay(envelope, 7)
    assert prompt.size == 0
    assert prompt.trail() == trail.lay(envelope, 7)


def test_of_a_prompt_that_was_released_nothing_is_known() -> None:
    prompt = Prompt(request("hello"), 7)
    prompt.release()
    assert (prompt.trail(), prompt.size) == (None, 0)


def test_a_trail_that_was_laid_outlives_the_request() -> None:
    prompt = Prompt(request("hello"), 7)
    laid = prompt.trail()
    prompt.release()
    assert prompt.trail() == laid is not None


@given(st.lists(st.integers(min_value=0, max_value=400), max_size=30), st.data())
def test_no_more_is_held_than_may_be(lengths: list[int], data: st.DataObject) -> None:
    held = Held(most=1_000)
    prompts: list[Prompt] = []
    for length in lengths:
        prompts.append(Prompt(request("x" * length), 1))
        held.take(prompts[-1])
        if data.draw(st.booleans()):
            held.drop(data.draw(st.sampled_from(prompts)))
        assert sum(prompt.size for prompt in prompts) <= 1_000


def test_the_oldest_goes_first() -> None:
    held = Held(most=1_000)
    prompts = [Prompt(request(f"{n}" + "x" * 300), 1) for n in range(5)]
    for prompt in prompts:
        held.take(prompt)
    assert [prompt.size > 0 for prompt in prompts] == [False, False, False, True, True]
