"""Keys of a provider: each is there, can be one, and is named once."""

from __future__ import annotations

import pytest

from headgate.config import ConfigError, describe, load
from headgate.policy.cap import Limits
from headgate.providers import Account, Provider

ONE, TWO = "sk-ant-api03-" + "a" * 95, "sk-ant-api03-" + "b" * 95
ENV = {"ONE": ONE, "TWO": TWO, "AGAIN": ONE, "SHORT": "sk-ant-api03-x", "BROKEN": "a b"}


def only(keys: str) -> Provider:
    (provider,) = load(f"[providers.anthropic]\n{keys}", ENV, source="it").providers
    return provider


def test_several_keys_are_several_accounts_in_the_order_of_the_file() -> None:
    provider = only('api_keys = ["env:TWO", "env:ONE"]')
    assert provider.api_keys == provider.accounts == (Account("TWO", TWO), Account("ONE", ONE))
    assert (provider.api_key, provider.key_env) == ("", "")


@pytest.mark.parametrize("keys", ['api_key = "env:ONE"', 'api_keys = ["env:ONE"]'])
def test_one_key_is_one_account_however_it_is_written(keys: str) -> None:
    provider = only(keys)
    assert (provider.api_key, provider.key_env, provider.api_keys) == (ONE, "ONE", ())
    assert provider.accounts == (Account("ONE", ONE),)


@pytest.mark.parametrize("where", ['credentials = "client"', 'auth = "none"'])
def test_where_no_key_of_ours_is_sent_none_is_read(where: str) -> None:
    assert only(f'api_keys = ["env:ONE", "env:TWO"]\n{where}').accounts == ()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('api_key = "env:ONE"\napi_keys = ["env:TWO"]', "stands beside api_key"),
        ('api_keys = ["env:ONE", "env:TWO", "env:ONE"]', "names ONE twice"),
        ('api_keys = ["env:ONE", "env:AGAIN"]', "ONE and AGAIN hold one key"),
        ("api_keys = []", "must be a list of keys"),
        ('api_keys = "env:ONE"', "must be a list of keys"),
        ('api_keys = ["env:ONE", "env:NONE"]', "NONE is not set"),
        ('api_keys = ["env:ONE", "env:BROKEN"]', "BROKEN contains a sign that no key has"),
        ('api_keys = ["env:ONE", 5]', "a secret does not belong in this file"),
        (f'api_keys = ["env:ONE", "{TWO}"]', "a secret does not belong in this file"),
        ('api_keys = [{ key = "env:ONE", limit = {} }]', "unknown key 'limit'"),
        ("api_keys = [{ limits = { requests = 5 } }]", "a secret does not belong in this file"),
        ('api_keys = [{ key = "env:ONE", limits = 5 }]', "must be a table"),
        ('api_keys = [{ key = "env:ONE", limits = { burst = 5 } }]', "burst"),
        ('api_key = "ONE"', "a secret does not belong in this file"),
        ('api_key = "env:NONE"', "NONE is not set"),
    ],
)
def test_a_mistake_is_told_at_its_place_with_its_remedy(keys: str, said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        only(keys)
    text = str(refusal.value)
    assert "providers.anthropic.api_key" in text
    assert said in text
    assert "hint: " in text
    assert ONE not in text
    assert TWO not in text


def test_every_unusual_key_is_noted_with_its_variable() -> None:
    config = load('[providers.anthropic]\napi_keys = ["env:ONE", "env:SHORT"]', ENV, source="")
    (note,) = config.notes
    assert "api_keys[1]: SHORT looks truncated" in note


def test_secrets_print_as_stars() -> None:
    config = load('[providers.anthropic]\napi_keys = ["env:ONE", "env:TWO"]', ENV, source="")
    shown = repr(config) + str(describe(config))
    assert "'ONE': '***'" in shown
    assert ONE not in shown
    assert TWO not in shown


def test_a_variable_among_several_is_not_unused() -> None:
    text = (
        '[providers.work]\nkind = "anthropic"\napi_keys = ["env:ANTHROPIC_API_KEY", "env:TWO"]'
    )
    env = {**ENV, "ANTHROPIC_API_KEY": ONE}
    assert load(text, env, source="").notes == ()


def test_limits_hold_for_every_account_unless_one_has_its_own() -> None:
    keys = 'api_keys = ["env:ONE", { key = "env:TWO", limits = { requests = 100 } }]'
    provider = only(f"limits = {{ requests = 1000, concurrent = 4 }}\n{keys}")
    assert provider.limits == Limits(requests=1000, concurrent=4)
    alone = [provider.alone(account).limits for account in provider.api_keys]
    assert alone == [Limits(requests=1000, concurrent=4), Limits(requests=100)]
    lone = only('api_keys = [{ key = "env:ONE", limits = { output_tokens = 9000 } }]')
    assert (lone.api_key, lone.limits) == (ONE, Limits(output_tokens=9000))


def test_limits_are_described_and_hold_for_no_key_but_ours() -> None:
    keys = 'api_keys = ["env:ONE", { key = "env:TWO", limits = { requests = 100 } }]'
    text = f"[providers.anthropic]\nlimits = {{ requests = 1000 }}\n{keys}"
    providers = describe(load(text, ENV, source="it"))["providers"]
    assert isinstance(providers, dict)
    told = providers["anthropic"]
    assert (told["limits"], told["limits_of"]) == (
        {"requests": 1000},
        {"TWO": {"requests": 100}},
    )
    with pytest.raises(ConfigError, match="the callers' own are sent"):
        only('credentials = "client"\nlimits = { requests = 5 }')
