"""The facts of a model that shape a reply."""

from __future__ import annotations

import pytest

from headgate.sim.models import MODELS, cache_minimum, charges_writes, chars_per_token, find


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-opus-5-5", 512),
        ("claude-sonnet-5-5", 512),
        ("claude-haiku-5-5", 512),
        ("claude-opus-5", 512),
        ("claude-fable-5-2", 512),
        ("claude-opus-4-8", 1024),
        ("claude-sonnet-5", 1024),
        ("claude-sonnet-4-6", 1024),
        ("claude-sonnet-4-5-20250929", 1024),
        ("claude-opus-4-1", 1024),
        ("claude-opus-4-7", 2048),
        ("claude-3-5-haiku-20241022", 2048),
        ("claude-opus-4-6", 4096),
        ("claude-opus-4-5-20251101", 4096),
        ("claude-haiku-4-5", 4096),
        ("a-name-nobody-knows", 512),
    ],
)
def test_the_shortest_prefix_cached_is_the_vendors(model: str, tokens: int) -> None:
    assert cache_minimum(model) == tokens


@pytest.mark.parametrize(
    ("model", "charged"),
    [
        ("gpt-6.1-sol", True),
        ("gpt-5.6-luna", True),
        ("gpt-5.5", False),
        ("gpt-5", False),
        ("gpt-5-mini", False),
        ("gpt-4o", False),
        ("o3", False),
    ],
)
def test_writes_cost_from_the_5_6_class_on(model: str, charged: bool) -> None:
    assert charges_writes(model) is charged


def test_newer_claude_models_cut_text_into_more_tokens() -> None:
    assert chars_per_token("claude-opus-5-5") < chars_per_token("claude-opus-4-6")
    assert chars_per_token("gpt-6.1-sol") == 4.0


def test_every_listed_model_is_found_by_its_name_and_listed_once() -> None:
    assert all(find(model.id) is model for model in MODELS)
    assert find("a-name-nobody-knows") is None
