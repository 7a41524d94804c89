"""Writes exports as products write them, and reads them back through an importer."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Options, Reading

SECRET = bytes(range(32))
NOW_US = 1_790_000_000_000_000
"""September 2026"""

MAPPED = Options(secret=SECRET)


def table(path: Path, rows: Iterable[Sequence[object]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def lines(path: Path, rows: Iterable[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def opened(path: Path, options: Options = MAPPED, offset: int = 0) -> Reading:
    return Reading(path, options, now_us=NOW_US, offset=offset)


def taken(importer: Importer, reading: Reading) -> list[Draft]:
    """All drafts of a file; every file that is read is also recognised."""
    if not reading.options.mapping:
        assert importer.fits(reading.path, reading.path.read_bytes()[:65_536])
    found: list[Draft] = []
    for batch in importer.read(reading):
        for draft in batch:
            assert not isinstance(draft, Failed)
            found.append(draft)
    return found


def read(importer: Importer, path: Path, **options: Any) -> tuple[list[Draft], Reading]:
    reading = opened(path, Options(**{"secret": SECRET, **options}))
    return taken(importer, reading), reading


def why(reading: Reading) -> dict[str, int]:
    """What was malformed, and how often."""
    return dict(reading.tally.malformed)
