"""[cache]: what it asks for is there, or the file is refused with the line that is missing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from headgate.config import load
from headgate.config.model import CacheConfig, Config
from headgate.config.problem import ConfigError

PROVIDER = '[providers.anthropic]\napi_key = "env:K"\n'
ENV: Mapping[str, str] = {
    "K": "sk-x",
    "REDIS_URL": "redis://localhost:1",
    "DATABASE": "postgresql://u@h/d",
}


def read(text: str) -> Config:
    return load(PROVIDER + text, ENV, source="headgate.toml")


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(text)
    return str(error.value)


def test_without_a_word_prompts_are_advised_on_and_nothing_is_shared() -> None:
    cache = read("").cache
    assert cache == CacheConfig()
    assert (cache.prompt, cache.reply, cache.join, cache.near) == (
        "advise",
        "off",
        "off",
        "off",
    )


def test_a_route_says_otherwise_for_itself() -> None:
    config = read(
        '[cache]\nprompt = "on"\n[models.m]\nladder = "anthropic"\nprompt_cache = "off"\n'
        'reply_cache = "deterministic"\njoin = "all"\n'
    )
    route = config.routes[0]
    assert (route.prompt_cache, route.reply_cache, route.join) == (
        "off",
        "deterministic",
        "all",
    )


def test_an_unknown_mode_is_told_with_those_that_there_are() -> None:
    assert '"off" or "advise" or "on"' in refused('[cache]\nprompt = "yes"\n')


def test_replies_in_redis_need_a_redis() -> None:
    said = refused('[cache]\nstore = "redis"\n')
    assert "cache.store" in said
    assert "store.redis" in said
    store = '[store]\nurl = "env:DATABASE"\nredis = "env:REDIS_URL"\n'
    assert read(store + '[cache]\nstore = "redis"\n').cache.store == "redis"


@pytest.mark.parametrize("model", ["", "text-embedding-3-small", "anthropc:x"])
def test_near_questions_need_a_model_that_compares_them(model: str) -> None:
    said = refused(f'[cache]\nnear = "shadow"\nnear_model = "{model}"\n')
    assert "cache.near_model" in said


OPENAI = '[providers.openai]\napi_key = "env:K"\n'


def test_a_provider_that_has_no_embeddings_compares_no_questions() -> None:
    near = '[cache]\nreply = "all"\nnear = "shadow"\nnear_model = "anthropic:x"\n'
    assert "has no embeddings" in refused(near)
    assert "it can be asked: openai" in refused(OPENAI + near)


def test_near_questions_without_kept_replies_are_said_to_find_nothing() -> None:
    near = OPENAI + '[cache]\nnear = "shadow"\nnear_model = "openai:e"\n'
    assert any("cache.near" in note for note in read(near).notes)
    assert not any("cache.near" in note for note in read(near + 'reply = "all"\n').notes)
    route = '[models.m]\nladder = "anthropic"\nreply_cache = "all"\n'
    assert not any("cache.near" in note for note in read(near + route).notes)
