"""[sandbox]: code runs contained or not at all; what contradicts itself is found at once."""

from __future__ import annotations

import pytest

from headgate.config import load
from headgate.config.describe import describe
from headgate.config.problem import ConfigError
from headgate.sandbox.settings import Settings


def read(text: str) -> Settings:
    return load(f"[sandbox]\n{text}", {"OPENAI_API_KEY": "sk-x"}, source="x").sandbox


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(text)
    return str(error.value)


def test_without_a_word_no_code_is_run_for_callers() -> None:
    assert read("") == Settings()
    assert not read("").enabled


def test_what_is_written_is_in_force_and_shown() -> None:
    config = load(
        '[sandbox]\nenabled = true\nsecond_usd = "0.0002"\nmost_wall_s = 20\ntenants = "team"',
        {"OPENAI_API_KEY": "sk-x"},
        source="x",
    )
    assert config.sandbox.second_usd == "0.0002"
    shown = describe(config)["sandbox"]
    assert isinstance(shown, dict)
    assert (shown["enabled"], shown["most_wall_s"], shown["tenants"]) == (True, 20, "team")


@pytest.mark.parametrize("name", ["tier", "minimum"])
def test_no_containment_needs_a_second_word(name: str) -> None:
    said = refused(f'{name} = "none"')
    assert f"sandbox.{name}" in said
    assert "uncontained = true" in said
    assert read(f'{name} = "none"\nuncontained = true').uncontained


def test_callers_code_is_never_run_uncontained() -> None:
    said = refused('minimum = "none"\nuncontained = true\nenabled = true')
    assert "sandbox.enabled" in said
    assert "without containment" in said


@pytest.mark.parametrize(
    ("less", "more"),
    [("sessions_per_tenant", "sessions"), ("waiting_per_tenant", "waiting")],
)
def test_a_tenant_cannot_have_more_than_all(less: str, more: str) -> None:
    said = refused(f"{less} = 20\n{more} = 10")
    assert f"sandbox.{less}" in said
    assert f"more than {more}" in said


def test_a_misspelt_key_is_told_what_was_meant() -> None:
    assert "most_wall_s" in refused("most_wal_s = 3")


def test_code_that_must_stay_here_needs_a_place_to_run() -> None:
    assert "add enabled = true" in refused('vendor_tools = "local"')
    assert read('enabled = true\nvendor_tools = "local"').vendor_tools == "local"
    assert read('vendor_tools = "off"').vendor_tools == "off"


def test_code_goes_only_to_vendors_that_are_there_with_a_key_of_the_house() -> None:
    assert read('hosted = ["openai"]').hosted == ("openai",)
    told = refused('hosted = ["openai", "anthropic"]')
    assert "no provider 'anthropic' with a key of the house runs code" in told
    assert "of these it can be one: openai" in told


def test_what_is_kept_awake_has_its_price_agreed_to_and_is_among_the_hosted() -> None:
    agreed = 'hosted = ["openai"]\nwarm_on = "openai"\nwarm_usd_day = "2.16"'
    assert read(agreed).warm_count == 1
    told = refused(agreed.replace("2.16", "2.15"))
    assert "$0.0900 an hour, $2.16 a day" in told
    assert 'warm_usd_day = "2.16"' in told
    assert "is not among hosted" in refused('warm_on = "openai"\nwarm_usd_day = "9"')


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("snapshot_mb = 300", "sandbox.snapshot_mb"),
        ("snapshots_per_tenant_mb = 2000", "sandbox.snapshots_per_tenant_mb"),
        ("references_per_owner_mb = 2000", "sandbox.references_per_owner_mb"),
    ],
)
def test_no_owner_has_more_room_than_there_is(text: str, name: str) -> None:
    assert name in refused(text)
