"""A report of costs yields lines to compare with, and no rows of the book."""

from __future__ import annotations

from pathlib import Path

from headgate.ledger.importers.importer import Options, Reading
from headgate.ledger.importers.reading.items import Cells, Item, Passed, Row, Skipped
from headgate.ledger.importers.reading.reports import NO_SPEND, lines, not_spend
from headgate.ledger.importers.reading.values import Bad
from headgate.ledger.reconcile.reported import Reported

LINE = Reported("anthropic", "", 20_000, "m", "", "output", cost_nusd=5)
ITEMS: list[Item] = [
    Row(2, {"kind": "good"}),
    Row(3, {"kind": "bad"}),
    Row(4, {"kind": "passed"}),
    Skipped(5, "it is cut"),
    Skipped(6, "a header", malformed=False),
]


def line(cells: Cells) -> Reported:
    if cells["kind"] == "bad":
        raise Bad("it is bad")
    if cells["kind"] == "passed":
        raise Passed("it is none")
    return LINE


def test_every_line_is_counted_as_what_it_is() -> None:
    reading = Reading(Path("a.csv"), Options())
    assert list(lines(reading, ITEMS, line)) == [LINE]
    assert reading.tally.malformed == {"it is bad": 1, "it is cut": 1}
    assert reading.tally.ignored == {"it is none": 1, "a header": 1}


def test_importing_it_brings_nothing_and_counts_what_it_was() -> None:
    reading = Reading(Path("a.csv"), Options())
    assert list(not_spend(reading, lambda it: lines(it, ITEMS, line))) == [[]]
    assert reading.tally.ignored[NO_SPEND] == 1
    assert reading.offset == reading.tally.lines == 5
