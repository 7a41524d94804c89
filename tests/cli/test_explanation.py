"""An explanation is what the gateway would do: its route, waits, limits and prices."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from headgate.cli.explanation import Asked, Unroutable, explain
from headgate.config import Config, load

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXT = """
[retry]
waits_s = [1, 2, 4]
[providers.anthropic]
silence_s = 250
[providers.ollama]
[providers.mine]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
credentials = "client"
[models]
house = "anthropic:claude-opus-5-5"
[models."claude-sonnet-*"]
ladder = ["anthropic x6", "ollama:qwen3 x2", "mine"]
canned = "sorry"
silence_s = 20
hold_ms = 0
reply_cache = "all"
[cache]
prompt = "on"
[prices.overrides."mine:gpt-x"]
input = 3
"""
PATTERN = "the most specific pattern of [models] that matches"
KEY = "sk-ant-api03-" + "Ab1_" * 23 + "xyz"


@pytest.fixture
def config() -> Config:
    return load(TEXT, {"ANTHROPIC_API_KEY": KEY}, source="headgate.toml")


def told(config: Config, asked: Asked) -> dict[str, Any]:
    return explain(config, asked, NOW)


def test_a_routes_word_on_caches_goes_over_the_houses(config: Config) -> None:
    routed = told(config, Asked("claude-sonnet-5-5", "messages"))["caches"]
    assert routed == {"prompt": "on", "reply": "all", "join": "off"}
    assert told(config, Asked("house", "messages"))["caches"] == {**routed, "reply": "off"}


def test_the_ladder_is_told_rung_by_rung_with_its_waits(config: Config) -> None:
    seen = told(config, Asked("claude-sonnet-5-5", "messages"))
    assert seen["route"]["matched"] == "claude-sonnet-*"
    assert [(rung["provider"], rung["model"], rung["tries"]) for rung in seen["ladder"]] == [
        ("anthropic", "claude-sonnet-5-5", 6),
        ("ollama", "qwen3", 2),
        ("mine", "claude-sonnet-5-5", 1),
    ]
    assert [rung["waits_s"] for rung in seen["ladder"]] == [[1, 2, 4, 4, 4], [1], []]
    assert seen["then"] == "sorry"


def test_a_rung_of_another_dialect_is_told_with_what_the_call_is_translated_to(
    config: Config,
) -> None:
    rungs = told(config, Asked("claude-sonnet-5-5", "messages"))["ladder"]
    assert [rung["translated_to"] for rung in rungs] == [None, None, "chat"]
    assert rungs[0]["url"] == "https://api.anthropic.com/v1/messages"
    assert rungs[2]["url"] == "http://127.0.0.1:9/v1/chat/completions"
    assert not any(rung["skipped"] for rung in rungs)


def test_a_rung_that_cannot_serve_the_surface_is_told_as_skipped(config: Config) -> None:
    rungs = told(config, Asked("claude-sonnet-5-5", "count_tokens"))["ladder"]
    assert [bool(rung["skipped"]) for rung in rungs] == [False, True, True]
    assert rungs[2]["url"] is None
    assert rungs[0]["abilities"] == {}, "nothing is translated for this surface"


def test_what_a_target_can_take_is_told_as_far_as_it_differs_from_the_default(
    config: Config,
) -> None:
    rungs = told(config, Asked("claude-sonnet-5-5", "messages"))["ladder"]
    assert rungs[0]["abilities"]["thinking"] == ("adaptive", "between_tools")
    assert rungs[1]["abilities"] == {"documents": False, "max_tokens_field": "max_tokens"}


def test_whose_key_travels_and_how_is_told_without_the_key(config: Config) -> None:
    seen = told(config, Asked("claude-sonnet-5-5", "messages"))
    assert [rung["key"]["from"] for rung in seen["ladder"]] == [
        "ANTHROPIC_API_KEY",
        "nobody",
        "the caller",
    ]
    assert KEY not in json.dumps(seen)


def test_the_accounts_among_which_a_conversation_keeps_to_one_are_told() -> None:
    text = '[providers.anthropic]\napi_keys = ["env:ONE", "env:TWO"]'
    config = load(text, {"ONE": KEY, "TWO": KEY + "2"}, source="it")
    (rung,) = told(config, Asked("claude-haiku-5-5", "messages"))["ladder"]
    assert (rung["key"]["from"], rung["key"]["accounts"]) == ("ONE or TWO", ["ONE", "TWO"])
    assert rung["key"]["as"].startswith("x-api-key")


def test_a_routes_own_limit_beats_the_providers(config: Config) -> None:
    own = told(config, Asked("claude-sonnet-5-5", "messages"))["limits"]
    assert (own["silence_s"], own["hold_ms"]) == (20, 0)
    other = told(config, Asked("house", "messages"))["limits"]
    assert (other["silence_s"], other["hold_ms"], other["call_s"]) == (250, 10_000, 600)


@pytest.mark.parametrize(
    ("model", "matched", "because"),
    [
        ("house", "house", "an exact name in [models]"),
        ("claude-sonnet-5", "claude-sonnet-*", PATTERN),
        ("claude-x", "claude-*", "no [models] entry matches, and anthropic serves claude-*"),
        ("mine:gpt-x", "mine:*", "no [models] entry matches, and mine serves mine:*"),
    ],
)  # fmt: skip
def test_the_reason_for_the_route_is_told(
    config: Config, model: str, matched: str, because: str
) -> None:
    assert told(config, Asked(model, "chat"))["route"] == {
        "matched": matched,
        "because": because,
    }


def test_prices_name_their_source(config: Config) -> None:
    def source(model: str) -> str:
        prices: dict[str, str] = told(config, Asked(model, "messages"))["ladder"][0]["prices"]
        return prices["priced_by"]

    assert source("house") == "catalog"
    assert source("ollama:qwen3") == "free"
    assert source("mine:nobody-knows") == "ceiling"
    assert source("mine:gpt-x") == "override"


def test_a_body_is_estimated_in_dollars(config: Config) -> None:
    seen = told(config, Asked("house", "messages", body_bytes=40_000, max_output=1_000))
    assert seen["input"]["tokens"] == 10_000
    usd = seen["ladder"][0]["estimate"]
    assert Decimal(usd["input_usd"]) == Decimal("0.04")
    assert Decimal(usd["at_most_usd"]) == Decimal("0.06")


def test_an_unknown_model_is_refused_in_the_gateways_words(config: Config) -> None:
    with pytest.raises(Unroutable, match=r"no model 'hous' here. Did you mean 'house'\?"):
        told(config, Asked("hous", "messages"))
