"""What a target can take: which statement wins, and what a wrong entry is told."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.config import Config, ConfigError, abilities, is_known, load, without_key
from headgate.money import facts
from headgate.providers import Provider, read_all
from headgate.wire.ability import Abilities
from headgate.wire.stated import KEYS

SERVERS = """
[providers.mine]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
[providers.ollama]
"""
FACTS = facts.read()
NAMES = [name.rstrip("*") for fact in FACTS.models for name in fact.names]


def configured(capabilities: str) -> Config:
    return load(f"{SERVERS}\n{capabilities}", {}, source="it")


def asked(config: Config, target: str) -> Abilities:
    name, _, model = target.partition(":")
    provider = next(each for each in config.providers if each.name == name)
    return abilities(config, provider, model)


def bare(kind: str) -> Provider:
    provider = without_key(kind)
    assert provider is not None
    return provider


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("openai:gpt-4o", {"max_output": 16_384, "stops": 4, "sampling": True, "efforts": ()}),
        (
            "openai:gpt-5.6-sol",
            {"stops": 0, "session_key": True, "custom_tools": True, "cache_marks": True},
        ),
        ("openai:gpt-5", {"sampling": False, "cache_marks": False, "session_key": True}),
        ("openrouter:openai/gpt-5.6-sol", {"custom_tools": False, "session_key": False}),
        ("anthropic:claude-sonnet-4-5", {"prefill": True, "system_turns": False}),
        ("anthropic:claude-opus-5-5", {"system_turns": True, "forced_tools": False}),
        ("deepseek:deepseek-chat", {"reasoning_text": True, "documents": False}),
        ("vllm:deepseek-chat", {"reasoning_text": False, "images": False}),
        (
            "openai-compatible:anything",
            {"max_tokens_field": "max_tokens", "stops": 4, "custom_tools": False},
        ),
        ("openai-compatible:anything", {"system_turns": True, "efforts": (), "images": True}),
    ],
)
def test_a_target_can_what_its_server_and_its_model_can(
    target: str, expected: dict[str, object]
) -> None:
    kind, _, model = target.partition(":")
    can = msgspec.structs.asdict(abilities(Config(), bare(kind), model))
    assert {name: can[name] for name in expected} == expected


@given(st.sampled_from(sorted(read_all())), st.sampled_from([*NAMES, "nobody-knows"]))
@settings(max_examples=200)
def test_the_models_row_goes_over_the_server_except_what_the_server_lacks(
    kind: str, model: str
) -> None:
    can = msgspec.structs.asdict(abilities(Config(), bare(kind), model))
    server, row = read_all()[kind].abilities, FACTS.abilities(model)
    for name, default in msgspec.structs.asdict(Abilities()).items():
        stated = row.get(name, server.get(name, default))
        assert can[name] == (False if server.get(name) is False else stated)


def test_the_operator_has_the_last_word_even_over_what_the_server_lacks() -> None:
    config = configured("[capabilities.small]\ndocuments = true\nstops = 9")
    assert asked(config, "mine:small").documents
    assert asked(config, "mine:small").stops == 9
    assert not asked(config, "mine:large").documents


def test_the_more_specific_entry_wins_key_by_key_and_the_provider_counts_most() -> None:
    entries = {
        '"*"': "max_output = 1\nstops = 1\nimages = false",
        '"qwen*"': "max_output = 2\nstops = 2",
        '"qwen3:8b"': "max_output = 3",
        '"mine:*"': "max_output = 4",
        '"mine:qwen3:8b"': "prefill = true",
    }
    orders = (list(entries.items()), list(entries.items())[::-1])
    for order in orders:
        config = configured("\n".join(f"[capabilities.{name}]\n{it}" for name, it in order))
        here, there = asked(config, "mine:qwen3:8b"), asked(config, "ollama:qwen3:8b")
        assert (here.max_output, here.stops, here.images, here.prefill) == (4, 2, False, True)
        assert (there.max_output, there.stops, there.prefill) == (3, 2, False)
        assert asked(config, "ollama:qwen2").max_output == 2


def test_every_key_can_be_written_and_is_held_as_the_codecs_read_it() -> None:
    written = {
        "flag": "true", "count": "7", "word": '"{0}"', "words": '["{0}"]',
    }  # fmt: skip
    lines = (
        f"{key.name} = {written[key.form].format(*(key.words or ('',)))}"
        for key in KEYS.values()
    )
    can = asked(configured("[capabilities.m]\n" + "\n".join(lines)), "mine:m")
    for key in KEYS.values():
        held = {"flag": True, "count": 7, "word": key.words[:1], "words": key.words[:1]}
        seen = getattr(can, key.name)
        assert (seen if key.form != "word" else (seen,)) == held[key.form]


def test_every_mistake_is_told_at_once_with_its_remedy() -> None:
    text = """
[capabilities]
bare = 7
" spaced" = { images = false }
[capabilities."m"]
imags = false
sampling = "no"
efforts = ["hihg"]
thinking = "on"
stops = -1
max_tokens_field = "max"
"""
    with pytest.raises(ConfigError) as refusal:
        configured(text)
    told = str(refusal.value)
    for words in (
        "8 mistakes",
        "capabilities.bare (line 9): must be a table",
        "cannot be a model's name",
        "did you mean 'images'?",
        "capabilities.m.sampling (line 13): must be true or false",
        "did you mean 'high'?",
        "must be a list, not text",
        "at least 0",
        "max_tokens",
    ):
        assert words in told


def test_an_entry_that_seems_to_misspell_a_provider_is_noticed_at_start() -> None:
    notes = configured('[capabilities."olama:qwen3"]\nimages = false').notes
    assert any(re.search(r"olama.*did you mean 'ollama:qwen3'", note) for note in notes)
    assert not configured('[capabilities."qwen3:8b"]\nimages = false').notes


def test_the_same_question_is_answered_from_memory() -> None:
    config = configured("")
    assert asked(config, "mine:m") is asked(config, "mine:m")


def test_a_model_is_known_when_a_row_describes_it_or_the_operator_says_how_it_thinks() -> None:
    text = """
[providers.mine]
kind = "ollama"
[capabilities."qwen*"]
efforts = ["low"]
[capabilities."mine:own"]
thinking = []
[capabilities."mine:blind"]
images = false
"""
    config = load(text, {}, source="it")
    mine = config.providers[0]
    known = ["qwen3", "own", "gpt-4o", "claude-haiku-5-5"]
    assert [is_known(config, mine, name) for name in known] == [True] * 4
    assert not is_known(config, mine, "nobody-speaks-of-it")
    assert not is_known(config, mine, "blind")
