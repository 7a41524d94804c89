"""Brings what files of one format hold into the book: staged, deduped, priced, sealed, listed.

Rule 1: until the one commit at the end the book is as it was; whatever stops an import before,
the same command goes on with it.
Rule 2: what the import is and what it brought are one commit; when everything was there
already, nothing is listed.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import msgspec
import xxhash

from headgate.ledger.archive.segment import Owned, Segment, put_rows, quoted, tag_of
from headgate.ledger.book.duck import Duck, open_duck
from headgate.ledger.importers import imports
from headgate.ledger.importers.booked import book, bring, counted
from headgate.ledger.importers.detect import Unreadable
from headgate.ledger.importers.importer import Reading
from headgate.ledger.importers.imports import DONE, READING, Import, Raced
from headgate.ledger.importers.intake import From, Watch, silent, take
from headgate.ledger.importers.known import Known
from headgate.ledger.importers.overlap import Overlap, leave_out
from headgate.ledger.importers.sources import Summary, summary_of
from headgate.ledger.importers.staging import Busy, Lock, Progress, Staging
from headgate.ledger.reconcile import reported
from headgate.ledger.shelf import Shelf
from headgate.money.catalog import Catalog
from headgate.store.place import Place, connect
from headgate.store.sql import Connection

FOLDER = "imports"
DRY = "dry-"
TRIES = 3


@dataclass(frozen=True, slots=True)
class Into:
    """Where an import goes."""

    place: Place
    shelf: Shelf
    state: Path
    """the folder in which unfinished imports lie"""
    catalog: Catalog
    now_us: int
    dry: bool = False
    """only say what would be brought"""


class Outcome(NamedTuple):
    """What an import brought."""

    id: str
    """empty: nothing was new"""
    summary: Summary
    refused: list[tuple[Path, str]]
    replaced: int
    """calls of earlier imports that were not whole, and are now"""
    days: int
    """days that the book now tells twice over: by calls, and by sums"""
    reported: int
    """lines of a provider's own report, kept to compare sums with"""
    resumed: bool
    """an earlier attempt was gone on with"""


def run(what: From, into: Into, watch: Watch = silent) -> Outcome:
    """Import; detect.Unreadable, StoreError, OSError and staging.Busy are expected."""
    with contextlib.closing(connect(into.place)) as connection:
        key = connection.execute("SELECT secret FROM meta WHERE name = 'fingerprint_key'")
        options = replace(what.options, secret=bytes(key.fetchone()[0]))
        work = _Work(replace(what, options=options), into, connection)
        return work.done(watch)


