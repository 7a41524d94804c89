"""OpenAI's pages are taken apart: its input includes the cache, its lines name models."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.ledger.reconcile.openai import asks, fits, headers, read, split
from headgate.ledger.reconcile.page import OTHER, NoReport

DAY = 20_740
USAGE: dict[str, Any] = {
    "input_tokens": 100,
    "input_cached_tokens": 60,
    "input_cache_write_tokens": 30,
    "input_cache_write_12h_tokens": 10,
    "output_tokens": 5,
    "num_model_requests": 2,
    "model": "gpt-6.1-sol",
    "service_tier": "default",
    "batch": False,
}
COST: dict[str, Any] = {
    "amount": {"value": 0.1, "currency": "usd"},
    "line_item": "gpt-6.1-sol, cached input",
}


def page(*found: dict[str, Any]) -> dict[str, Any]:
    return {"data": [{"start_time": DAY * 86_400, "results": [*found]}]}


def test_what_was_cached_is_no_fresh_input() -> None:
    (row,) = read(page(USAGE)).rows
    assert row.tokens == (10, 60, 0, 0, 20, 10, 5)
    assert (row.requests, row.tier) == (2, "")


def test_a_report_that_counts_fresh_input_itself_is_believed() -> None:
    (row,) = read(page({**USAGE, "input_uncached_tokens": 11})).rows
    assert row.input_fresh == 11


@pytest.mark.parametrize(
    ("more", "tier"),
    [({"batch": True}, "batch"), ({"service_tier": "flex"}, "flex"), ({}, "")],
)
def test_the_tier_is_named_as_in_the_ledger(more: dict[str, Any], tier: str) -> None:
    (row,) = read(page({**USAGE, **more})).rows
    assert row.tier == tier


def test_money_is_dollars_of_a_model_and_a_line() -> None:
    (row,) = read(page(COST)).rows
    assert (row.model, row.line, row.cost_nusd) == ("gpt-6.1-sol", "cached input", 100_000_000)


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        ("gpt-5.5-2026-04-23, output", ("gpt-5.5-2026-04-23", "output")),
        ("Web search tool calls", (OTHER, "Web search tool calls")),
        ("assistants api, file search", (OTHER, "assistants api, file search")),
        ("", (OTHER, "")),
    ],
)
def test_a_line_is_split_only_where_it_names_a_model(item: str, parts: tuple[str, str]) -> None:
    assert split(item) == parts


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({**USAGE, "model": None}, "by model"),
        ({**COST, "amount": {"value": 1, "currency": "eur"}}, "dollars"),
        ({**COST, "amount": {"value": "much"}}, "dollars"),
        ({**COST, "amount": None}, None),
    ],
)
def test_what_cannot_be_read_is_named(found: dict[str, Any], words: str | None) -> None:
    with pytest.raises(NoReport, match=words):
        read(page(found))


def test_embeddings_are_asked_for_too() -> None:
    paths = [it.path for it in asks(DAY, DAY)]
    assert paths == [
        "/v1/organization/usage/completions",
        "/v1/organization/usage/embeddings",
        "/v1/organization/costs",
    ]


def test_the_key_is_a_bearers() -> None:
    assert headers("k") == [(b"authorization", b"Bearer k")]


def test_only_its_own_pages_fit() -> None:
    assert fits(page(USAGE))
    assert not fits({"data": [{"starting_at": "x", "results": []}]})
