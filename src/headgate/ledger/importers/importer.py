"""What an importer is: a module of this folder with an IMPORTER, one file each.

Rule 1: an importer reads; it neither prices, nor dedupes, nor writes.
Rule 2: a line it cannot read is told to the Tally, with where and why, and never skipped in
silence; a file it cannot read raises Refused, before the first draft.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headgate.ledger.importers.draft import Draft
from headgate.ledger.reconcile.reported import Reported

EXAMPLES = 5


class Refused(ValueError):
    """A file cannot be read at all: what is wrong with it, and what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(slots=True)
class Tally:
    """What was read, and what could not be."""

    lines: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    """lines that are well and say nothing of a call, by what they are"""
    malformed: Counter[str] = field(default_factory=Counter)
    """lines that could not be read, by why"""
    examples: list[tuple[str, int, str]] = field(default_factory=list)
    """(file, line, why) of the first malformed ones"""
    notes: Counter[str] = field(default_factory=Counter)
    """what was assumed of lines that were taken, or was strange about them"""

    def wrong(self, file: Path, line: int, why: str) -> None:
        self.malformed[why] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((str(file), line, why))


@dataclass(frozen=True, slots=True)
class Options:
    """What whoever imports says beside the source."""

    mapping: tuple[tuple[str, str], ...] = ()
    """(column of a Draft, column of the source), of --map"""
    timezone: str = "UTC"
    """of times that say none"""
    money: str = ""
    """dollars, cents or microdollars, where the source does not say; empty: it must be plain"""
    decimal: str = ""
    """the decimal mark, . or ,; empty: it must be plain from the file"""


@dataclass(frozen=True, slots=True)
class Importer:
    """One format."""

    name: str
    """as rows carry it in `source`, and as SOURCES of the book's columns knows it"""
    about: str
    """what it reads, for a person"""
    fits: Callable[[Path, bytes], bool]
    """is this file one of it; told its first 64 KB"""
    files: Callable[[Path], Iterable[Path]]
    """those of a folder that may be"""
    read: Callable[[Path, int, Options, Tally], Iterator[tuple[int, Draft]]]
    """drafts of one file from that byte on, each with the byte behind it, from where reading
    can go on"""
    places: Callable[[], Iterable[Path]] = tuple
    """where it usually lies, such as ~/.claude; looked for when no source is named"""
    reported: Callable[[Path, Options, Tally], Iterator[Reported]] | None = None
    """what the file says as a provider's own report, to compare sums with; None: it is none"""
