"""[providers.NAME]: addresses are cleaned, keys come from where they usually are."""

from __future__ import annotations

import pytest

from headgate.config import ConfigError, load
from headgate.config.upstream import NOBODY, is_local, without_key
from headgate.providers import Provider, read_all

KEY = "a-key-of-some-length"


def only(text: str, **env: str) -> Provider:
    (provider,) = load(text, env, source="it").providers
    return provider


@pytest.mark.parametrize(
    ("kind", "written", "chat"),
    [
        ("openai", "http://127.0.0.1:9", "http://127.0.0.1:9/v1/chat/completions"),
        ("openai", "http://127.0.0.1:9/v1/", "http://127.0.0.1:9/v1/chat/completions"),
        ("openai", "https://x.test/openai/v1", "https://x.test/openai/v1/chat/completions"),
        ("vllm", "http://[::1]:9/v1", "http://[::1]:9/v1/chat/completions"),
        ("openai-compatible", "https://x.test/a/b", "https://x.test/a/b/chat/completions"),
        ("openai-compatible", "https://x.test", "https://x.test/v1/chat/completions"),
        ("openai-compatible", "https://x.test/v1", "https://x.test/v1/chat/completions"),
    ],
)
def test_an_address_works_with_and_without_its_version(
    kind: str, written: str, chat: str
) -> None:
    provider = only(
        f'[providers.p]\nkind = "{kind}"\nbase_url = "{written}"\napi_key = "env:K"', K=KEY
    )
    assert provider.base_url + provider.paths["chat"] == chat


def test_every_kind_can_be_configured_by_its_name_alone() -> None:
    for kind, preset in read_all().items():
        address = "" if preset.base_url else f'base_url = "{preset.base_url_example}"'
        env = {preset.key_env[0]: KEY} if preset.key_env else {}
        provider = only(f'[providers."{kind}"]\n{address}', **env)
        assert provider.name == provider.kind == kind
        assert provider.api_key == env.get(provider.key_env, "")
        assert bool(provider.api_key) or preset.key_optional


def test_the_second_customary_variable_is_found_too() -> None:
    provider = only("[providers.gemini]", GOOGLE_API_KEY=KEY)
    assert (provider.key_env, provider.api_key) == ("GOOGLE_API_KEY", KEY)


def test_the_callers_own_credential_needs_no_key_of_ours() -> None:
    provider = only('[providers.anthropic]\ncredentials = "client"', ANTHROPIC_API_KEY=KEY)
    assert (provider.credentials, provider.api_key) == ("client", "")


def test_an_empty_environment_says_what_to_do() -> None:
    assert load("", {}, source="").notes == (NOBODY,)


def test_a_file_with_providers_does_not_take_others_from_the_environment() -> None:
    config = load("[providers.ollama]", {"ANTHROPIC_API_KEY": KEY}, source="it")
    assert [provider.name for provider in config.providers] == ["ollama"]
    assert "ANTHROPIC_API_KEY is set but unused" in config.notes[0]


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.0.0.9", True), ("192.168.0.7", True), ("::1", True),
     ("gpu-box", True), ("8.8.8.8", False), ("api.openai.com", False)],
)  # fmt: skip
def test_plain_http_is_customary_on_private_networks_only(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.mark.parametrize(
    ("more", "named"), [("", ""), ('translate = "responses"', "responses")]
)
def test_a_provider_says_where_translated_calls_go_only_if_somebody_chose(
    more: str, named: str
) -> None:
    assert only(f"[providers.xai]\n{more}", XAI_API_KEY=KEY).translate == named


@pytest.mark.parametrize(
    ("translate", "said"),
    [
        ("message", "did you mean 'messages'"),
        ("responses", 'choose chat, or add paths = { responses = "/…" }'),
    ],
)
def test_a_surface_that_nobody_can_be_translated_to_is_a_mistake(
    translate: str, said: str
) -> None:
    text = f'[providers.mistral]\ntranslate = "{translate}"'
    with pytest.raises(ConfigError, match=r"providers\.mistral\.translate") as refusal:
        only(text, MISTRAL_API_KEY=KEY)
    assert said in str(refusal.value)


def test_a_kind_is_known_without_configuration_and_without_a_key() -> None:
    for kind in read_all():
        provider = without_key(kind)
        assert provider is not None
        assert (provider.name, provider.kind, provider.api_key) == (kind, kind, "")
        assert provider.translate in ("", *provider.paths)
    assert without_key("bedrock") is None
