"""Reads OpenAI's costs: the cost CSV of its dashboard, and pages of /v1/organization/costs.

Rule 1: it is a report to compare with, and never spend: it has no tokens, and the same days
come with the usage, where they would count twice.
Rule 2: a line is named as `model, what for`; what names no model is a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading
from headgate.ledger.importers.openai_usage import EMPTY, results
from headgate.ledger.importers.reading import reports
from headgate.ledger.importers.reading.items import Cells, Passed
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text
from headgate.ledger.importers.reading.values import DAY_US, Bad, nusd
from headgate.ledger.reconcile.reported import Reported

WANTED = Wanted(mandatory=("start_time", "end_time"), times=(), numbers=("amount_value",))
_LINES = (
    ("cached input", "cache_read"),
    ("cache read", "cache_read"),
    ("cache write", "cache_write_30m"),
    ("input", "input"),
    ("output", "output"),
    ("search", "search"),
)


def fits(path: Path, head: bytes) -> bool:
    names = columns(head)
    return names >= {"starttime", "endtime", "amountvalue"} or (
        names >= {"starttime", "endtime", "results", "amount"}
        and b"organization.costs." in head
    )


def reported(reading: Reading) -> Iterator[Reported]:
    source = Source(reading.path, reading.options, WANTED)

    def line(cells: Cells) -> Reported:
        amount, currency = _amount(cells, source)
        if amount is None:
            raise Passed(EMPTY)
        if currency.casefold() not in ("", "usd"):
            raise Bad("it is not in dollars")
        model, what = _named(text(cells, "lineitem"))
        return Reported(
            provider="openai",
            account=text(cells, "projectname", "projectid"),
            day=source.us(cells, "start_time") // DAY_US,
            model=model,
            tier="",
            line=what,
            cost_nusd=amount,
        )

    return reports.lines(reading, results(source.items), line)


def _amount(cells: Cells, source: Source) -> tuple[int | None, str]:
    inner = cells.get("amount")
    if isinstance(inner, dict):
        return nusd(inner.get("value"), "amount"), text(inner, "currency")
    return source.nusd(cells, "amount_value"), text(cells, "amountcurrency")


def _named(item: str) -> tuple[str, str]:
    """The model of a line, and which of its tokens it pays for."""
    model, comma, what = item.partition(", ")
    if not comma:
        return "", item or "all"
    said = what.casefold()
    return model, next((line for words, line in _LINES if words in said), what)


def read(reading: Reading) -> Iterator[list[Draft]]:
    return reports.not_spend(reading, reported)


IMPORTER = Importer(
    name="openai-costs",
    about="OpenAI's costs, as CSV or JSON: a report to compare with, not spend",
    fits=fits,
    read=read,
    suffixes=(".csv", ".tsv", ".json", ".jsonl"),
    grows=False,
    reported=reported,
)
