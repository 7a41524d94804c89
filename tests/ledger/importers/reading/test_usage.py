"""Tokens come out in classes that do not overlap, whatever they were told as."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.importers.reading.usage import (
    Tokens,
    Told,
    disjoint,
    excludes_cache,
    of_vendor,
    sounds,
    written,
)
from headgate.ledger.importers.reading.values import Bad

COUNT = st.integers(0, 10**9)


@given(fresh=COUNT, read=st.integers(1, 10**9), write=COUNT, output=COUNT, holds=st.booleans())
def test_the_sum_beside_the_parts_tells_what_the_input_holds(
    fresh: int, read: int, write: int, output: int, holds: bool
) -> None:
    tokens = Tokens(cache_read=read, cache_write_5m=write, output=output)
    total = fresh + read + write + output
    with_it = Told(fresh + read + write, total)
    assert disjoint(with_it, tokens, holds=holds)[0].input_fresh == fresh
    if fresh != fresh + read + write:
        assert disjoint(Told(fresh, total), tokens, holds=holds)[0].input_fresh == fresh


@given(told=COUNT, read=COUNT, holds=st.booleans())
def test_fresh_input_is_never_less_than_nothing(told: int, read: int, holds: bool) -> None:
    tokens, held = disjoint(Told(told), Tokens(cache_read=read), holds=holds)
    assert tokens.input_fresh == (told - read if holds and read <= told else told)
    assert not (held and read > told)


def test_writes_without_a_time_are_those_of_the_vendor() -> None:
    assert written(100, 30, 20, openai=False) == Tokens(cache_write_5m=70, cache_write_1h=30)
    assert written(100, 0, 0, openai=True) == Tokens(cache_write_30m=100)
    assert written(10, 30, 20, openai=False) == Tokens(cache_write_5m=20, cache_write_1h=30)


def test_usage_of_both_vendors_is_understood() -> None:
    anthropic = {
        "input_tokens": 5,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 3},
        "server_tool_use": {"web_search_requests": 2},
    }
    tokens, told = of_vendor(anthropic)
    assert excludes_cache(anthropic)
    assert told.input == 5
    assert tokens == Tokens(
        cache_read=100,
        cache_write_5m=10,
        cache_write_1h=20,
        output=7,
        reasoning_of_output=3,
        web_searches=2,
    )
    openai = {
        "prompt_tokens": 200,
        "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 40},
        "completion_tokens": 7,
        "completion_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 207,
    }
    tokens, told = of_vendor(openai, openai=True)
    assert not excludes_cache(openai)
    assert told == Told(200, 207)
    assert tokens == Tokens(cache_read=100, cache_write_30m=40, output=7, reasoning_of_output=3)


def test_tokens_that_are_no_text_are_seen() -> None:
    assert sounds({"prompt_tokens_details": {"audio_tokens": 3}})
    assert not sounds({"prompt_tokens_details": {"audio_tokens": 0}, "usage": None})


def test_a_count_that_is_none_is_told() -> None:
    with pytest.raises(Bad, match="prompt_tokens"):
        of_vendor({"prompt_tokens": "a prompt"})
