"""Thinking stays in the conversation it was thought in."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from headgate.sim.binding import bond, check
from headgate.sim.checks import Refused
from headgate.sim.text import signature

OPUS, SONNET, OLD = "claude-opus-5-5", "claude-sonnet-5-5", "claude-opus-4-6"
MARK = {"cache_control": {"type": "ephemeral"}}


def asked(model: str = OPUS, **more: Any) -> dict[str, Any]:
    return {
        "model": model,
        "system": "You help.",
        "tools": [{"name": "a", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "why?"}],
        **more,
    }


def thought(body: dict[str, Any], key: str = "k", n: int = 1) -> dict[str, Any]:
    """The conversation one turn on: its thinking, bound to all that came before."""
    block = {
        "type": "thinking",
        "thinking": "hm",
        "signature": signature(7, n, bond(body, key)),
    }
    said = [{"role": "assistant", "content": [block, {"type": "text", "text": "so"}]}]
    next_turn = [{"role": "user", "content": f"and {n}?"}]
    return {**body, "messages": [*body["messages"], *said, *next_turn]}


def edited(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**copy.deepcopy(body), **more}


@pytest.mark.parametrize("model", [OPUS, SONNET, "claude-fable-5-1", "claude-haiku-5-5-x"])
def test_a_conversation_that_only_grows_goes_on(model: str) -> None:
    body = asked(model)
    for n in range(4):
        body = thought(body, n=n)
        check(body, "k")


def test_an_earlier_message_that_changed_is_refused_with_the_vendors_words() -> None:
    body = thought(thought(asked()), n=2)
    body["messages"][2]["content"] = "and one?"
    with pytest.raises(Refused) as wrong:
        check(body, "k")
    assert wrong.value.status == 400
    assert wrong.value.message.startswith(
        "messages.3.content.0: Invalid `signature` in `thinking` block."
        " The block is bound to a different conversation"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"system": "You help a lot."},
        {"system": [{"type": "text", "text": "You help."}, {"type": "text", "text": "x"}]},
        {"tools": []},
        {"tools": [{"name": "b", "input_schema": {"type": "object"}}]},
    ],
)
def test_another_system_or_other_tools_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="different conversation"):
        check(edited(thought(asked()), **change), "k")


def test_thinking_left_out_between_others_is_refused() -> None:
    body = thought(thought(asked()), n=2)
    del body["messages"][1]["content"][0]
    with pytest.raises(Refused, match=r"messages\.3\.content\.0"):
        check(body, "k")


def test_cache_marks_and_the_form_of_a_text_change_no_conversation() -> None:
    body = thought(asked())
    body["system"] = [{"type": "text", "text": "You help.", **MARK}]
    body["tools"][0] |= MARK
    body["messages"][0]["content"] = [{"type": "text", "text": "why?", **MARK}]
    check(body, "k")


def test_marks_within_a_tools_result_change_no_conversation() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "done"}
    body = thought(asked(messages=[{"role": "user", "content": [result]}]))
    body["messages"][0]["content"] = [
        {**result, "content": [{"type": "text", "text": "done", **MARK}], **MARK}
    ]
    check(body, "k")


def test_only_some_models_bind_thinking_to_the_account_too() -> None:
    check(thought(asked(OPUS)), "another key")
    with pytest.raises(Refused):
        check(thought(asked(SONNET)), "another key")


def test_models_that_bind_nothing_take_any_history() -> None:
    body = thought(asked(OLD))
    assert bond(body, "k") == b""
    check(edited(body, system="other"), "k")


def test_thinking_of_another_model_or_of_nobody_is_dropped_in_silence() -> None:
    check(edited(thought(asked(OPUS)), model="claude-fable-5-1", system="other"), "k")
    for sealed in (signature(7, 1), "no base64!", "", "c2ltdWxhdGVk"):
        body = thought(asked())
        body["messages"][1]["content"][0]["signature"] = sealed
        check(edited(body, system="other"), "k")


def test_a_caller_may_ask_that_what_does_not_fit_is_dropped() -> None:
    lenient = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    check(edited(thought(asked()), system="other", thinking=lenient), "k")
