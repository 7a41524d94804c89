"""Adds up what the ledger has of the days that a provider reports on.

Rule 1: DuckDB adds; what comes to Python is one row per day, provider and spelling of a model.
Rule 2: what no provider was asked for is not theirs to report: answers from our own caches,
counting of tokens, models on the operator's own hardware.
Rule 3: rows that are themselves a provider's report prove nothing of it, and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headgate.ledger.book.book import Book
from headgate.ledger.reconcile.sides import (
    DAY_US,
    LINES,
    TOKENS,
    Loose,
    Ours,
    Place,
    canonical,
    plus,
)
from headgate.store.sql import Connection

VENDORS = ("anthropic", "openai")
"""who reports"""

REPORTS = ("anthropic-console", "openai-usage")
"""importers whose rows are a provider's own report"""

_MONEY = (
    "input_nusd",
    "cache_read_nusd",
    "cache_write_nusd",
    "output_nusd",
    "search_nusd",
    "cost_nusd - input_nusd - cache_read_nusd - cache_write_nusd - output_nusd - search_nusd",
)
"""as LINES"""
_REPORTED = ", ".join(f"'{name}'" for name in REPORTS)

_SUMS = f"""
SELECT provider, simulated,
  CASE WHEN model_served <> '' THEN model_served ELSE model_sent END AS model,
  at_us // {DAY_US} AS day,
  sum(calls)::BIGINT,
  {", ".join(f"sum({name})::BIGINT" for name in TOKENS)},
  {", ".join(f"sum({text})::BIGINT" for text in _MONEY)},
  sum(cost_nusd) FILTER (source <> '')::BIGINT,
  sum(cost_nusd) FILTER (credential = 'client')::BIGINT,
  sum(cost_nusd) FILTER (tier IN ('priority', 'priority_on_demand'))::BIGINT,
  sum(cost_nusd) FILTER (usage_from = 'estimate')::BIGINT,
  sum(cost_nusd) FILTER (priced_by = 'ceiling')::BIGINT,
  sum(maybe_billed)::BIGINT,
  sum(cost_nusd) FILTER ((at_us + took_us) // {DAY_US} > at_us // {DAY_US})::BIGINT
FROM book
WHERE answered_from = '' AND surface <> 'count_tokens' AND priced_by <> 'free'
  AND source NOT IN ({_REPORTED}) AND at_us >= ? AND at_us < ?
GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 - constant text

_OWN_REPORT = f"""
SELECT coalesce(sum(cost_nusd), 0)::BIGINT FROM book
WHERE source IN ({_REPORTED}) AND at_us >= ? AND at_us < ?
"""  # noqa: S608 - the same


class Counted(NamedTuple):
    """The ledger's side."""

    places: dict[Place, Ours]
    reported_nusd: int
    """of rows that are a provider's own report, and are in none of the places"""


def count(
    book: Book, since_us: int, until_us: int, sellers: Mapping[str, str] | None = None
) -> Counted:
    """`sellers`: whose report the calls of each provider of headgate.toml are in."""
    places: dict[Place, Ours] = {}
    for provider, simulated, model, day, *rest in book.rows(_SUMS, (since_us, until_us)):
        place = Place(
            vendor(provider, model, sellers), int(day), canonical(model), bool(simulated)
        )
        numbers = [int(number or 0) for number in rest]
        places[place] = _plus(places.get(place, Ours()), _ours(numbers, model))
    return Counted(places, int(book.one(_OWN_REPORT, (since_us, until_us))[0]))


def _ours(numbers: list[int], model: str) -> Ours:
    tokens, money = 1 + len(TOKENS), 1 + len(TOKENS) + len(LINES)
    split = tuple(numbers[1:tokens]), tuple(numbers[tokens:money])
    return Ours(numbers[0], *split, (model,), *numbers[money:])


def _plus(one: Ours, other: Ours) -> Ours:
    tokens, nusd = plus(one.tokens, other.tokens), plus(one.nusd, other.nusd)
    names = (*one.names, *other.names)
    return Ours(one.calls + other.calls, tokens, nusd, names, *plus(one[4:], other[4:]))


def vendor(provider: str, model: str, sellers: Mapping[str, str] | None) -> str:
    """Whose report a call is in."""
    if sellers is not None and provider in sellers:
        return sellers[provider]
    if provider:
        return provider
    return "anthropic" if canonical(model).startswith("claude") else "openai"


def loose(
    connection: Connection,
    since_us: int,
    until_us: int,
    sellers: Mapping[str, str] | None = None,
) -> dict[Place, Loose]:
    """Calls of these days that were sent and have no outcome."""
    found = connection.execute(
        "SELECT provider, model_sent, at_us, state, probable_nusd FROM intent"
        " WHERE at_us >= ? AND at_us < ? AND surface <> 'count_tokens'",
        (since_us, until_us),
    )
    places: dict[Place, Loose] = {}
    for provider, model, at_us, state, nusd in found.fetchall():
        name = vendor(provider, model, sellers)
        place = Place(name, at_us // DAY_US, canonical(model))
        known = places.get(place, Loose())
        is_open = state == "open"
        places[place] = Loose(
            known.open + is_open, known.orphaned + (not is_open), known.probable_nusd + nusd
        )
    return places
