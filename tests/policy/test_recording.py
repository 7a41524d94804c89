"""Who is recorded: those the operator named, of them a share, and nobody who says no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.recording import Named, is_of_share, means, means_model, refuses


@pytest.mark.parametrize("word", [b"no", b"off", b"false", b"0", b"", b"never", b"NO"])
def test_whatever_a_caller_says_but_yes_is_a_no(word: bytes) -> None:
    assert refuses({b"x-headgate-record": word})


@pytest.mark.parametrize("told", [b"no-store", b"No-Store", b"max-age=0, no-store"])
def test_a_caller_that_wants_nothing_stored_says_no(told: bytes) -> None:
    assert refuses({b"cache-control": told})


@pytest.mark.parametrize(
    "told", [{}, {b"x-headgate-record": b" Yes "}, {b"cache-control": b"no-cache"}]
)
def test_a_caller_that_says_nothing_of_it_leaves_it_to_the_operator(
    told: dict[bytes, bytes],
) -> None:
    assert not refuses(told)


def test_where_nothing_is_named_nothing_is_meant() -> None:
    assert not means(Named(), ("k_1", "ci"), ("bench",))


@pytest.mark.parametrize(
    ("named", "is_meant"),
    [
        (Named(keys=("ci",)), True),
        (Named(keys=("k_1",)), True),
        (Named(keys=("c*",), tags=("team=*",)), True),
        (Named(keys=("other",)), False),
        (Named(keys=("ci",), tags=("none",)), False),
        (Named(models=("*",)), True),
    ],
)
def test_a_call_must_be_all_that_is_named(named: Named, is_meant: bool) -> None:
    assert means(named, ("k_1", "ci"), ("team=a", "x")) is is_meant


def test_a_caller_without_a_key_is_none_of_the_named_keys() -> None:
    assert not means(Named(keys=("*",)), ("", ""), ())


def test_models_are_meant_as_callers_name_them() -> None:
    named = Named(models=("claude-*", "gpt-5"))
    assert means_model(named, "claude-haiku-4-5")
    assert not means_model(named, "gpt-5-mini")
    assert means_model(Named(tags=("a",)), "anything")


@given(st.text(max_size=60), st.floats(0.001, 1), st.floats(0.001, 1))
def test_who_belongs_to_a_share_belongs_to_a_greater_one(
    id: str, one: float, other: float
) -> None:
    small, great = sorted((one, other))
    assert is_of_share(small, id) <= is_of_share(great, id)
    assert is_of_share(great, id) == is_of_share(great, id)


def test_a_share_is_about_that_part_of_the_calls() -> None:
    found = sum(is_of_share(0.1, f"req_{n}") for n in range(10_000))
    assert 850 < found < 1150
    assert all(is_of_share(1.0, f"req_{n}") for n in range(100))
