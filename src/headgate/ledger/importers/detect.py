"""Decides what a source is: which files it has, and which importer reads each of them.

Rule 1: what a file holds decides; its name only says whether it is looked at. Where the format
is named, it is believed.
Rule 2: nothing is left out in silence: what no importer knows and what cannot be read is told.
Rule 3: a folder that is linked in two ways, or in a circle, is walked once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headgate.ledger.importers import load
from headgate.ledger.importers.importer import Importer
from headgate.ledger.importers.lines import WIDE, head, strange, wide

MOST_FILES = 500_000


class Unreadable(Exception):
    """Nothing can be imported from a source: what is wrong, and what to do about it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what}\n\nhint: {hint}")
        self.what = what
        self.hint = hint


@dataclass(slots=True)
class Found:
    """The files of one or more sources."""

    files: dict[str, list[Path]] = field(default_factory=dict)
    """by the importer that reads them, in order"""
    unknown: list[tuple[Path, str]] = field(default_factory=list)
    """files that no importer knows, and what is known of them"""
    refused: list[tuple[Path, str]] = field(default_factory=list)
    """files and folders that cannot be read, and why"""
    again: int = 0
    """files that stand in another source too, and are taken once"""

    @property
    def count(self) -> int:
        return sum(map(len, self.files.values()))

    def since(self, unknown: int, refused: int) -> Found:
        """What one source left out, as so many files were before it."""
        return Found(unknown=self.unknown[unknown:], refused=self.refused[refused:])


def usual(importers: Sequence[Importer] | None = None) -> list[Path]:
    """The places where something can be expected, as far as files are there."""
    known = load() if importers is None else importers
    places = {place: None for importer in known for place in importer.places()}
    return [place for place in places if place.exists() and _holds_files(place, known)]


def _holds_files(place: Path, known: Sequence[Importer]) -> bool:
    return any(True for _ in _candidates(place, known, Found(), set()))


def find(
    sources: Iterable[Path], named: str = "", importers: Sequence[Importer] | None = None
) -> Found:
    """What there is to import; Unreadable: a source is not there, or nothing of it fits.

    `named`: the format, where whoever imports says it.
    """
    known = load() if importers is None else importers
    # Those with folders of their own are told by a few words, tables only by all their columns.
    known = sorted(known, key=lambda it: not it.folders)
    if named:
        known = [_named(named, known)]
    found = Found()
    seen: set[tuple[int, int]] = set()
    for source in sources:
        before, out = found.count + found.again, (len(found.unknown), len(found.refused))
        if not source.exists():
            raise Unreadable(
                f"{source} is not there", "name a file or a folder that is; check the spelling"
            )
        _sort(source, _candidates(source, known, found, seen), named, known, found)
        if found.count + found.again == before:
            raise _nothing(source, named, known, found.since(*out))
    for files in found.files.values():
        files.sort()
    return found


def _named(name: str, known: Sequence[Importer]) -> Importer:
    for importer in known:
        if importer.name == name:
            return importer
    names = ", ".join(importer.name for importer in known)
    raise Unreadable(f"there is no format called {name!r}", f"--as takes one of: {names}")


def _candidates(
    source: Path, known: Sequence[Importer], found: Found, seen: set[tuple[int, int]]
) -> Iterator[Path]:
    """The files of a source that may be something, each once."""
    if not source.is_dir():
        yield from _fresh([source], found, seen)
        return
    suffixes = tuple({suffix for importer in known for suffix in importer.suffixes})
    below = [source / name for importer in known for name in importer.folders]
    roots = [folder for folder in below if folder.is_dir()] or [source]
    for root in dict.fromkeys(roots):
        files = _walk(root, found)
        yield from _fresh((it for it in files if _ends(it, suffixes)), found, seen)


def _ends(file: Path, suffixes: tuple[str, ...]) -> bool:
    return file.name.lower().removesuffix(".gz").removesuffix(".zst").endswith(suffixes)


def _fresh(files: Iterable[Path], found: Found, seen: set[tuple[int, int]]) -> Iterator[Path]:
    for file in files:
        try:
            about = file.stat()
        except OSError as error:
            found.refused.append((file, error.strerror or str(error)))
            continue
        if (about.st_dev, about.st_ino) not in seen:
            seen.add((about.st_dev, about.st_ino))
            yield file
        else:
            found.again += 1


def _walk(root: Path, found: Found) -> Iterator[Path]:
    """All files below a folder; each folder once, however it is linked."""
    known: set[tuple[int, int]] = set()
    count = 0

    def refuse(error: OSError) -> None:
        found.refused.append((Path(str(error.filename)), error.strerror or str(error)))

    for folder, folders, names in os.walk(root, followlinks=True, onerror=refuse):
        about = os.stat(folder)
        if (about.st_dev, about.st_ino) in known:
            folders.clear()
            continue
        known.add((about.st_dev, about.st_ino))
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                raise Unreadable(
                    f"{root} holds more than {MOST_FILES:,} files",
                    "name the folder that holds what is meant",
                )
            yield Path(folder, name)


def _sort(
    source: Path, files: Iterable[Path], named: str, known: Sequence[Importer], found: Found
) -> None:
    for file in files:
        try:
            start = head(file)
        except OSError as error:
            found.refused.append((file, error.strerror or str(error)))
            continue
        if what := strange(start):
            found.refused.append((file, what))
        elif not start.strip():
            found.unknown.append((file, "it is empty"))
        elif name := _taker(source, file, start, named, known):
            found.files.setdefault(name, []).append(file)
        elif wide(start):
            found.refused.append((file, WIDE))
        else:
            found.unknown.append((file, "no format fits what it holds"))


def _taker(
    source: Path, file: Path, start: bytes, named: str, known: Sequence[Importer]
) -> str:
    """The format that reads it; of text that is not UTF-8 none that goes on from any byte."""
    those = [it for it in known if not (it.grows and wide(start))]
    if named and those:
        return named
    return _judge(file, start, those) or _last(source, start, those)


def _judge(file: Path, start: bytes, known: Sequence[Importer]) -> str:
    return next((importer.name for importer in known if importer.fits(file, start)), "")


def _last(source: Path, start: bytes, known: Sequence[Importer]) -> str:
    """Who can say of a file that was named what it lacks."""
    if source.is_dir() or (wide(start) and b"{" in start[:4]):
        return ""
    takers = (it.name for it in known if it.mapped is not None and it.mapped(start))
    return next(takers, "")


def _nothing(source: Path, named: str, known: Sequence[Importer], found: Found) -> Unreadable:
    if found.refused:
        place, why = found.refused[-1]
        hint = (
            f"make it readable: `chmod -R u+rX {place}`"
            if "ermission" in why
            else ("name what can be read")
        )
        return Unreadable(f"nothing could be read of {source}: {place}: {why}", hint)
    if source.is_dir() and not found.unknown:
        suffixes = sorted({suffix for importer in known for suffix in importer.suffixes})
        return Unreadable(
            f"{source} holds nothing to import: no file ends with {', '.join(suffixes)}",
            "name the folder that holds transcripts or exports, such as ~/.claude",
        )
    tried = ", ".join(importer.name for importer in known)
    if found.unknown and not source.is_dir() and found.unknown[-1][1] == "it is empty":
        return Unreadable(f"{source} is empty", "export it again, or name another file")
    return Unreadable(
        f"{source} is in no format that is known; tried: {tried}",
        f"it is not {named} either: leave --as out"
        if named
        else "say what it is with --as FORMAT, or name its columns:"
        " --map ts=COLUMN,model=COLUMN,input=COLUMN,output=COLUMN",
    )
