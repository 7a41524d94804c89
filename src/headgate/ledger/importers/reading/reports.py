"""Decides how a provider's report of costs is read, which is compared with and never is spend.

Rule 1: importing it brings no rows into the book, and says where its lines are of use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Reading
from headgate.ledger.importers.reading.items import Cells, Item, Passed, Skipped
from headgate.ledger.importers.reading.values import Bad
from headgate.ledger.reconcile.reported import Reported

NO_SPEND = "a line of costs: kept for `headgate reconcile`, and no spend of its own"


def lines(
    reading: Reading, items: Iterable[Item], line: Callable[[Cells], Reported]
) -> Iterator[Reported]:
    """What the rows say; `line` raises Bad or Passed where one says nothing."""
    tally, path = reading.tally, reading.path
    for item in items:
        tally.lines += 1
        if isinstance(item, Skipped):
            if item.malformed:
                tally.wrong(path, item.line, item.why)
            else:
                tally.ignored[item.why] += 1
            continue
        try:
            made = line(item.cells)
        except Bad as error:
            tally.wrong(path, item.line, str(error))
        except Passed as what:
            tally.ignored[str(what)] += 1
        else:
            yield made


def not_spend(
    reading: Reading, reported: Callable[[Reading], Iterator[Reported]]
) -> Iterator[list[Draft]]:
    """Counts the lines, and brings none into the book."""
    for _ in reported(reading):
        reading.tally.ignored[NO_SPEND] += 1
    reading.offset = reading.line = reading.tally.lines
    yield []
