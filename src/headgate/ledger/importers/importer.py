"""What an importer is: a module of this folder with an IMPORTER, one file each.

Rule 1: an importer reads; it neither prices, nor dedupes, nor writes.
Rule 2: a line it cannot read is told to the Tally, with where and why, and never skipped in
silence; a file it cannot read raises Refused, before the first draft.
Rule 3: whenever it yields, its Reading and Tally tell of exactly what it has yielded till then:
what is kept of both is where an interrupted import goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.reconcile.reported import Reported

EXAMPLES = 5
HEAD_BYTES = 65_536
"""what is read of a file to tell its format"""


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

    def add(self, other: Tally) -> None:
        """Both in one."""
        self.lines += other.lines
        for mine, theirs in (
            (self.ignored, other.ignored),
            (self.malformed, other.malformed),
            (self.notes, other.notes),
        ):
            mine.update(theirs)
        self.examples += other.examples[: EXAMPLES - len(self.examples)]


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
    secret: bytes = b""
    """the key of fingerprints of this installation; empty: none are made"""
    named: str = ""
    """the format; empty: it is told from what files hold"""


@dataclass(slots=True)
class Reading:
    """One file as it is read, from wherever an earlier import stopped."""

    path: Path
    options: Options
    tally: Tally = field(default_factory=Tally)
    now_us: int = 0
    """what is later than this lies in the future"""
    offset: int = 0
    """where to begin, and how far it has come: bytes, or what else the importer counts"""
    line: int = 0
    """lines (or rows) before the offset"""
    kept: dict[str, Any] = field(default_factory=dict)
    """what the importer has to remember to go on from there; it must fit into JSON"""


@dataclass(frozen=True, slots=True)
class Importer:
    """One format."""

    name: str
    """as rows carry it in `source`, and as SOURCES of the book's columns knows it"""
    about: str
    """what it reads, for a person"""
    fits: Callable[[Path, bytes], bool]
    """is this file one of it; told its first 64 KB, unpacked where they were packed"""
    read: Callable[[Reading], Iterator[Sequence[Draft | Failed]]]
    """what stands in one file, in lists of some hundred (empty ones show progress); a format
    of lines reads them with lines.blocks()"""
    suffixes: tuple[str, ...] = (".jsonl",)
    """how the names of its files end; .gz may follow"""
    folders: tuple[str, ...] = ()
    """where its files lie below a named folder; if none is there, or empty: anywhere in it"""
    places: Callable[[], Iterable[Path]] = tuple
    """where it usually lies, such as ~/.claude; looked for when no source is named"""
    grows: bool = True
    """False: a file is only understood as a whole, and read anew when it has changed"""
    mapped: Callable[[bytes], bool] | None = None
    """can --map name the columns of a file that begins so: such a file, when it is named and no
    format fits, is read by this one, which tells what it lacks; None: it takes no --map"""
    reported: Callable[[Reading], Iterator[Reported]] | None = None
    """what the file says as a provider's own report, to compare sums with; None: it is none"""
