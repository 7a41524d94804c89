"""Decides how the rows of a file become drafts: in batches, counted, from any row on.

Rule 1: the offset of a Reading is a number of rows: those before it are read again and left
out, so that whatever a format remembers of them is there.
Rule 2: a row that cannot be read is told with its line; it never ends the import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Reading, Tally
from headgate.ledger.importers.reading.values import DAY_US, Bad

BATCH = 500

FUTURE = "it lies in the future: the clock of whoever wrote it was wrong"
ODD = "its parts are not of the kind that this format has"

Cells = dict[str, Any]
"""values by their folded names"""


class Row(NamedTuple):
    line: int
    cells: Cells


class Skipped(NamedTuple):
    """A row that is none: malformed, or one that says nothing of a call."""

    line: int
    why: str
    malformed: bool = True


Item = Row | Skipped

_FOLDED: dict[str, str] = {}


def folded(name: str) -> str:
    """One spelling of start_time, startTime and Start Time."""
    known = _FOLDED.get(name)
    if known is None:
        known = "".join(c for c in name.casefold() if c.isalnum())
        if len(_FOLDED) < 10_000:
            _FOLDED[name] = known
    return known


class Passed(Exception):
    """A row is well and no call: what it is."""


def drafts(
    reading: Reading, items: Iterable[Item], draft: Callable[[Cells], Draft]
) -> Iterator[list[Draft]]:
    """What the rows say; `draft` raises Bad or Passed where one says nothing."""
    before, tally = reading.offset, reading.tally
    if before:
        reading.tally = Tally()  # what is read again was counted before
    batch: list[Draft] = []
    count = 0
    for count, item in enumerate(items, 1):
        made = _draft(reading, item, draft)
        if count <= before:
            if count == before:
                reading.tally = tally
            continue
        if made is not None:
            batch.append(made)
        if not count % BATCH:
            reading.offset, reading.line = count, item.line
            yield batch
            batch = []
    reading.tally = tally
    if count > before:
        reading.offset = count
        yield batch


def _draft(reading: Reading, item: Item, draft: Callable[[Cells], Draft]) -> Draft | None:
    tally = reading.tally
    tally.lines += 1
    if isinstance(item, Skipped):
        if item.malformed:
            tally.wrong(reading.path, item.line, item.why)
        else:
            tally.ignored[item.why] += 1
        return None
    try:
        made = draft(item.cells)
    except Bad as error:
        tally.wrong(reading.path, item.line, str(error))
    except Passed as what:
        tally.ignored[str(what)] += 1
    except (TypeError, AttributeError, KeyError, IndexError):
        tally.wrong(reading.path, item.line, ODD)
    else:
        if not reading.now_us or made.at_us < reading.now_us + DAY_US:
            return made
        tally.wrong(reading.path, item.line, FUTURE)
    return None


def labels(tags: Iterable[str]) -> str:
    """Tags as the ledger keeps them: with commas between, each once."""
    return ",".join(dict.fromkeys(tag.replace(",", " ").strip() for tag in tags if tag))


def lasted(reading: Reading, start_us: int, end_us: int) -> int:
    """From one to the other; 0, and noted, where the clock went back between them."""
    if end_us >= start_us:
        return end_us - start_us
    reading.tally.notes["it ends before it starts: how long it took is left out"] += 1
    return 0
