"""Every wish to think is said in a way the model knows, or its loss is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.ability import EFFORTS, Abilities
from headgate.wire.anthropic.reasoning import say_reasoning
from headgate.wire.effort import budget_of
from headgate.wire.loss import Losses
from headgate.wire.meaning import Ask, Thinking

BUDGET = Abilities(thinking=("on", "off"))
ADAPTIVE = Abilities(thinking=("adaptive", "off"), efforts=("low", "medium", "high", "xhigh"))
BOTH = Abilities(thinking=("on", "adaptive", "off"), efforts=("low", "high"))
ALWAYS = Abilities(thinking=("adaptive",), efforts=("low", "high"))
SOMETIMES = Abilities(thinking=("adaptive", "between_tools"), efforts=("low", "high"))
NEVER = Abilities()
OFF, BETWEEN = {"type": "disabled"}, {"type": "between_tools"}


def enabled(tokens: int, **more: str) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": tokens, **more}


def adaptive(**more: str) -> dict[str, Any]:
    return {"type": "adaptive", **more}


def asked(
    thinking: Thinking | None, effort: str, abilities: Abilities, most: int = 100_000
) -> tuple[Any, str, list[str]]:
    losses = Losses()
    ask = Ask("m", [], thinking=thinking, effort=effort)
    said, level = say_reasoning(ask, abilities, most, losses)
    return said, level, [loss.field for loss in losses.all]


@pytest.mark.parametrize("abilities", [BUDGET, ADAPTIVE, BOTH, ALWAYS, NEVER])
def test_who_wishes_nothing_says_nothing(abilities: Abilities) -> None:
    assert asked(None, "", abilities) == (None, "", [])


@pytest.mark.parametrize(
    ("thinking", "effort", "abilities", "said", "level"),
    [
        (None, "high", ADAPTIVE, adaptive(), "high"),
        (None, "high", BOTH, adaptive(), "high"),
        (None, "high", BUDGET, enabled(budget_of("high")), ""),
        (None, "minimal", BUDGET, enabled(1024), ""),
        (None, "none", ADAPTIVE, OFF, ""),
        (None, "none", BUDGET, OFF, ""),
        (Thinking("off"), "low", ADAPTIVE, OFF, "low"),
        (Thinking("on", 3000), "", BUDGET, enabled(3000), ""),
        (Thinking("on", 3000), "", BOTH, enabled(3000), ""),
        (Thinking("on", 3000), "", ADAPTIVE, adaptive(), "medium"),
        (Thinking("on", 3000, shown=True), "", BOTH, enabled(3000, display="summarized"), ""),
        (Thinking("adaptive", shown=False), "", ADAPTIVE, adaptive(display="omitted"), ""),
        (Thinking("adaptive"), "", BUDGET, enabled(budget_of("high")), ""),
        (Thinking("between_tools"), "high", SOMETIMES, BETWEEN, "high"),
        (None, "none", NEVER, None, ""),
    ],
)
def test_a_wish_is_said_as_the_model_knows_it(
    thinking: Thinking | None, effort: str, abilities: Abilities, said: Any, level: str
) -> None:
    lost = ["effort"] if abilities is NEVER else []
    assert asked(thinking, effort, abilities) == (said, level, lost)


@pytest.mark.parametrize(
    ("thinking", "effort", "abilities", "said", "level", "field"),
    [
        (None, "none", ALWAYS, adaptive(), "low", "thinking"),
        (Thinking("off"), "", ALWAYS, adaptive(), "low", "thinking"),
        (None, "none", SOMETIMES, BETWEEN, "", "thinking"),
        (Thinking("between_tools"), "", ALWAYS, adaptive(), "low", "thinking"),
        (None, "max", ALWAYS, adaptive(), "high", "effort"),
        (None, "high", NEVER, None, "", "effort"),
        (Thinking("on", 3000), "", NEVER, None, "", "thinking"),
    ],
)
def test_what_the_model_refuses_is_said_the_next_best_way_and_named(
    thinking: Any, effort: str, abilities: Abilities, said: Any, level: str, field: str
) -> None:
    assert asked(thinking, effort, abilities) == (said, level, [field])


def test_a_budget_leaves_room_for_the_answer_or_is_not_said() -> None:
    assert asked(None, "high", BUDGET, 3000) == (enabled(2999), "", [])
    assert asked(None, "high", BUDGET, 1024) == (None, "", ["effort"])
    assert asked(Thinking("on", 5000), "", BUDGET, 500) == (None, "", ["thinking"])


_MODES = ("on", "off", "adaptive", "between_tools")


@pytest.mark.slow
@given(
    st.none()
    | st.builds(
        Thinking,
        st.sampled_from(_MODES),
        st.none() | st.integers(-5, 10**6),
        st.none() | st.booleans(),
    ),
    st.sampled_from(["", *EFFORTS]),
    st.builds(
        Abilities,
        thinking=st.sets(st.sampled_from(_MODES)).map(tuple),
        efforts=st.sets(st.sampled_from(EFFORTS[1:])).map(tuple),
    ),
    st.integers(1, 10**5),
)
def test_a_model_is_never_asked_for_what_it_does_not_know(
    thinking: Thinking | None, effort: str, abilities: Abilities, most: int
) -> None:
    said, level, _ = asked(thinking, effort, abilities, most)
    assert level in ("", *abilities.efforts)
    modes = {"enabled": "on", "disabled": "off"}
    assert said is None or modes.get(said["type"], said["type"]) in abilities.thinking
    assert said is None or said.get("budget_tokens", 1024) >= 1024
    assert said is None or said.get("budget_tokens", 0) < most
