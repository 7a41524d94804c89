"""[reconcile]: the key of an administrator is found, and kept from view."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from headgate.config import load
from headgate.config.describe import describe
from headgate.config.model import Config, Reconcile
from headgate.config.problem import ConfigError
from headgate.config.reconcile import latest

NOON = datetime(2026, 11, 2, 12, 0, 30, tzinfo=UTC)
ENV: Mapping[str, str] = {"K": "sk-x", "A": "sk-ant-admin01-x"}


def read(text: str, env: Mapping[str, str] = ENV) -> Config:
    return load(f'[providers.anthropic]\napi_key = "env:K"\n{text}', env, source="x")


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(f"[reconcile]\n{text}")
    return str(error.value)


def test_without_a_key_nothing_is_fetched() -> None:
    assert read("").reconcile == Reconcile()


def test_the_usual_variable_is_taken_without_a_word() -> None:
    env = {**ENV, "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-y"}
    assert read("", env).reconcile.anthropic_admin_key == "sk-ant-admin01-y"


def test_what_the_file_names_goes_before_the_usual_variable() -> None:
    env = {**ENV, "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-y"}
    found = read('[reconcile]\nanthropic_admin_key = "env:A"\n', env).reconcile
    assert found.anthropic_admin_key == "sk-ant-admin01-x"


def test_a_key_is_never_shown() -> None:
    config = read('[reconcile]\nanthropic_admin_key = "env:A"\n')
    assert "sk-ant-admin01-x" not in str(describe(config)) + repr(config)
    shown = describe(config)["reconcile"]
    assert isinstance(shown, dict)
    assert shown["anthropic_admin_key"] == "***"


def test_a_key_in_the_file_is_refused() -> None:
    assert "a secret does not belong in this file" in refused('openai_admin_key = "sk-admin-x"')


@pytest.mark.parametrize("time", ["4:30", "24:00", "noon"])
def test_what_is_no_time_of_day_is_refused_with_an_example(time: str) -> None:
    assert 'daily_at = "04:30"' in refused(f'daily_at = "{time}"')


@pytest.mark.parametrize("url", ["api.example.com", "ftp://x", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    assert "begins with https://" in refused(f'anthropic_url = "{url}"')


def test_an_empty_time_leaves_it_to_the_command() -> None:
    assert read('[reconcile]\ndaily_at = ""\n').reconcile.daily_at == ""


def test_it_was_today_if_the_clock_has_shown_it() -> None:
    assert latest("04:30", NOON) == datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
    assert latest("12:00", NOON) == datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_else_it_was_yesterday() -> None:
    assert latest("12:01", NOON) == datetime(2026, 11, 1, 12, 1, tzinfo=UTC)


def test_the_day_is_that_of_utc_wherever_the_clock_stands() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=13)))
    assert latest("04:30", there) == latest("04:30", NOON)
