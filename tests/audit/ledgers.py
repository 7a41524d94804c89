"""Small books for tests: rows as rules give them, with what they cost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from headgate.audit.evidence import Evidence
from headgate.ledger.book.book import Book, lay
from headgate.ledger.book.columns import BOOK
from headgate.ledger.book.duck import open_duck
from headgate.ledger.book.hot import ALWAYS
from headgate.money.catalog import Catalog, PriceRules
from headgate.wire.model import Terms, Usage

MONDAY_US = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp() * 1e6)
DAY_US = 86_400_000_000

_DEFAULTS: dict[str, Any] = {
    "at_us": MONDAY_US,
    "surface": "messages",
    "provider": "anthropic",
    "model_sent": "claude-sonnet-5-5",
    "status": 200,
    "ending": "complete",
    "tries": 1,
    "usage_from": "provider",
    "calls": 1,
}
_USAGE = ("input_fresh", "cache_read", "cache_write_5m", "cache_write_1h")
_USAGE_LATER = ("cache_write_30m", "cache_write_12h", "output", "web_searches")


@lru_cache(1)
def catalog() -> Catalog:
    """The prices that tests count by."""
    return Catalog.load(PriceRules())


def priced(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with a name, the defaults of a plain call, and what it cost on its day."""
    full = {**_DEFAULTS, **row}
    model = str(full["model_sent"])
    full.setdefault("model_asked", model)
    full.setdefault("model_served", model)
    if "cost_nusd" in row:
        return full
    usage = Usage(**{name: int(full.get(name, 0)) for name in (*_USAGE, *_USAGE_LATER)})
    terms = Terms(str(full.get("tier", "")), str(full.get("speed", "")), "")
    at = datetime.fromtimestamp(full["at_us"] / 1e6, UTC)
    rates = catalog().rates(str(full["provider"]), model, at)
    cost = rates.cost(usage, terms)
    counted = {
        **cost._asdict(),
        "cost_nusd": cost.total_nusd,
        "uncached_nusd": rates.uncached_nusd(usage.input_total, terms),
        "price_version": rates.version,
        "priced_by": rates.priced_by,
    }
    return counted | full


@contextlib.contextmanager
def book_of(rows: Sequence[Mapping[str, Any]]) -> Iterator[Book]:
    """The book of these rows alone."""
    duck = open_duck(threads=1)
    try:
        duck.execute(f"CREATE TABLE hot ({', '.join(f'{it.name} {it.kind}' for it in BOOK)})")
        full = [{"id": f"call-{n:06d}", **priced(row)} for n, row in enumerate(rows)]
        if full:
            given = {name for row in full for name in row}
            unknown = given - {it.name for it in BOOK}
            assert not unknown, f"no such columns: {unknown}"
            here = [it for it in BOOK if it.name in given]
            lists = ", ".join(
                f"unnest(CAST(${it.name} AS {it.kind}[])) AS {it.name}" for it in here
            )
            values = ", ".join(
                f"coalesce({it.name}, {default})" if it in here else default
                for it in BOOK
                for default in (f"CAST({it.default} AS {it.kind})",)
            )
            duck.execute(
                f"INSERT INTO hot SELECT {values} FROM (SELECT {lists})",  # noqa: S608 - our columns
                {it.name: [row.get(it.name) for row in full] for it in here},
            )
        lay(duck, [], ALWAYS)
        yield Book(duck, ALWAYS)
    finally:
        duck.close()


@contextlib.contextmanager
def evidence_of(rows: Sequence[Mapping[str, Any]], **more: Any) -> Iterator[Evidence]:
    """What a rule judges those rows by; the window is that of the rows, in whole days."""
    times = [int(row.get("at_us", MONDAY_US)) for row in rows] or [MONDAY_US]
    since = min(times) // DAY_US * DAY_US
    until = (max(times) // DAY_US + 1) * DAY_US
    with book_of(rows) as book:
        yield Evidence(book, catalog(), since, until, **more)
