"""One reconciliation: fetches what providers report, compares, and keeps what was found.

Rule 1: one provider that cannot be asked stops nobody else; what is wrong is told of each.
Rule 2: it may be done again at any time: reports and findings take the place of older ones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import NamedTuple

from headgate.config.model import Config
from headgate.ledger.book.book import open_book
from headgate.ledger.book.hot import Window
from headgate.ledger.reconcile.counted import VENDORS
from headgate.ledger.reconcile.fetch import Fetched, Source, fetch
from headgate.ledger.reconcile.page import NoReport
from headgate.ledger.reconcile.reported import keep, note_drift
from headgate.ledger.reconcile.sides import DAY_US
from headgate.ledger.reconcile.verdict import Given, Verdict, drifts, verdict
from headgate.ledger.shelf import Shelf
from headgate.money.catalog import Catalog
from headgate.store.place import Place
from headgate.store.sql import Connection


class Outcome(NamedTuple):
    """What became of one provider's report."""

    provider: str
    rows: int
    days: int
    trouble: NoReport | None = None


def sources(config: Config) -> list[Source]:
    """Whom the configuration has an admin key of."""
    it = config.reconcile
    found = (
        Source("anthropic", it.anthropic_admin_key, it.anthropic_url, it.anthropic_workspaces),
        Source("openai", it.openai_admin_key, it.openai_url, it.openai_projects),
    )
    return [source for source in found if source.key]


def sellers(config: Config) -> dict[str, str]:
    """Whose report the calls of each provider are in."""
    return {
        provider.name: provider.kind if provider.kind in VENDORS else provider.name
        for provider in config.providers
    }


def bring(
    connection: Connection, asked: Iterable[Source], first: int, last: int
) -> list[Outcome]:
    """Fetch and keep these days of each, both included."""
    wanted = list(asked)
    found = []
    for source, it in zip(wanted, asyncio.run(_all(wanted, first, last)), strict=True):
        if isinstance(it, NoReport):
            found.append(Outcome(source.provider, 0, 0, it))
        else:
            found.append(Outcome(source.provider, hold(connection, it), _days(it)))
    return found


async def _all(asked: list[Source], first: int, last: int) -> list[Fetched | NoReport]:
    return await asyncio.gather(*(_one(source, first, last) for source in asked))


async def _one(source: Source, first: int, last: int) -> Fetched | NoReport:
    try:
        return await fetch(source, first, last)
    except NoReport as trouble:
        return trouble


def _days(fetched: Fetched) -> int:
    return len({day for _, day, _ in fetched.days})


def hold(connection: Connection, fetched: Fetched, at_us: int = 0) -> int:
    """Keep it; how many rows it is. `at_us`: when it was made; 0: now."""
    made_us = min(at_us or now_us(), now_us())
    return keep(connection, fetched.rows, made_us, fetched.account, fetched.days)


class Books(NamedTuple):
    """Where our side is."""

    connection: Connection
    place: Place
    shelf: Shelf


def judge(books: Books, config: Config, since_us: int, until_us: int) -> Verdict:
    """Compare the window with what is reported of it, and keep how far apart they are."""
    with open_book(books.place, books.shelf, Window(since_us, until_us)) as book:
        found = verdict(
            books.connection,
            book,
            since_us,
            until_us,
            Given(sellers(config), Catalog.load(config.prices.rules)),
        )
    note_drift(books.connection, drifts(found, now_us()))
    return found


def nightly(books: Books, config: Config) -> tuple[list[Outcome], Verdict]:
    """What is done every night: the last days anew, up to the last midnight."""
    until = now_us() // DAY_US
    first = until - config.reconcile.days
    done = bring(books.connection, sources(config), first, until - 1)
    return done, judge(books, config, first * DAY_US, until * DAY_US)


def now_us() -> int:
    return time.time_ns() // 1000
