"""Every call has the first purpose that fits it, and a starter map names the dearest."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.audit.purpose import UNMAPPED, Purpose, case, suggest
from headgate.config import load
from tests.audit.ledgers import MONDAY_US, book_of, evidence_of

HOUR_US = 3_600_000_000
NOON = {"at_us": MONDAY_US + 12 * HOUR_US}
NIGHT = {"at_us": MONDAY_US + 23 * HOUR_US}


def purposes_of(rows: list[dict[str, Any]], *purposes: Purpose, **names: str) -> list[str]:
    with book_of(rows) as book:
        return [
            row[0]
            for row in book.rows(f"SELECT {case(purposes, names)} FROM book ORDER BY id")  # noqa: S608 - what is tested
        ]


@pytest.mark.parametrize(
    ("entry", "row"),
    [
        ({"keys": ("k_1",)}, {"key_id": "k_1"}),
        ({"keys": ("team-*",)}, {"key_id": "team-a"}),
        ({"keys": ("ci",)}, {"key_id": "k_named"}),
        ({"keys": ("c?",)}, {"key_id": "k_named"}),
        ({"tags": ("product=chat",)}, {"tags": "a=b,product=chat"}),
        ({"tags": ("product=*",)}, {"tags": "product=x.y"}),
        ({"routes": ("fast",)}, {"route": "fast"}),
        ({"models": ("claude-opus-*",)}, {"model_sent": "claude-opus-5-5"}),
        ({"projects": ("*/shop",)}, {"project": "code/shop"}),
        ({"sources": ("claude-code",)}, {"source": "claude-code"}),
        ({"surfaces": ("chat",)}, {"surface": "chat"}),
        ({"heads": ("2c",)}, {"head": 44}),
        ({"hours": "22-6"}, NIGHT),
        ({"hours": "0-24"}, NIGHT),
        ({"keys": ("k'1",), "hours": "23-24"}, {"key_id": "k'1", **NIGHT}),
    ],
)
def test_an_entry_finds_the_calls_that_it_names(
    entry: dict[str, Any], row: dict[str, Any]
) -> None:
    plain = {"source": "codex", "model_sent": "gpt-5.5", "provider": "openai", **NOON}
    found = purposes_of([row, plain], Purpose("work", **entry), k_named="ci")
    assert found[0] == "work"
    assert found[1] == ("work" if entry == {"hours": "0-24"} else UNMAPPED)


def test_all_that_an_entry_names_must_hold_and_the_first_that_fits_decides() -> None:
    both = Purpose("both", keys=("a",), models=("claude-*",))
    found = purposes_of(
        [{"key_id": "a"}, {"key_id": "a", "model_sent": "gpt-5.5", "provider": "openai"}],
        both,
        Purpose("later", keys=("a",)),
    )
    assert found == ["both", "later"]


def test_a_dot_of_a_pattern_is_a_dot() -> None:
    rows = [{"model_sent": "gpt-5.5", "provider": "openai"}, {"model_sent": "gpt-5x5"}]
    assert purposes_of(rows, Purpose("it", models=("gpt-5.5*",))) == ["it", UNMAPPED]


def test_the_time_of_day_of_a_bucket_of_calls_is_not_known() -> None:
    bucket = {"span_us": 86_400_000_000, "calls": 10}
    assert purposes_of([bucket], Purpose("night", hours="0-24")) == [UNMAPPED]


def test_without_purposes_everything_is_unmapped() -> None:
    assert purposes_of([{}]) == [UNMAPPED]


def test_a_suggestion_names_the_spend_and_can_be_read_again() -> None:
    rows: list[dict[str, Any]] = [
        {"key_id": "k_1", "cost_nusd": 60_000_000_000},
        {"project": 'code/the "shop"\n', "cost_nusd": 30_000_000_000},
        {"head": 44, "cost_nusd": 9_000_000_000},
        {"key_id": "k_tiny", "cost_nusd": 1_000_000},
    ]
    with evidence_of(rows, names={"k_1": "chat"}) as evidence:
        text = suggest(evidence)
        found = load(text, {}, source="suggested").purposes
        assert [it.keys or it.projects or it.heads for it in found] == [
            ("chat",),
            ('code/the "shop"\n',),
            ("000000000000002c",),
        ]
        assert "$60.00, 61 % of the spend, 1 calls" in text
        own = case(found, evidence.names)
        (mapped,) = evidence.book.one(
            f"SELECT sum(cost_nusd) FROM book WHERE {own} <> '{UNMAPPED}'"  # noqa: S608 - what is tested
        )
        assert mapped == 99_000_000_000


def test_an_empty_book_suggests_nothing_but_says_what_to_do() -> None:
    with evidence_of([]) as evidence:
        assert load(suggest(evidence), {}, source="suggested").purposes == ()
