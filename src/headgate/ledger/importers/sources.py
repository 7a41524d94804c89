"""Reads sources for an audit that keeps nothing in the store: rows of the book, as files.

Rule 1: what was read once is kept in a folder for caches, so that a second audit reads what is
new since then, and nothing at all if nothing is.
Rule 2: a cached answer holds for the same files, options and prices, and for no others; it is
removed when nobody asked for it in a month.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns

import msgspec
import xxhash

from headgate import __version__
from headgate.ledger.archive.segment import quoted
from headgate.ledger.book.duck import open_duck
from headgate.ledger.importers import load
from headgate.ledger.importers.booked import Counts, book, bring
from headgate.ledger.importers.detect import Unreadable, find, usual
from headgate.ledger.importers.importer import Options
from headgate.ledger.importers.intake import From, Watch, silent, take
from headgate.ledger.importers.staging import Busy, Staging
from headgate.ledger.importers.twofold import Twofold
from headgate.money.catalog import Catalog

KEPT_NS = 30 * 86_400 * 10**9
SHAPE = 4
"""raised when rows are made in another way: what was cached before is read anew then"""


@dataclass(frozen=True, slots=True)
class Summary:
    """What one format's files hold."""

    kind: str
    files: int
    size: int
    """bytes of the files"""
    lines: int
    calls: int
    """rows, sums included"""
    twice: int
    """calls that stand in a second place, and are counted once"""
    continued: int
    """lines that told more of a call already told"""
    malformed: dict[str, int]
    examples: list[tuple[str, int, str]]
    ignored: dict[str, int]
    notes: dict[str, int]
    unpriced: dict[str, int]
    first_us: int
    last_us: int
    cost_nusd: int
    stated: int
    """rows that cost what their source states, for want of tokens or of a price"""
    sums: int
    """rows that stand for several calls"""
    of_sums: int
    """calls that those stand for, as far as the source counts them"""
    twofold: list[Twofold]
    """days that two of the files tell"""


@dataclass(frozen=True, slots=True)
class Read:
    """What sources hold: Parquet files of rows of the book, and what is to be said of them."""

    files: list[Path]
    summaries: list[Summary]
    unknown: list[tuple[str, str]] = field(default_factory=list)
    """files that were left out because no format fits, and why"""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """files and folders that cannot be read, and why"""


_Said = tuple[Summary, list[tuple[Path, str]]]


def read_sources(
    sources: Sequence[Path],
    catalog: Catalog,
    cache: Path,
    options: Options = Options(),  # noqa: B008 - it never changes
    progress: Watch = silent,
) -> Read:
    """Rows of all that is there; no source: of the usual places. detect.Unreadable: nothing is.

    `cache`: a folder that may be emptied at any time.
    """
    meant = [path.absolute() for path in sources or usual()]
    if not meant:
        raise Unreadable(
            "nothing lies in the usual places, such as ~/.claude or ~/.codex",
            "name a file or a folder",
        )
    found = find(meant, options.named)
    read = Read([], [], _texts(found.unknown), _texts(found.refused))
    importers = {it.name: it for it in load()}
    for kind, paths in sorted(found.files.items()):
        room = _Room(cache, From(importers[kind], meant, paths, options))
        try:
            rows, summary, refused = room.answer(catalog, progress)
        except Busy:
            raise Unreadable(
                f"{meant[0]} is being read by another Headgate", "wait until that is done"
            ) from None
        read.files.append(rows)
        read.summaries.append(summary)
        read.refused.extend(_texts(refused))
    return read


def summary_of(kind: str, found: Sequence[Path], staging: Staging, counts: Counts) -> Summary:
    """What an import of such files met and made."""
    tally = staging.tally()
    return Summary(
        kind=kind,
        files=len(found),
        size=sum(path.stat().st_size for path in found if path.exists()),
        lines=tally.lines,
        calls=counts.calls,
        twice=counts.twice,
        continued=counts.continued,
        malformed=dict(tally.malformed.most_common()),
        examples=tally.examples,
        ignored=dict(tally.ignored.most_common()),
        notes=dict(tally.notes.most_common()),
        unpriced=counts.unpriced,
        first_us=counts.first_us,
        last_us=counts.last_us,
        cost_nusd=counts.cost_nusd,
        stated=counts.stated,
        sums=counts.sums,
        of_sums=counts.of_sums,
        twofold=counts.twofold if counts.calls else [],
    )


@dataclass(frozen=True, slots=True)
class _Room:
    """The folder in which the answer for one format's files is cached."""

    cache: Path
    what: From

    @property
    def folder(self) -> Path:
        what = self.what
        sources = sorted(map(str, what.sources))
        asked = repr((__version__, SHAPE, what.importer.name, sources, what.options))
        return self.cache / f"{what.importer.name}-{xxhash.xxh3_64_hexdigest(asked.encode())}"

    def answer(
        self, catalog: Catalog, progress: Watch
    ) -> tuple[Path, Summary, list[tuple[Path, str]]]:
        """The rows, what there is to say of them, and files that cannot be read."""
        seen = self._seen(catalog)
        rows, said = (self.folder / f"{seen}{end}" for end in (".parquet", ".json"))
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if rows.exists():
                summary, refused = msgspec.json.decode(said.read_bytes(), type=_Said)
                os.utime(self.folder)
                return rows, summary, refused
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._prune()
        summary, refused = self._made(catalog, progress, rows)
        for old in (*self.folder.glob("*.parquet"), *self.folder.glob("*.json")):
            if old not in (rows, said):
                old.unlink(missing_ok=True)
        said.write_bytes(msgspec.json.encode((summary, refused), enc_hook=str))
        return rows, summary, refused

    def _prune(self) -> None:
        """Remove what nobody asked for in a month."""
        for other in self.cache.iterdir():
            with contextlib.suppress(OSError):
                if other.is_dir() and time_ns() - other.stat().st_mtime_ns > KEPT_NS:
                    shutil.rmtree(other, ignore_errors=True)

    def _seen(self, catalog: Catalog) -> str:
        """What the files and the prices are like now."""
        parts: list[object] = [catalog.fingerprint]
        for path in self.what.files:
            with contextlib.suppress(OSError):
                about = path.stat()
                parts.append((str(path), about.st_ino, about.st_size, about.st_mtime_ns))
        return xxhash.xxh3_128_hexdigest(repr(parts).encode())

    def _made(
        self, catalog: Catalog, progress: Watch, rows: Path
    ) -> tuple[Summary, list[tuple[Path, str]]]:
        what, staging = self.what, Staging(self.folder / "staging.db")
        with contextlib.closing(staging):
            staging.forget_others(what.files)
            now_us = time_ns() // 1_000
            taken = take(staging, what, now_us, progress)
            staging.settle()
            duck = open_duck(spill=str(self.folder))
            with contextlib.closing(duck):
                bring(duck, staging.path)
                counts = book(duck, catalog, what.importer.name, "")
                part = rows.with_suffix(f".{os.getpid()}.part")
                duck.execute(
                    f"COPY (SELECT * FROM ready ORDER BY at_us) TO {quoted(part)}"  # noqa: S608 - a path of ours
                    " (FORMAT parquet, COMPRESSION zstd)"
                ).fetchall()
            part.replace(rows)
            return summary_of(what.importer.name, what.files, staging, counts), taken.refused


def _texts(those: Sequence[tuple[Path, str]]) -> list[tuple[str, str]]:
    return [(str(path), why) for path, why in those]
