"""How a prompt of OpenAI's is cut for its cache."""

from __future__ import annotations

import math
from typing import Any

import pytest

from headgate.sim.checks import Refused
from headgate.sim.openai import prompt
from headgate.sim.points import check, cut

POINT = {"mode": "explicit"}
MODEL = "gpt-6.1-sol"


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [*messages], **more}


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def marked(text: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"type": kind, "text": text, "prompt_cache_breakpoint": {**POINT, **more}}


def test_a_prompt_is_cut_at_its_messages_and_adds_up_to_its_tokens() -> None:
    body = chat(said("system", "s" * 99), said("user", "q"), said("assistant", "a"),
                said("user", "r"), tools=[{"type": "function"}])  # fmt: skip
    points = cut(body)
    assert len(points.blocks) == 5
    assert list(points.ends) == [1, 2, 4]
    assert sum(it.tokens for it in points.blocks) == math.ceil(len(prompt(body)) / 4)
    assert not points.explicit


def test_a_breakpoint_changes_neither_the_prefix_nor_its_tokens() -> None:
    plain = cut(chat(said("system", "s"), said("user", "q")))
    point = cut(chat(said("system", [marked("s")]), said("user", "q")))
    assert [it.data for it in point.blocks] == [it.data for it in plain.blocks]
    assert [it.tokens for it in point.blocks] == [it.tokens for it in plain.blocks]
    assert [it.mark for it in point.blocks] == ["30m", ""]


def test_another_text_or_another_speaker_is_another_prefix() -> None:
    one, two = (cut(chat(said(role, "x"))).blocks[0].data for role in ("user", "system"))
    assert one != two


def test_breakpoints_of_responses_stand_in_messages_and_results() -> None:
    body = {
        "model": MODEL,
        "instructions": "i",
        "input": [
            said("developer", [marked("d", "input_text", ttl="12h")]),
            {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": [marked("r")]},
        ],
        "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
    }
    check(body)
    points = cut(body)
    assert [it.mark for it in points.blocks] == ["", "12h", "", "30m"]
    assert list(points.ends) == [1, 3]
    assert points.explicit


def test_an_input_that_is_a_text_is_a_turn_of_the_user() -> None:
    text, turn = (cut({"model": MODEL, "input": it}) for it in ("q", [said("user", "q")]))
    assert [it.data for it in text.blocks] == [it.data for it in turn.blocks]


@pytest.mark.parametrize(
    "body",
    [
        chat(prompt_cache_options=7),
        chat(prompt_cache_options={"mode": "never"}),
        chat(prompt_cache_options={"ttl": "12h"}),
        {"model": MODEL, "input": "x", "prompt_cache_options": {"ttl": "1h"}},
        chat(said("user", [{**marked("x"), "prompt_cache_breakpoint": True}])),
        chat(said("user", [marked("x", ttl="12h")])),
        chat(said("user", [marked("x")])) | {"model": "gpt-5.5"},
        chat(prompt_cache_options=POINT) | {"model": "gpt-4o"},
    ],
)
def test_what_the_vendor_does_not_take_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check(body)


def test_a_key_of_the_cache_is_taken_by_every_model() -> None:
    check(chat(said("user", "x"), prompt_cache_key="k") | {"model": "gpt-4o"})
