"""Reads a provider's report from a file: pages of the admin API, or what a console exports.

Rule 1: what a file holds decides what it is, never its name.
Rule 2: a line that cannot be read is told, with where and why.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headgate.cli import Trouble
from headgate.cli.terminal import say
from headgate.ledger.reconcile.fetch import VENDORS, Fetched, documents, read_pages
from headgate.ledger.reconcile.page import NoReport

if TYPE_CHECKING:
    from headgate.ledger.importers.importer import Tally


def read(file: Path) -> Fetched:
    """What it reports; Trouble says why it cannot be read."""
    if _is_pages(file):
        try:
            return read_pages(documents(file.read_bytes()))
        except NoReport as error:
            raise Trouble(f"{file}: {error.what}", error.hint) from error
    return _export(file)


def _is_pages(file: Path) -> bool:
    with file.open("rb") as opened:
        start = opened.read(4096).lstrip()
    if not start.startswith((b"{", b"[")):
        return False
    try:
        pages = documents(file.read_bytes())
    except NoReport:
        return True  # it is JSON by its looks, and is told what is wrong with it
    return any(vendor.fits(page) for vendor in VENDORS.values() for page in pages)


def _export(file: Path) -> Fetched:
    """A console's CSV, by whichever importer knows it as a report."""
    from headgate.ledger.importers import detect, load
    from headgate.ledger.importers.importer import Options, Reading, Refused

    reports = [importer for importer in load() if importer.reported is not None]
    try:
        found = detect.find([file], importers=reports)
    except detect.Unreadable as error:
        raise Trouble(
            error.what,
            "a report is: pages of the admin API as JSON, the Claude Console's usage or cost"
            " CSV, OpenAI's usage or costs export",
        ) from error
    importer = next(it for it in reports if it.name in found.files)
    assert importer.reported is not None
    reading = Reading(file, Options())
    try:
        rows = list(importer.reported(reading))
    except Refused as error:
        raise Trouble(f"{file}: {error.what}", error.remedy) from error
    _tell(reading.tally)
    return Fetched(rows, set(), "")


def _tell(tally: Tally) -> None:
    for why, count in tally.malformed.items():
        say(f"{count} lines could not be read: {why}")
    for place, line, why in tally.examples:
        say(f"  {place}:{line}: {why}")