class _Work:
    """One import, by one thread."""

    def __init__(self, what: From, into: Into, connection: Connection) -> None:
        self.what = what
        self.into = into
        self.connection = connection
        self.tag = tag_of(connection)
        self.folder = into.state / FOLDER / self.tag
        self.known = Known(self.folder / "known.db")

    def done(self, watch: Watch) -> Outcome:
        with contextlib.ExitStack() as stack:
            if not self.into.dry:
                lock = Lock(
                    self.folder / "import.lock"
                )  # one finds what the one before brought
                stack.callback(lock.close)
            staging, resumed, adopted = self._opened()
            stack.callback(staging.close)
            try:
                outcome = self._taken(staging, watch)._replace(resumed=resumed)
            except Unreadable:
                imports.forget(self.connection, staging.about("id"))
                staging.remove()
                raise
            except BaseException:
                if self.into.dry:
                    staging.remove()
                raise
            if not self.into.dry:
                before = set(adopted)
                fresh = [it for it in staging.progress() if it not in before]
                self.known.learn(self.what.importer.name, fresh, outcome.id)
            staging.remove()
            return outcome

    def _taken(self, staging: Staging, watch: Watch) -> Outcome:
        id = staging.about("id")
        if not self.into.dry:
            imports.begin(self.connection, self._row(id, READING))
        taken = take(staging, self.what, self.into.now_us, watch)
        staging.settle()
        outcome = self._booked(staging, id)
        if not outcome.id:
            imports.forget(self.connection, id)
        return outcome._replace(refused=taken.refused, reported=self._reported())

    def _opened(self) -> tuple[Staging, bool, list[Progress]]:
        """The staging to go on with, else a new one that begins behind earlier imports."""
        what = self.what
        asked = repr((what.importer.name, sorted(map(str, what.sources)), what.options))
        dry = f"{DRY}{secrets.token_hex(4)}-" if self.into.dry else ""
        name = f"{dry}{what.importer.name}-{xxhash.xxh3_64_hexdigest(asked.encode())}.db"
        listed = {it.id: it.state for it in imports.all_imports(self.connection)}
        self._sweep(name, listed)
        staging = Staging(self.folder / name)
        finished = [id for id, state in listed.items() if state == DONE]
        known = self.known.of(what.importer.name, what.files, finished)
        id = staging.about("id")
        if id and listed.get(id, READING) == READING:
            return staging, staging.drafts() > 0, known
        if id:  # the commit was made, and what follows it was not
            staging.remove()
            staging = Staging(self.folder / name)
        staging.say(id=f"imp_{secrets.token_hex(4)}")
        staging.adopt(known)
        return staging, False, known

    def _sweep(self, mine: str, listed: Mapping[str, str]) -> None:
        """Remove what imports that nobody goes on with have left."""
        for path in self.folder.glob("*-*.db"):
            if path.name == mine or path.name.startswith(DRY):
                continue
            with contextlib.suppress(Busy):
                other = Staging(path)
                if listed.get(other.about("id")) == READING:
                    other.close()
                else:
                    other.remove()

    def _booked(self, staging: Staging, id: str) -> Outcome:
        for attempt in range(TRIES):
            duck = open_duck(spill=str(self.folder))
            with contextlib.closing(duck):
                bring(duck, staging.path)
                try:
                    return self._written(duck, staging, id)
                except Raced:
                    if attempt == TRIES - 1:
                        raise
        raise AssertionError("it returns or raises")

    def _written(self, duck: Duck, staging: Staging, id: str) -> Outcome:
        what, into = self.what, self.into
        counts = book(duck, into.catalog, what.importer.name, id)
        overlap = leave_out(duck, into.place, into.shelf, what.importer.name)
        counts = counted(duck, twice=counts.twice + overlap.twice, continued=counts.continued)
        summary = summary_of(what.importer.name, what.files, staging, counts)
        if into.dry:
            return Outcome("", summary, [], overlap.better, overlap.days, 0, False)
        if counts.calls:
            owned = Owned(self.tag, into.now_us, id)
            made = put_rows(duck, "ready", into.shelf, owned)
            made += self._again(duck, overlap)
            imports.finish(
                self.connection, self._row(id, DONE, summary), made, overlap.replaced
            )
        new = id if counts.calls else ""
        return Outcome(new, summary, [], overlap.better, overlap.days, 0, False)

    def _again(self, duck: Duck, overlap: Overlap) -> list[Segment]:
        """Segments of earlier imports, without the rows that are replaced."""
        made: list[Segment] = []
        of = dict(self.connection.execute("SELECT path, import_id FROM segment").fetchall())
        files = self.into.shelf.fetch(overlap.replaced)
        for path, file in zip(overlap.replaced, files, strict=True):
            duck.execute(
                "CREATE OR REPLACE TABLE rest AS SELECT *"  # noqa: S608 - our own paths
                f" FROM read_parquet({quoted(file)}, hive_partitioning = false)"
                " WHERE id NOT IN (SELECT id FROM better)"
            )
            owned = Owned(self.tag, self.into.now_us, of[path])
            made += put_rows(duck, "rest", self.into.shelf, owned)
        return made

    def _reported(self) -> int:
        """Keep what files say as a provider's own report."""
        what = self.what
        if what.importer.reported is None or self.into.dry:
            return 0
        lines = 0
        for path in what.files:
            rows = list(what.importer.reported(Reading(path, what.options)))
            at_us = min(self.into.now_us, path.stat().st_mtime_ns // 1_000)
            lines += reported.keep(self.connection, rows, at_us)
        return lines

    def _row(self, id: str, state: str, summary: Summary | None = None) -> Import:
        what = self.what
        row = Import(
            id, what.importer.name, what.label, self.into.now_us, state, 0, 0, 0, 0, 0, 0, "{}"
        )
        if summary is None:
            return row
        return row._replace(
            calls=summary.calls,
            twice=summary.twice,
            malformed=sum(summary.malformed.values()),
            first_us=summary.first_us,
            last_us=summary.last_us,
            cost_nusd=summary.cost_nusd,
            detail=msgspec.json.encode(summary).decode(),
        )
