"""What a request loses on its way to another dialect, told as the gateway would judge it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.cli.translation import NoTarget, Target, find_target, weigh
from headgate.config import Config, abilities, load, without_key
from headgate.providers import SPOKEN, read_all
from headgate.wire import SURFACES
from headgate.wire.stated import differing

TEXT = """
[providers.mine]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
[providers.ollama]
paths = { messages = "", responses = "" }
[models]
"claude-haiku-*" = ["mine:small", "ollama"]
[capabilities."mine:small"]
images = false
"""
IMAGE = {"type": "base64", "media_type": "image/png", "data": "aGk="}
ASKS: dict[str, dict[str, Any]] = {
    "messages": {
        "model": "m",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    },
    "chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "responses": {"model": "m", "input": "hi"},
}


@pytest.fixture
def config() -> Config:
    return load(TEXT, {}, source="headgate.toml")


def weighed(
    config: Config, target: str, surface: str = "messages", **changes: object
) -> dict[str, Any]:
    body = json.dumps(ASKS[surface] | changes).encode()
    told = weigh(config, body, surface, find_target(config, target))
    assert msgspec.json.decode(msgspec.json.encode(told))["from"] == surface
    return told


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [
        ("mine:small", "mine", "small"),
        ("mine", "mine", ""),
        ("openai:gpt-4o", "openai", "gpt-4o"),
        ("ollama:qwen3:8b", "ollama", "qwen3:8b"),
        ("claude-haiku-5-5", "mine", "small"),
    ],
)
def test_a_target_is_configured_or_a_kind_or_what_a_model_is_routed_to(
    config: Config, name: str, provider: str, model: str
) -> None:
    target = find_target(config, name)
    assert (target.provider.name, target.model) == (provider, model)


@pytest.mark.parametrize(
    ("name", "hint"), [("mien:x", "did you mean mine:x"), ("gpt-4o", "write provider:model")]
)
def test_a_target_that_is_none_is_told_with_its_remedy(
    config: Config, name: str, hint: str
) -> None:
    with pytest.raises(NoTarget, match="is no target") as refusal:
        find_target(config, name)
    assert hint in refusal.value.hint


def test_a_grave_loss_refuses_and_names_the_field_and_how_claude_code_mends_it(
    config: Config,
) -> None:
    content = [{"type": "text", "text": "see"}, {"type": "image", "source": IMAGE}]
    told = weighed(config, "mine:small", messages=[{"role": "user", "content": content}])
    assert not told["passes"]
    [loss] = [loss for loss in told["losses"] if loss["refused"]]
    assert loss["field"] == "messages[0].content[1]"
    assert loss["heals"] == "image_block"
    assert told["abilities"]["images"] is False
    assert weighed(config, "openai:gpt-4o")["passes"]


def test_a_light_loss_is_told_and_the_request_passes(config: Config) -> None:
    told = weighed(config, "openai:gpt-5", temperature=0.3, max_tokens=999_999)
    assert told["passes"]
    assert {loss["field"] for loss in told["losses"]} == {"temperature", "max_tokens"}
    assert told["body"]["max_completion_tokens"] == 128_000
    assert "temperature" not in told["body"]


def test_the_models_own_name_is_kept_where_the_target_names_none(config: Config) -> None:
    told = weighed(config, "mine", model="large")
    assert (told["target"], told["body"]["model"]) == ("mine:large", "large")


def test_a_request_that_needs_no_translation_keeps_every_field(config: Config) -> None:
    told = weighed(config, "mine:small", "chat", unheard_of=1)
    assert (told["translated"], told["passes"], told["to"]) == (False, True, "chat")
    assert json.loads(msgspec.json.encode(told["body"])) == {
        **ASKS["chat"], "unheard_of": 1, "model": "small",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "surface", "fault"),
    [
        (b"[]", "messages", "must be a JSON object"),
        (b'{"model": 7}', "chat", "model: must be a string"),
        (b'{"messages": 7}', "messages", "messages"),
        (b'{"model": "m", "input": "x"}', "embeddings", "can be translated, not embeddings"),
    ],
)
def test_a_request_that_is_none_is_told_as_the_gateway_would(
    config: Config, body: bytes, surface: str, fault: str
) -> None:
    target = find_target(config, "openai" if surface != "chat" else "anthropic")
    told = weigh(config, body, surface, target)
    assert not told["passes"]
    assert fault in str(told["fault"])


def test_a_provider_without_conversations_is_told() -> None:
    text = """
[providers.mine]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
paths = { chat = "" }
"""
    told = weighed(load(text, {}, source="it"), "mine:m")
    assert "mine serves nothing that messages can be translated to" in told["fault"]


@pytest.mark.parametrize("kind", read_all())
@pytest.mark.parametrize("surface", SPOKEN)
def test_every_dialect_reaches_every_kind_of_provider_without_configuration(
    kind: str, surface: str
) -> None:
    provider = without_key(kind)
    assert provider is not None
    body = json.dumps(ASKS[surface]).encode()
    told = weigh(Config(), body, surface, Target(provider, "nobody-knows"))
    assert told["passes"], told
    assert told["to"] in provider.paths
    if told["translated"]:
        assert told["abilities"] == differing(abilities(Config(), provider, "nobody-knows"))
        assert told["body"]["model"] == "nobody-knows"  # type: ignore[index]  # a JSON object
        assert SURFACES[str(told["to"])].dialect is not SURFACES[surface].dialect
