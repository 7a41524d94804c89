"""What calls are for is read as it is written, and every mistake is told with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.config import ConfigError, load
from headgate.config.model import Commitment, Purpose
from headgate.config.purpose import commitment, hours, read_file

TEXT = """
[[purposes]]
purpose = "chat"
valuable = true
keys = ["chat-*", "k_9"]
tags = ["product=chat"]

[[purposes]]
purpose = "nightly"
models = ["claude-haiku-*"]
heads = ["9F3A"]
hours = "22-6"

[[commitments]]
provider = "anthropic"
tier = "priority"
usd_month = 5000
"""


def mistakes(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text, {}, source="headgate.toml")
    return str(caught.value)


def test_entries_stand_in_the_order_they_are_written() -> None:
    config = load(TEXT, {}, source="headgate.toml")
    assert config.purposes == (
        Purpose("chat", True, keys=("chat-*", "k_9"), tags=("product=chat",)),
        Purpose("nightly", models=("claude-haiku-*",), heads=("9f3a",), hours="22-6"),
    )
    assert config.commitments == (Commitment("anthropic", "priority", "5000"),)


def test_a_file_of_its_own_holds_the_same(tmp_path: Path) -> None:
    file = tmp_path / "purposes.toml"
    file.write_text(TEXT)
    config = load(TEXT, {}, source="headgate.toml")
    assert read_file(file) == (config.purposes, config.commitments)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[purposes]]\nkeys = ["a"]', "has no name"),
        ('[[purposes]]\npurpose = " "\nkeys = ["a"]', "has no name"),
        ('[[purposes]]\npurpose = "chat"', "names no calls"),
        ('[[purposes]]\npurpose = "(unmapped)"\nkeys = ["a"]', "calls without a purpose"),
        ('[[purposes]]\npurpose = "chat"\nkey = "a"', "unknown key 'key'; did you mean"),
        ('[[purposes]]\npurpose = "chat"\nhours = "25-3"', "is no part of a day"),
        ('[[purposes]]\npurpose = "chat"\nheads = ["xyz"]', "is no fingerprint"),
        ('[purposes]\npurpose = "chat"', "must be a list of tables"),
        ('[[commitments]]\nprovider = "anthropic"', "has no usd_month"),
        ('[[commitments]]\nusd_month = 0\nprovider = "a"', "must be greater than 0"),
        (
            '[[purposes]]\npurpose = "a"\nvaluable = true\nkeys = ["a"]\n'
            '[[purposes]]\npurpose = "a"\nvaluable = false\nkeys = ["b"]',
            "'a' is valuable and is not",
        ),
    ],
)
def test_what_cannot_be_meant_is_told(text: str, told: str) -> None:
    assert told.partition("; ")[0] in mistakes(text)


def test_a_file_that_cannot_be_read_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="headgate audit purposes --suggest"):
        read_file(tmp_path / "none.toml")
    odd = tmp_path / "odd.toml"
    odd.write_text("[[purposes]\n")
    with pytest.raises(ConfigError, match="is not TOML"):
        read_file(odd)
    odd.write_text('[server]\nhost = "x"\n')
    with pytest.raises(ConfigError, match=r"unknown section \[server\]"):
        read_file(odd)


def test_a_commitment_can_be_said_in_one_breath() -> None:
    said = commitment("anthropic priority $5000/month")
    assert said == Commitment("anthropic", "priority", "5000")
    assert commitment("openai 100") == Commitment("openai", "", "100")
    for odd in ("anthropic", "a b c d", "anthropic priority much"):
        with pytest.raises(ValueError, match=r"say it as in|no amount"):
            commitment(odd)


def test_hours_go_round_midnight_and_are_never_empty() -> None:
    assert hours("22-6") == (22, 6)
    assert hours("0 - 24") == (0, 24)
    assert hours("7-7") is None
    assert hours("night") is None
