"""How Claude is asked to think: one wish, said in whichever of four ways the model knows.

Facts: docs pages "Extended thinking", "Adaptive thinking" and "Effort", as of 2026-11-20:
older models take a budget, newer ones an effort, some cannot be told not to think; one that has
a budget has to begin with a thought what it does with tools.
Rule 1: what the model refuses is said in the next best way, and named.
"""

from __future__ import annotations

from typing import Any

from headgate.wire.ability import Abilities
from headgate.wire.effort import LEAST_BUDGET, asked, budget_of, nearest
from headgate.wire.loss import Losses
from headgate.wire.meaning import Ask, Object

NOT_ON_DEMAND = "dropped: this model does not think on demand"
_THOUGHTS = ("thinking", "redacted_thinking")
_DISPLAY = {True: "summarized", False: "omitted"}
_OFF: dict[str, Object] = {
    "off": {"type": "disabled"},
    "between_tools": {"type": "between_tools"},
}


def say_reasoning(
    ask: Ask, abilities: Abilities, most: int, losses: Losses
) -> tuple[Object | None, str]:
    """(the thinking to ask for, the effort to ask for); `most` is the output's limit."""
    if ask.thinking is None and not ask.effort:
        return None, ""
    level = asked(ask)
    if not abilities.thinking:
        if level != "none" and not ask.effort:
            losses.note("thinking", NOT_ON_DEMAND)
        return None, _effort(ask, abilities, losses)
    if level == "none":
        return _off(ask, abilities, losses)
    thinking = _on(ask, abilities, most, losses)
    return thinking, _effort(ask, abilities, losses, adaptive=_is(thinking, "adaptive"))


def _is(thinking: Object | None, kind: str) -> bool:
    return thinking is not None and thinking["type"] == kind


def _off(ask: Ask, abilities: Abilities, losses: Losses) -> tuple[Object | None, str]:
    kept = ask.effort if ask.effort not in ("", "none") else ""
    for mode, said in _OFF.items():
        if mode in abilities.thinking:
            if mode != "off":
                losses.note(
                    "thinking", "changed: this model cannot stop thinking between tools"
                )
            return said, nearest(kept, abilities.efforts) if kept else ""
    if "adaptive" not in abilities.thinking:
        return None, ""  # nothing said, such a model does not think
    losses.note("thinking", "changed: this model always thinks; it is asked for little")
    return {"type": "adaptive"}, nearest("none", abilities.efforts)


def _on(ask: Ask, abilities: Abilities, most: int, losses: Losses) -> Object | None:
    modes, thinking = abilities.thinking, ask.thinking
    mode = thinking.mode if thinking is not None else "adaptive"
    if mode == "between_tools" and mode in modes:
        return _OFF[mode]
    if mode == "between_tools":
        losses.note("thinking", "changed: this model does not know between_tools")
    shown: Any = (
        _DISPLAY.get(thinking.shown) if thinking and thinking.shown is not None else None
    )
    display = {"display": shown} if shown else {}
    if "on" in modes and (mode == "on" or "adaptive" not in modes):
        budget = _budget(ask, most, losses)
        return {"type": "enabled", "budget_tokens": budget, **display} if budget else None
    if "adaptive" in modes:
        return {"type": "adaptive", **display}
    return None


def between_calls(
    thinking: Object | None, messages: list[Object], ask: Ask, losses: Losses
) -> Object | None:
    """The thinking to ask for where tools are in use that were called without a thought: other
    vendors' callers cannot send Claude's thoughts back, and with a budget it refuses that."""
    if not _is(thinking, "enabled"):
        return thinking
    first: Object | None = None
    for message in reversed(messages):
        if message["role"] == "assistant":
            first = message
        elif message["role"] == "user" and not _is(message["content"][0], "tool_result"):
            break
    if first is None or first["content"][0]["type"] in _THOUGHTS:
        return thinking
    name = "thinking" if ask.thinking is not None else "effort"
    losses.note(name, "dropped: Claude cannot begin to think between calls of tools")
    return None


def _budget(ask: Ask, most: int, losses: Losses) -> int:
    """Tokens of thinking that leave at least one for the answer; 0: there is no room."""
    said = ask.thinking.budget if ask.thinking is not None else None
    wanted = said if said is not None else budget_of(asked(ask))
    budget = min(max(wanted, LEAST_BUDGET), most - 1)
    if budget < LEAST_BUDGET:
        why = f"dropped: thinking takes at least {LEAST_BUDGET} tokens of the output's limit"
        losses.note("thinking" if ask.thinking else "effort", why)
        return 0
    return budget


def _effort(ask: Ask, abilities: Abilities, losses: Losses, *, adaptive: bool = False) -> str:
    """The level to send; a budget becomes one where the model takes none."""
    level = ask.effort or (asked(ask) if adaptive else "")
    if not level:
        return ""
    chosen = nearest(level, abilities.efforts)
    if not chosen and not abilities.thinking:
        losses.note("effort", NOT_ON_DEMAND)
    elif chosen and chosen != level:
        losses.note("effort", f"changed: this model has no {level}, it is asked for {chosen}")
    return chosen
