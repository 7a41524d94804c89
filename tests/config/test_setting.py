"""The table of settings and the records it fills agree, key by key."""

from __future__ import annotations

from dataclasses import fields

import pytest

from headgate.config import Ledger, Prices, Retry, Route, Server, Tag
from headgate.config.caps import Amounts, Line, Money
from headgate.config.model import (
    Archive,
    CacheConfig,
    Commitment,
    Events,
    Granted,
    Loops,
    Oidc,
    Purpose,
    Reconcile,
    Recording,
    Store,
)
from headgate.config.setting import OVERRIDE, SECTIONS, Setting
from headgate.money.rules import KEYS
from headgate.providers import Provider
from headgate.sandbox.settings import Settings
from headgate.wire.ability import Abilities

RECORDS: dict[str, type] = {
    "server": Server,
    "retry": Retry,
    "ledger": Ledger,
    "store": Store,
    "prices": Prices,
    "limits": Line,
    "limits.WHO": Amounts,
    "budgets.WHO": Money,
    "loops": Loops,
    'loops.tags."NAME"': Loops,
    "events": Events,
    "cache": CacheConfig,
    "archive": Archive,
    "reconcile": Reconcile,
    "recording": Recording,
    "sandbox": Settings,
    "providers.NAME": Provider,
    'models."NAME"': Route,
    'routing.tags."NAME"': Tag,
    'capabilities."NAME"': Abilities,
    "[purposes]": Purpose,
    "[commitments]": Commitment,
    "admin.oidc": Oidc,
    'admin.oidc.roles."CLAIM=VALUE"': Granted,
}

NOT_WRITTEN = {"name", "key_env", "pattern", "by_default", "claim", "value"}
"""what the section's own name, or the reading of it, decides"""


def held(record: type) -> set[str]:
    names = getattr(record, "__struct_fields__", None)
    return set(names) if names else {each.name for each in fields(record)}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_of_a_record_can_be_set_and_nothing_else(section: str) -> None:
    settable = {setting.name for setting in SECTIONS[section]}
    assert settable == held(RECORDS[section]) - NOT_WRITTEN


@pytest.mark.parametrize(
    "setting",
    [setting for settings in SECTIONS.values() for setting in settings],
    ids=lambda setting: setting.name,
)
def test_every_setting_says_what_it_means_and_where_it_ends(setting: Setting) -> None:
    assert setting.meaning
    assert bool(setting.choices) == (setting.form in ("choice", "choices"))
    if setting.form in ("whole", "number"):
        assert setting.high is not None


def test_prices_can_be_overridden_class_by_class_as_the_catalogue_knows_them() -> None:
    assert {setting.name for setting in OVERRIDE} == set(KEYS)
