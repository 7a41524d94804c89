"""Provider data files are complete and honest; credentials travel in the right header."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from headgate.providers import (
    AUTHS,
    SPOKEN,
    SURFACES,
    Account,
    Preset,
    Provider,
    _read,
    headers_for,
    meeting_surface,
    read_all,
)
from headgate.wire.ability import Abilities

ALL = list(read_all().values())


@pytest.mark.parametrize("preset", ALL, ids=lambda preset: preset.kind)
def test_a_data_file_is_complete_and_says_where_its_facts_come_from(preset: Preset) -> None:
    assert preset.title
    assert preset.source
    assert date(2026, 1, 1) < preset.checked <= date.today()  # noqa: DTZ011  # a day, not a moment
    assert preset.auth in AUTHS
    assert set(preset.paths) <= set(SURFACES)
    assert {"messages", "chat"} & set(preset.paths)
    assert all(path.startswith("/") for path in preset.paths.values())
    address = preset.base_url or preset.base_url_example
    assert re.fullmatch(r"https?://[^/]+(/[^/]+)*", address)
    assert preset.base_url.startswith(("https://", "http://127.0.0.1:")) or not preset.base_url


@pytest.mark.parametrize("preset", ALL, ids=lambda preset: preset.kind)
def test_a_kind_that_needs_a_key_says_how_it_looks_and_where_it_is_made(preset: Preset) -> None:
    if not preset.key_optional:
        assert preset.key_env
        assert preset.key_hint
        assert preset.key_page
        re.compile(preset.key_shape)
    assert preset.free == preset.base_url.startswith("http://127.0.0.1:")


def test_no_two_kinds_claim_one_pattern() -> None:
    patterns = [pattern for preset in ALL for pattern in preset.models]
    assert len(patterns) == len(set(patterns))


def provider(auth: str, **more: object) -> Provider:
    return Provider("p", "p", "https://p.test", {}, auth, **{"api_key": "KEY", **more})  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("auth", "version", "header"),
    [
        ("anthropic", None, (b"x-api-key", b"KEY")),
        ("anthropic", b"2023-06-01", (b"x-api-key", b"KEY")),
        ("anthropic", b"2026-10-21", (b"authorization", b"Bearer KEY")),
        ("anthropic", b"2027-01-01", (b"authorization", b"Bearer KEY")),
        ("bearer", b"2023-06-01", (b"authorization", b"Bearer KEY")),
        ("x-api-key", None, (b"x-api-key", b"KEY")),
        ("api-key", None, (b"api-key", b"KEY")),
    ],
)
def test_the_key_travels_in_the_header_its_version_asks_for(
    auth: str, version: bytes | None, header: tuple[bytes, bytes]
) -> None:
    assert headers_for(provider(auth), version) == [header]


def test_own_headers_are_added_and_no_key_is_sent_where_there_is_none() -> None:
    own = (("x-team", "blue"),)
    assert headers_for(provider("bearer", api_key="", headers=own), None) == [
        (b"x-team", b"blue")
    ]


def test_our_key_stays_home_when_the_caller_brings_their_own() -> None:
    assert headers_for(provider("bearer", credentials="client"), None) == []


def test_printing_a_provider_prints_no_secret() -> None:
    shown = repr(provider("bearer", api_key="hunter2", headers=(("x", "hunter2"),)))
    assert "hunter2" not in shown


def test_one_key_is_one_account_and_each_of_several_can_stand_alone() -> None:
    assert provider("bearer", api_key="").accounts == ()
    assert provider("bearer", key_env="ONE").accounts == (Account("ONE", "KEY"),)
    several = (Account("ONE", "hunter2"), Account("TWO", "hunter3"))
    pool = provider("bearer", api_key="", api_keys=several)
    assert pool.accounts == several
    assert headers_for(pool, None) == []
    alone = [headers_for(pool.alone(account), None) for account in several]
    assert alone == [[(b"authorization", b"Bearer hunter2")],
                     [(b"authorization", b"Bearer hunter3")]]  # fmt: skip
    assert "hunter" not in repr(pool)


@pytest.mark.parametrize("preset", ALL, ids=lambda preset: preset.kind)
def test_a_server_is_described_in_the_words_of_abilities(preset: Preset) -> None:
    assert set(preset.abilities) <= set(Abilities.__struct_fields__)
    assert not {"thinking", "efforts", "max_output"} & set(preset.abilities), "a model's own"
    assert preset.translate in ("", *preset.paths)


def test_a_data_file_with_a_wrong_ability_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text("[abilities]\nstop = 4\n")
    with pytest.raises(ValueError, match=r"providers/p.toml: .* did you mean stops\?"):
        _read(file)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize(
    ("named", "wish", "met"),
    [
        ("", "", "chat"),
        ("", "responses", "responses"),
        ("", "messages", "chat"),
        ("chat", "responses", "chat"),
        ("responses", "", "responses"),
    ],
)
def test_a_call_meets_its_own_surface_or_the_named_the_wished_for_or_the_first(
    surface: str, named: str, wish: str, met: str
) -> None:
    paths = {"chat": "/c", "responses": "/r", "models": "/m"}
    both = Provider("p", "p", "", paths, "none", translate=named)
    none = Provider("p", "p", "", {}, "none")
    expected = surface if surface in paths else met if surface in SPOKEN else ""
    assert meeting_surface(both, surface, wish) == expected
    assert meeting_surface(none, surface, wish) == ""
