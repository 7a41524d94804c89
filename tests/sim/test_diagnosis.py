"""What the simulated vendors say of why a prompt missed its cache."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.sim.cache import Block, Points
from headgate.sim.diagnosis import Diary, Print, for_messages, for_responses, of_messages
from headgate.sim.diagnosis import of_responses as printed

BODY = {"model": "claude-opus-5-5", "diagnostics": {"previous_message_id": "msg_1"}}


def seen(tools: str = "ab", system: str = "s", said: str = "q", **more: Any) -> Print:
    names = ["tools"] * len(tools) + ["system"] * len(system) + ["messages"] * len(said)
    blocks = [Block(it.encode(), 100) for it in tools + system + said]
    return of_messages({**BODY, **more}, names, blocks)


def told(now: Print, before: Print | None = None) -> Any:
    diary = Diary()
    diary.note("k", "msg_1", before or seen())
    return for_messages(diary, "k", BODY, now)


@pytest.mark.parametrize(
    ("now", "kind", "lost"),
    [
        (seen(model="claude-opus-5"), "model_changed", 400),
        (seen(speed="fast"), "model_changed", 400),
        (seen(system="t"), "system_changed", 400),
        (seen(system="st"), "system_changed", 300),
        (seen(tools="ba"), "tools_changed", 300),
        (seen(tools="a"), "tools_changed", 200),
        (seen(said="rq"), "messages_changed", 100),
        (seen(system="t", tools="x", said="z"), "system_changed", 400),
    ],
)
def test_the_first_level_that_differs_is_named_with_what_it_costs(
    now: Print, kind: str, lost: int
) -> None:
    reason = {"type": kind, "cache_missed_input_tokens": lost}
    assert told(now) == {"cache_miss_reason": reason}


def test_a_conversation_that_only_goes_on_has_nothing_to_tell() -> None:
    assert told(seen()) is None
    assert told(seen(said="qar")) is None


def test_an_id_that_nobody_knows_is_said_to_be_unknown() -> None:
    diary = Diary()
    diary.note("another key", "msg_1", seen())
    unknown = {"cache_miss_reason": {"type": "previous_message_not_found"}}
    assert for_messages(diary, "k", BODY, seen()) == unknown


def test_the_first_turn_may_ask_without_an_earlier_one() -> None:
    first = {**BODY, "diagnostics": {"previous_message_id": None}}
    assert for_messages(Diary(), "k", first, seen()) is None


def response(*parts: str, **more: Any) -> Print:
    blocks = [Block(it.encode(), 100) for it in parts]
    return printed({"model": "gpt-6.1-sol", **more}, Points(blocks))


@pytest.mark.parametrize(
    ("now", "reason", "lost"),
    [
        (response("a", "b", model="gpt-6-luna"), "model_changed", 200),
        (response("a", "b", prompt_cache_key="k"), "prompt_cache_key_changed", 200),
        (response("a", "b", tools=[{}]), "tools_changed", 200),
        (response("a", "b", text={"format": {"type": "text"}}), "text_format_changed", 200),
        (response("a", "b", text={"verbosity": "low"}), "verbosity_changed", 200),
        (response("a", "b", reasoning={"effort": "low"}), "reasoning_effort_changed", 200),
        (response("a", "b", service_tier="flex"), "service_tier_changed", 200),
        (response("a", "c"), "input_changed", 100),
    ],
)
def test_openais_reasons_are_its_settings_then_its_input(
    now: Print, reason: str, lost: int
) -> None:
    diary = Diary()
    diary.note("k", "resp_1", response("a", "b"))
    assert for_responses(diary, "k", "resp_1", now) == {
        "type": "cache_miss",
        "reason": reason,
        "cache_missed_tokens": lost,
        "comparison_reusable_tokens": 200 - lost,
    }


def test_openai_says_when_nothing_parted_and_when_it_knows_no_such_response() -> None:
    diary = Diary()
    diary.note("k", "resp_1", response("a", "b"))
    grown = response("a", "b", "c")
    assert for_responses(diary, "k", "resp_1", grown) == {"type": "cache_hit"}
    lost = {"type": "comparison_response_not_found"}
    assert for_responses(diary, "k", "resp_2", grown) == lost


def test_only_the_latest_requests_are_kept() -> None:
    diary = Diary()
    for n in range(10_001):
        diary.note("k", str(n), seen())
    assert diary.of("k", "0") is None
    assert diary.of("k", "10000") is not None
