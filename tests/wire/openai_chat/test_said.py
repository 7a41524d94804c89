"""What replies and streams have in common: reasons to stop, made-up ids, counted tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CompletionUsage

from headgate.wire.meaning import Stop
from headgate.wire.model import Terms, Usage
from headgate.wire.naming import call_id
from headgate.wire.openai_chat.said import (
    finish_of,
    minted_id,
    stop_of,
    tier_members,
    usage_members,
)


@pytest.mark.parametrize(
    ("finish", "called", "refused", "stop"),
    [
        ("stop", False, False, Stop.END),
        ("stop", True, False, Stop.TOOLS),
        ("stop", False, True, Stop.REFUSAL),
        ("tool_calls", True, False, Stop.TOOLS),
        ("tool_calls", True, True, Stop.TOOLS),
        ("tool_calls", False, False, Stop.END),
        ("function_call", True, False, Stop.TOOLS),
        ("length", True, False, Stop.LENGTH),
        ("content_filter", False, False, Stop.REFUSAL),
        ("eos", False, False, Stop.END),
        ("", True, False, Stop.TOOLS),
    ],
)
def test_why_an_answer_ended_is_told_by_what_it_holds(
    finish: str, called: bool, refused: bool, stop: Stop
) -> None:
    assert stop_of(finish, called=called, refused=refused) is stop


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        (Stop.END, "stop"),
        (Stop.SEQUENCE, "stop"),
        (Stop.PAUSE, "stop"),
        (Stop.LENGTH, "length"),
        (Stop.CONTEXT, "length"),
        (Stop.TOOLS, "tool_calls"),
        (Stop.REFUSAL, "content_filter"),
    ],
)
def test_every_reason_to_stop_has_a_word(stop: Stop, finish: str) -> None:
    assert finish_of(stop, called=stop is Stop.TOOLS) == finish


@given(st.sampled_from(Stop), st.booleans())
def test_tools_are_promised_exactly_where_there_are_some(stop: Stop, called: bool) -> None:
    """Clients wait for ever on the one mistake, and drop calls on the other."""
    finish = finish_of(stop, called=called)
    assert (finish == "tool_calls") <= called
    assert (finish == "stop") <= (not called)


@given(st.integers(0, 99), st.text())
def test_a_made_up_id_is_the_same_every_time_and_accepted_everywhere(
    at: int, reply: str
) -> None:
    id = minted_id(at, reply)
    assert id == minted_id(at, reply) == call_id(id)
    assert id != minted_id(at + 1, reply)


@given(st.lists(st.integers(0, 10**6), min_size=9, max_size=9))
def test_usage_adds_up_and_is_what_openais_client_reads(counts: list[int]) -> None:
    usage = Usage(*counts)
    it = CompletionUsage.model_validate(usage_members(usage), strict=True)
    assert it.prompt_tokens == usage.input_total
    assert it.total_tokens == it.prompt_tokens + it.completion_tokens
    assert it.prompt_tokens_details is not None
    parts = it.prompt_tokens_details.model_dump()
    assert (
        parts["cached_tokens"] + parts["cache_write_tokens"] + usage.input_fresh
        == it.prompt_tokens
    )


def test_only_tiers_that_openai_knows_are_told() -> None:
    assert tier_members(Terms(tier="flex")) == {"service_tier": "flex"}
    assert tier_members(Terms(tier="batch")) == tier_members(Terms()) == {}
