"""Levels of effort and budgets of thinking stand for each other, never for the opposite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.ability import EFFORTS
from headgate.wire.effort import LEAST_BUDGET, asked, budget_of, nearest, of_budget
from headgate.wire.meaning import Ask, Thinking

LEVELS = st.sampled_from(EFFORTS)
KNOWN = st.sets(LEVELS).map(tuple)


@pytest.mark.parametrize(
    ("tokens", "effort"),
    [(1000, "minimal"), (1024, "low"), (2047, "low"), (2048, "medium"), (4096, "high")],
)
def test_a_budget_stands_for_a_level(tokens: int, effort: str) -> None:
    assert of_budget(tokens) == effort


def test_more_effort_is_a_larger_budget_and_never_less_than_anthropic_takes() -> None:
    budgets = [budget_of(effort) for effort in EFFORTS[1:]]
    assert budgets == sorted(set(budgets))
    assert budgets[0] == LEAST_BUDGET


@given(LEVELS, KNOWN)
def test_a_level_becomes_one_that_is_known_or_nothing(
    effort: str, known: tuple[str, ...]
) -> None:
    assert nearest(effort, known) in (known or ("",))


@given(st.sampled_from(EFFORTS[1:]), KNOWN)
def test_thinking_is_never_switched_off_by_rounding(
    effort: str, known: tuple[str, ...]
) -> None:
    chosen = nearest(effort, known)
    assert chosen != "none" or set(known) == {"none"}


@given(LEVELS, KNOWN)
def test_nothing_between_the_wanted_and_the_chosen_level_was_known(
    effort: str, known: tuple[str, ...]
) -> None:
    chosen = nearest(effort, known)
    if chosen in ("", "none"):
        return
    low, high = sorted((EFFORTS.index(effort), EFFORTS.index(chosen)))
    between = set(EFFORTS[low + 1 : high]) - {"none"}
    assert not between & set(known)


@pytest.mark.parametrize(
    ("effort", "known", "chosen"),
    [
        ("xhigh", ("low", "medium", "high"), "high"),
        ("max", ("none", "low", "high", "xhigh"), "xhigh"),
        ("minimal", ("none", "low", "high"), "low"),
        ("none", ("low", "high"), "low"),
        ("none", ("none", "low"), "none"),
        ("unheard-of", ("low", "high"), "high"),
        ("low", (), ""),
    ],
)
def test_a_level_falls_to_the_next_one_known(
    effort: str, known: tuple[str, ...], chosen: str
) -> None:
    assert nearest(effort, known) == chosen


@pytest.mark.parametrize(
    ("thinking", "effort", "level"),
    [
        (None, "", ""),
        (None, "high", "high"),
        (Thinking("off"), "high", "none"),
        (Thinking("on", budget=2048), "", "medium"),
        (Thinking("on", budget=2048), "max", "max"),
        (Thinking("on"), "", ""),
        (Thinking("adaptive"), "", ""),
        (Thinking("adaptive"), "low", "low"),
        (Thinking("between_tools"), "", "low"),
    ],
)
def test_an_ask_wants_the_level_it_names_in_its_own_words(
    thinking: Thinking | None, effort: str, level: str
) -> None:
    assert asked(Ask("m", [], thinking=thinking, effort=effort)) == level
