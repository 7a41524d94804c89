"""Our own rows are dated, sourced and monotone, and a name finds the right one."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money import facts
from headgate.money.facts import FOLDER, Correction, Fact, Facts, parse
from headgate.money.genai import rows
from headgate.money.genai.types import ModelInfo
from headgate.money.listing import Listing, standard
from headgate.wire.ability import EFFORTS, Abilities
from headgate.wire.stated import KEYS, Stated, merge

OWN = facts.read()
FILES = sorted(FOLDER.glob("*.toml"))
LISTING = Listing(rows.read()[1])
CHECKED_UNTIL = date(2100, 1, 1)

GOOD = """
[[model]]
names = ["m-1"]
max_output = 10
efforts = ["low", "high"]
sampling = false
checked = 2026-11-20
source = "a page"

[[price]]
model = "m-1"
since = 2026-01-01
until = 2026-02-01
input_mtok = "1"
checked = 2026-11-20
source = "a page"
"""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_is_named_for_a_maker_in_the_catalogue(file: Path) -> None:
    assert file.stem in LISTING.providers


def test_every_row_was_checked_on_a_day_and_names_its_page() -> None:
    rows_of_both: tuple[Fact | Correction, ...] = (*OWN.models, *OWN.corrections)
    for row in rows_of_both:
        assert date(2026, 1, 1) <= row.checked < CHECKED_UNTIL, row
        assert len(row.source) > 10, row
        assert "http" not in row.source, "a page is named by its title, links rot"


def test_no_name_is_given_twice() -> None:
    names = [name for fact in OWN.models for name in fact.names]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


def test_sizes_are_plausible() -> None:
    for fact in OWN.models:
        assert fact.abilities or fact.cache_minimum is not None, fact
        assert fact.max_output is None or 4_096 <= fact.max_output <= 1_000_000
        assert fact.cache_minimum is None or 256 <= fact.cache_minimum <= 8_192


def model_of(provider: str, model: str) -> ModelInfo:
    found = LISTING.find(provider, model)
    assert found is not None, f"the catalogue has no {provider} {model}"
    return found.model


def test_corrections_meet_the_catalogues_rows_and_do_not_overlap() -> None:
    """A correction of an unknown model, or one already in the catalogue, is dead weight."""
    taken: dict[tuple[str, str, str], list[tuple[date, date]]] = {}
    for row in OWN.corrections:
        model = model_of(row.provider, row.model)
        assert model.id == row.model
        assert row.since < row.until
        day = max(row.since, date(2020, 1, 1))
        listed = standard(model, datetime(day.year, day.month, day.day, tzinfo=UTC))
        for key, usd in row.prices:
            assert key in listed, f"{row.model} has no {key}"
            assert listed[key][0][1] != usd, f"{row.model} {key}: the catalogue has it now"
            for since, until in taken.setdefault((row.provider, row.model, key), []):
                assert row.until <= since or until <= row.since
            taken[(row.provider, row.model, key)].append((row.since, row.until))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-opus-5", "claude-opus-5"),
        ("claude-opus-5-5", "claude-opus-5-5"),
        ("claude-opus-5-20260301", "claude-opus-5"),
        ("Claude-Opus-5-5-20261001", "claude-opus-5-5"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4.5"),
        ("claude-opus-4-8[1m]", "claude-opus-4-8"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("gpt-5.4-mini-2026-03-17", "gpt-5.4-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
    ],
)
def test_a_model_is_known_by_its_name_however_it_is_dated_or_served(
    model: str, name: str
) -> None:
    fact = OWN.about(model)
    assert fact is not None
    assert name in fact.names


@pytest.mark.parametrize(
    "model", ["", "gpt-5.9", "gpt-5-huge", "claude-opus-5-9", "my-gpt-5", "gpt-5*"]
)
def test_another_models_facts_are_never_borrowed(model: str) -> None:
    assert OWN.about(model) is None


def test_rows_are_read_as_written() -> None:
    read = parse("anthropic", GOOD)
    about = read.about("m-1")
    assert about is not None
    assert (about.max_output, about.cache_minimum) == (10, None)
    assert about.abilities == {"max_output": 10, "efforts": ("low", "high"), "sampling": False}
    [correction] = read.corrected("anthropic", "m-1")
    assert (correction.since, correction.until) == (date(2026, 1, 1), date(2026, 2, 1))
    assert read.corrected("openai", "m-1") == []
    assert Facts((), ()).about("m-1") is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("checked = 2026-11-20", "", "checked"),
        ('source = "a page"', "", "source"),
        ('names = ["m-1"]', "", "names"),
        ("max_output = 10", 'max_output = "ten"', "max_output"),
        ("max_output = 10", "max_outputs = 10", "did you mean max_output"),
        ("max_output = 10", 'cache_minimum = "ten"', "cache_minimum as a number"),
        ('efforts = ["low", "high"]', 'efforts = ["lots"]', "write a list of"),
        ("sampling = false", 'sampling = "no"', "write true or false"),
        ("sampling = false", "developer = true", r"stands in providers/\*.toml"),
        ("until = 2026-02-01", "until = 2025-02-01", "since before until"),
        ('input_mtok = "1"', "", "a price"),
        ('model = "m-1"', "", "model"),
    ],
)
def test_a_row_without_what_it_needs_is_refused_by_name(
    old: str, new: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint) as refusal:
        parse("anthropic", GOOD.replace(old, new))
    assert "anthropic.toml" in str(refusal.value)


def test_every_row_states_abilities_of_a_model_that_fit_together() -> None:
    for fact in OWN.models:
        assert set(fact.abilities) <= set(Abilities.__struct_fields__)
        assert not [name for name in fact.abilities if KEYS[name].of_server], fact
        abilities = merge([fact.abilities])
        assert fact.max_output == abilities.max_output
        assert list(abilities.efforts) == [e for e in EFFORTS if e in abilities.efforts], fact


@pytest.mark.parametrize(
    ("model", "stated"),
    [
        ("claude-sonnet-4-5-20250929", {"thinking": ("on", "off"), "prefill": True}),
        ("claude-opus-4-6", {"thinking": ("on", "adaptive", "off"), "system_turns": False}),
        ("claude-opus-4-7", {"thinking": ("adaptive", "off"), "sampling": False}),
        ("claude-opus-5-5", {"thinking": ("adaptive",), "forced_tools": False}),
        ("claude-sonnet-5-5", {"thinking": ("adaptive", "between_tools")}),
        ("claude-haiku-5-5", {"thinking": ("adaptive", "off"), "forced_tools": False}),
        ("anthropic/claude-fable-7", {"thinking": ("adaptive",), "sampling": False}),
        ("gpt-4o-2024-08-06", {"max_output": 16_384}),
        ("gpt-4.1-mini", {"max_output": 32_768}),
        ("openai/gpt-5", {"efforts": ("minimal", "low", "medium", "high"), "stops": 0}),
        ("gpt-5.1", {"efforts": ("none", "low", "medium", "high"), "custom_tools": True}),
        ("gpt-5.6-terra", {"cache_marks": True}),
        ("gpt-6.1-sol", {"efforts": ("low", "medium", "high", "xhigh", "max")}),
        ("gpt-6-rosalind", {"sampling": False, "stops": 0}),
        ("o3-mini", {"images": False}),
        ("deepseek-reasoner", {"images": False, "json_schema": False}),
        ("deepseek-coder", {"images": False}),
        ("llama3.2:3b", {"images": False}),
        ("meta-llama/Llama-3.3-70B-Instruct", {"images": False}),
    ],
)
def test_what_a_model_can_is_found_by_its_name_or_by_its_kin(
    model: str, stated: Stated
) -> None:
    abilities = OWN.abilities(model)
    assert {name: abilities.get(name) for name in stated} == stated


@pytest.mark.parametrize("model", ["", "qwen3:8b", "my-claude-x", "gpt-4o-audio-preview"])
def test_nothing_is_stated_of_a_model_that_nobody_wrote_about(model: str) -> None:
    assert OWN.abilities(model) == {}


@given(st.text(string.ascii_lowercase + string.digits + "-.:/*@[", max_size=30))
def test_any_name_can_be_asked_about(model: str) -> None:
    fact = OWN.about(model)
    assert fact is None or OWN.abilities(model) == fact.abilities
