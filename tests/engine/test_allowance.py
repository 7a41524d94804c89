"""A key's bounds hold wherever a body names a model, and cost a key without bounds nothing."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.allowance import check
from headgate.policy.permit import Grant, Permit
from headgate.wire import SURFACES
from headgate.wire.call import Call, Caller, Holder, open_call
from headgate.wire.model import Fault, Kind
from tests.engine.players import call_of

HAIKU = Holder("k_1", refusal=Permit([Grant("key", "a", ("claude-haiku-*",))]).refusal)


def asked(body: dict[str, Any] | bytes, surface: str = "messages") -> Call:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return open_call(SURFACES[surface], content, Caller([], HAIKU), id="call-1")


def refused(body: dict[str, Any] | bytes, surface: str = "messages") -> str:
    with pytest.raises(Fault) as caught:
        check(asked(body, surface))
    assert caught.value.kind is Kind.FORBIDDEN
    return caught.value.message


def test_the_model_that_is_asked_for_counts() -> None:
    check(asked({"model": "claude-haiku-5-5"}))
    assert "'claude-opus-5-5'" in refused({"model": "claude-opus-5-5"})


@pytest.mark.parametrize(
    "more",
    [
        {"fallbacks": [{"model": "claude-opus-5-5"}]},
        {"fallbacks": [{"model": "claude-haiku-5-5"}, {"model": "claude-opus-5-5"}]},
        {"fallbacks": {"model": "claude-opus-5-5"}},
        {"models": ["claude-haiku-5-5", "claude-opus-5-5"]},
        {"models": "claude-opus-5-5"},
        {"tools": [{"type": "advisor", "model": "claude-opus-5-5"}]},
    ],
)
def test_a_model_named_for_the_provider_to_turn_to_counts_too(more: dict[str, Any]) -> None:
    assert "'claude-opus-5-5'" in refused({"model": "claude-haiku-5-5", **more})


def test_an_escaped_member_name_hides_no_model() -> None:
    body = rb'{"model":"claude-haiku-5-5","tools":[{"mod\u0065l":"claude-opus-5-5"}]}'
    assert "'claude-opus-5-5'" in refused(body)


@pytest.mark.parametrize(
    "more",
    [
        {"fallbacks": None},
        {"fallbacks": [{"model": "claude-haiku-5-5"}, {"x": 1}, 3, None]},
        {"models": []},
        {
            "tools": [
                {"name": "f", "input_schema": {"properties": {"model": {"type": "string"}}}}
            ]
        },
        {"messages": [{"role": "user", "content": 'say {"model": "claude-opus-5-5"}'}]},
    ],
)
def test_what_names_no_other_model_passes(more: dict[str, Any]) -> None:
    check(asked({"model": "claude-haiku-5-5", **more}))


def test_a_key_without_bounds_is_not_looked_into() -> None:
    check(call_of({"model": "anything", "models": ["everything"]}))


def test_a_call_without_a_model_is_refused_for_that_and_not_here() -> None:
    check(asked({"model": None}))


VALUES = st.recursive(
    st.none() | st.text(max_size=4) | st.integers(0, 3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["model", "x"]), inner, max_size=2)
    ),
)


@given(VALUES, st.sampled_from(["fallbacks", "models", "tools"]))
def test_whatever_stands_there_is_judged_and_never_a_bug(value: Any, name: str) -> None:
    with contextlib.suppress(Fault):
        check(asked({"model": "claude-haiku-5-5", name: value}))
