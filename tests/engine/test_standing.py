"""What ordering is told of targets: their facts, what was learned of them, and this call."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from headgate.config import load
from headgate.engine.standing import (
    FIRST_OUTPUT,
    Asked,
    Scene,
    Stand,
    candidates,
    errand,
    stand,
)
from headgate.money.catalog import Catalog, PriceRules
from headgate.policy import demand
from headgate.policy.ladder import Candidate, price_nusd
from headgate.policy.memory import Memory, Reply
from headgate.policy.router import Target
from headgate.wire import SURFACES
from headgate.wire.envelope import Envelope
from headgate.wire.model import Usage
from tests.kit import ENV

CONFIG = load(
    """
[providers.anthropic]
[providers.openai]
[providers.mine]
kind = "ollama"
[models.all]
ladder = [
  { target = "anthropic:claude-opus-5-5", quality = 9 },
  { target = "openai:gpt-4o", weight = 3 },
  "mine:qwen3",
]
[capabilities."mine:*"]
images = false
""",
    ENV,
    source="it",
)
LADDER = CONFIG.routes[0].ladder
REACHED = {"anthropic": "messages", "openai": "chat", "mine": "chat"}
OPUS, GPT, QWEN = [(rung.provider, rung.model) for rung in LADDER]
AT = datetime(2026, 11, 20, tzinfo=UTC)
MARK = {"cache_control": {"type": "ephemeral"}}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load(PriceRules())


@pytest.fixture
def scene(catalog: Catalog) -> Scene:
    return Scene(catalog, Memory(), 100.0, AT, lambda target: target.provider == "mine")


def stands() -> list[Stand]:
    providers = {each.name: each for each in CONFIG.providers}
    return [
        stand(
            CONFIG,
            providers[rung.provider],
            rung,
            Target(rung.provider, rung.model),
            SURFACES[REACHED[rung.provider]],
        )
        for rung in LADDER
    ]


def asked(surface: str = "messages", **body: Any) -> Asked:
    told = {"model": "all", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}
    envelope = Envelope(json.dumps({**told, **body}).encode())
    facts = demand.read(SURFACES[surface], envelope)
    return Asked(SURFACES[surface], envelope, facts, True, b"talk", b"thread")


def found(scene: Scene, call: Asked) -> list[Candidate]:
    return candidates(stands(), call, scene)


def test_a_target_stands_with_its_weight_its_score_its_price_and_its_headroom(
    scene: Scene,
) -> None:
    opus, gpt, qwen = found(scene, asked())
    assert [(it.target.provider, it.target.model) for it in (opus, gpt, qwen)] == [
        OPUS,
        GPT,
        QWEN,
    ]
    assert (opus.weight, gpt.weight) == (1.0, 3.0)
    assert (opus.score, gpt.score) == (9.0, None)
    assert (opus.short, qwen.short) == (False, True)
    assert (opus.max_output, gpt.max_output) == (128_000, 16_384)
    assert opus.rates.priced_by == "catalog"
    assert (opus.pace_s, opus.samples, opus.output_tokens) == (None, 0, FIRST_OUTPUT)


def test_stored_results_rank_once_every_target_has_one(scene: Scene) -> None:
    scene.memory.scores = {OPUS[1]: 1.0, GPT[1]: 2.0}
    assert [it.score for it in found(scene, asked())] == [9.0, None, None]
    scene.memory.scores = {OPUS[1]: 1.0, GPT[1]: 2.0, QWEN[1]: 3.0}
    assert [it.score for it in found(scene, asked())] == [1.0, 2.0, 3.0]


def test_only_what_this_call_needs_and_a_target_lacks_counts(scene: Scene) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    picture = {"role": "user", "content": [{"type": "image", "source": source}]}
    assert [it.lacks for it in found(scene, asked())] == [(), (), ()]
    assert [it.lacks for it in found(scene, asked(messages=[picture]))] == [(), (), ("images",)]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    lacks = [it.lacks for it in found(scene, asked(thinking=thinking))]
    assert lacks == [(), ("thinking",), ()], "nobody said that qwen cannot"


def test_what_was_learned_is_told_and_an_unseen_target_is_taken_to_answer_as_the_others(
    scene: Scene,
) -> None:
    for seconds in (0.5, 0.7, 0.6):
        scene.memory.took(OPUS, seconds, 99.0, stream=True)
    scene.memory.answered(OPUS, 1_000)
    scene.memory.answered(GPT, 200)
    opus, gpt, qwen = found(scene, asked())
    assert (opus.pace_s, opus.samples) == (0.6, 3)
    assert (opus.output_tokens, gpt.output_tokens, qwen.output_tokens) == (1_000, 200, 600)
    assert {it.output_tokens for it in found(scene, asked("count_tokens"))} == {0}


def test_a_prompt_is_charged_as_each_target_writes_its_cache(scene: Scene) -> None:
    long = "word " * 5_000
    plain = found(scene, asked(system=long))
    marked = found(scene, asked(system=[{"type": "text", "text": long, **MARK}]))
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    lasting = found(scene, asked(system=[{"type": "text", "text": long, **hour}]))
    assert [it.writes for it in plain] == ["", "cache_write_30m", ""]
    assert [it.writes for it in marked] == ["cache_write_5m", "cache_write_30m", ""]
    assert lasting[0].writes == "cache_write_1h"
    assert found(scene, asked())[1].writes == "", "too short for any cache"


def test_a_conversation_that_is_known_is_counted_by_what_its_provider_counted(
    scene: Scene,
) -> None:
    call = asked(system="word " * 4_000)
    cold = errand(call, scene)
    assert (cold.home, cold.cached_tokens) == (None, 0)
    assert cold.input_tokens == pytest.approx(5_000, rel=0.02)
    assert cold.max_output == 64
    size = len(call.envelope.body)
    usage = Usage(input_fresh=10, cache_write_1h=7_000)
    scene.memory.remember(b"thread", Reply(OPUS, usage, size - 400), 90.0)
    warm = errand(call, scene)
    assert (warm.home, warm.cached_tokens, warm.input_tokens) == (OPUS, 7_000, 7_110)
    assert found(scene, call)[0].writes == "cache_write_1h"
    late = errand(call, replace(scene, now=90.0 + 3_600))
    assert (late.home, late.cached_tokens) == (None, 0)


def test_a_price_is_that_of_the_catalogue_for_what_is_read_written_and_answered(
    scene: Scene,
) -> None:
    """By hand: Opus 5.5 reads at $0.20, writes at $5 and answers at $20 per million tokens."""
    usage = Usage(cache_read=0, cache_write_5m=50_000)
    call = asked(system=[{"type": "text", "text": "word " * 40_000, **MARK}])
    scene.memory.remember(b"thread", Reply(OPUS, usage, len(call.envelope.body) - 4_000), 99.0)
    opus, gpt, _ = found(scene, call)
    trip = errand(call, scene)
    assert price_nusd(opus, trip) == 50_000 * 200 + 1_000 * 5_000 + 64 * 20_000
    assert price_nusd(gpt, trip) == 51_000 * 2_500 + 64 * 10_000


def test_terms_and_a_tool_loop_are_seen(scene: Scene) -> None:
    result = {"type": "tool_result", "tool_use_id": "a", "content": "ok"}
    trip = errand(asked(messages=[{"role": "user", "content": [result]}], speed="fast"), scene)
    assert trip.in_loop
    assert trip.terms.speed == "fast"
    assert not errand(asked(), scene).in_loop
