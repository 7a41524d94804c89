"""Reads the cost CSV of Anthropic's console: dollars by day, model and kind of token.

Rule 1: it is a report to compare with, and never spend: it has no tokens, it is rounded to
cents, and the same days come with the usage CSV, where they would count twice.
Rule 2: models are told by the names people read; they are given their ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading
from headgate.ledger.importers.reading import reports, vendors
from headgate.ledger.importers.reading.items import Cells
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text
from headgate.ledger.importers.reading.values import DAY_US, Bad
from headgate.ledger.reconcile.reported import Reported

WANTED = Wanted(
    mandatory=("usage_date_utc", "model", "cost_usd"),
    times=("usage_date_utc",),
    numbers=("cost_usd", "list_price_usd"),
)
_LINES = {
    "input_no_cache": "input",
    "input_cache_read": "cache_read",
    "input_cache_write_5m": "cache_write_5m",
    "input_cache_write_1h": "cache_write_1h",
    "input_cache_write": "cache_write_5m",
    "output": "output",
}
_KINDS = {"token": "other", "tokens": "other", "web_search": "search"}


def fits(path: Path, head: bytes) -> bool:
    return columns(head) >= {"usagedateutc", "costusd"}


def reported(reading: Reading) -> Iterator[Reported]:
    source = Source(reading.path, reading.options, WANTED)

    def line(cells: Cells) -> Reported:
        nusd = source.nusd(cells, "cost_usd")
        if nusd is None:
            raise Bad("it has no cost_usd")
        kind = text(cells, "costtype") or "token"
        return Reported(
            provider="anthropic",
            account=text(cells, "workspace"),
            day=source.us(cells, "usage_date_utc") // DAY_US,
            model=vendors.model_id(text(cells, "model")),
            tier=vendors.terms(text(cells, "usagetype"))["tier"],
            line=_LINES.get(text(cells, "tokentype")) or _KINDS.get(kind, kind),
            cost_nusd=nusd,
        )

    return reports.lines(reading, source.items, line)


def read(reading: Reading) -> Iterator[list[Draft]]:
    return reports.not_spend(reading, reported)


IMPORTER = Importer(
    name="anthropic-cost",
    about="the cost CSV of Anthropic's console: a report to compare with, not spend",
    fits=fits,
    read=read,
    suffixes=(".csv", ".tsv"),
    grows=False,
    reported=reported,
)
