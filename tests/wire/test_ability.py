"""Abilities are data: nothing that speaks a dialect knows a model by its name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from headgate.wire.ability import EFFORTS, Abilities, Aim
from tests.shape.tree import SRC, label, modules, parse

MODEL = re.compile(r"\b(claude|gpt|chatgpt|deepseek|gemini|grok|llama|qwen)-?\d|\bclaude-[a-z]")
HEADERS = re.compile(r"claude-c(ode|li)")
"""a client's own name, not a model's"""


def texts(path: Path) -> list[str]:
    """Every text the code works with: what only explains is left aside."""
    explains = {id(node.value) for node in ast.walk(parse(path)) if isinstance(node, ast.Expr)}
    found = [
        node.value
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Constant) and id(node) not in explains
    ]
    return [
        each.decode("latin-1") if isinstance(each, bytes) else each
        for each in found
        if isinstance(each, str | bytes)
    ]


@pytest.mark.parametrize("path", modules(SRC / "wire", SRC / "engine"), ids=label)
def test_no_codec_compares_model_names(path: Path) -> None:
    assert [each for each in texts(path) if MODEL.search(HEADERS.sub("", each))] == []


def test_levels_of_effort_go_from_none_to_the_most() -> None:
    assert (EFFORTS[0], EFFORTS[-1]) == ("none", "max")
    assert len(set(EFFORTS)) == len(EFFORTS)


def test_abilities_are_values_that_can_be_shared_and_compared() -> None:
    assert Aim("m", Abilities(), stream=True) == Aim("m", Abilities(), stream=True)
    with pytest.raises(AttributeError):
        Abilities().images = False  # type: ignore[misc]  # that it cannot be set is the point
