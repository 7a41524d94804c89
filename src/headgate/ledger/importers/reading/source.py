"""Opens a file of rows, whichever way it is written, and knows how its cells are to be read.

Rule 1: a mandatory column that is missing refuses the file, and is named.
Rule 2: how numbers and dates are written is decided once for a file, from its first rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from headgate.ledger.importers.importer import Options, Refused
from headgate.ledger.importers.reading import documents, sheet
from headgate.ledger.importers.reading.items import Cells, Item, Row, folded
from headgate.ledger.importers.reading.values import (
    NUSD,
    UNITS,
    Times,
    decimal_mark,
    nusd,
    whole,
)

SAMPLE = 1_000

_NOTHING = ("null", "NULL", "None")


class Wanted(NamedTuple):
    """What a format needs of its columns; each in its usual spelling."""

    mandatory: tuple[str, ...]
    times: tuple[str, ...]
    numbers: tuple[str, ...] = ()


class Source:
    """A file of rows, its first ones looked at."""

    def __init__(
        self,
        path: Path,
        options: Options,
        wanted: Wanted,
        rows: tuple[list[str], Iterator[Item]] | None = None,
    ) -> None:
        names, items = rows if rows is not None else ([], iter(()))
        delimiter = ""
        if rows is None:
            items, names, delimiter = _opened(path)
        sample = list(islice(items, SAMPLE))
        self.items: Iterator[Item] = chain(sample, items)
        cells = [item.cells for item in sample if isinstance(item, Row)]
        self.names = names or list(dict.fromkeys(name for row in cells for name in row))
        """of its columns: as a table writes them, or folded members of objects"""
        if options.money not in UNITS:
            raise Refused(
                f"--money {options.money} is no unit", "say dollars, cents or microdollars"
            )
        self.unit = UNITS[options.money]
        """nano-dollars of one of whatever its columns of money hold"""
        _demand(wanted.mandatory, self.names, cells)
        self.decimal = decimal_mark(_texts(cells, wanted.numbers), delimiter, options.decimal)
        self._times = Times(options.timezone, _texts(cells, wanted.times))

    def us(self, cells: Cells, name: str) -> int:
        """The moment in a column; it must be there."""
        return self._times.us(cells.get(folded(name)), name)

    def us_or_0(self, cells: Cells, name: str) -> int:
        """The same; 0: the cell is empty."""
        value = cells.get(folded(name))
        return self._times.us(value, name) if value not in (None, "", "null") else 0

    def whole(self, cells: Cells, name: str) -> int:
        return whole(cells.get(folded(name)), name, self.decimal)

    def count(self, cells: Cells, key: str) -> int:
        """The same of a folded name: a shorter way for many rows."""
        value = cells.get(key)
        if type(value) is str and value.isdecimal():
            return int(value)
        return whole(value, key, self.decimal)

    def nusd(self, cells: Cells, name: str, unit: int = NUSD) -> int | None:
        return nusd(cells.get(folded(name)), name, self.decimal, unit)


def text(found: Mapping[str, Any], *names: str) -> str:
    """The first of these that holds something, as text: folded names of columns, or an
    object's own."""
    for name in names:
        value = found.get(name)
        if value and value not in _NOTHING:
            return value if type(value) is str else str(value)
    return ""


def _opened(path: Path) -> tuple[Iterator[Item], list[str], str]:
    if documents.is_json(sheet.head_of(path)):
        return documents.read(path), [], ""
    layout, items = sheet.read(path)
    return items, layout.header, layout.delimiter


def columns(head: bytes) -> frozenset[str]:
    """The folded names of columns, or of members at any depth, that a file begins with."""
    if documents.is_json(head):
        return documents.keys(head)
    return frozenset(sheet.layout(head).names)


def _demand(mandatory: Iterable[str], names: Sequence[str], rows: list[Cells]) -> None:
    if not rows and not names:
        return
    known = {folded(name) for name in names}
    missing = [name for name in mandatory if folded(name) not in known]
    if missing and (rows or known):
        raise Refused(
            f"it has no column {' and no '.join(missing)}; its columns are: {', '.join(names)}",
            "export it again with all columns, or say which column is which with"
            " --map ts=COLUMN,model=COLUMN,input=COLUMN,output=COLUMN",
        )


def _texts(rows: list[Cells], names: Iterable[str]) -> Iterator[str]:
    keys = [folded(name) for name in names]
    for row in rows:
        for key in keys:
            value = row.get(key)
            if isinstance(value, str) and value:
                yield value
