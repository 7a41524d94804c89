"""Reads files into the staging of an import, from wherever an earlier attempt stopped.

Rule 1: a file that cannot be read is told, and the others are read all the same; only when none
can be read does it end in an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from headgate.ledger.importers.detect import Unreadable
from headgate.ledger.importers.importer import Importer, Options, Refused
from headgate.ledger.importers.staging import Staging


class Seen(NamedTuple):
    """How far an import has come."""

    kind: str
    size: int
    """bytes read"""
    of_size: int
    files: int
    of_files: int
    drafts: int


Watch = Callable[[Seen], None]


def silent(_: Seen) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class From:
    """What is imported."""

    importer: Importer
    sources: Sequence[Path]
    """as they were named"""
    files: Sequence[Path]
    options: Options

    @property
    def label(self) -> str:
        return " ".join(map(str, self.sources))


class Taken(NamedTuple):
    """What became of the files."""

    size: int
    """bytes that were read now"""
    refused: list[tuple[Path, str]]


def take(staging: Staging, what: From, now_us: int, watch: Watch = silent) -> Taken:
    """Read all that is new; Unreadable: not one of the files can be read."""
    importer, files = what.importer, what.files
    options = replace(what.options, secret=what.options.secret or staging.secret())
    sizes = [_size(path) for path in files]
    seen = Seen(importer.name, 0, sum(sizes), 0, len(files), 0)
    refused: list[tuple[Path, str]] = []
    remedy, size = "", 0
    for path, of_size in zip(files, sizes, strict=True):
        watch(seen)
        try:
            begun = staging.begin(path, importer, options)
            if begun is not None:
                begun.now_us = now_us
                before = seen.size - begun.offset
                start = begun.offset
                for drafts in importer.read(begun):
                    staging.keep(begun, drafts)
                    size_now = before + min(begun.offset, of_size)
                    seen = seen._replace(size=size_now, drafts=seen.drafts + len(drafts))
                    watch(seen)
                staging.keep(begun, [], whole=True)
                size += begun.offset - start
        except OSError as error:
            refused.append((path, error.strerror or str(error)))
        except Refused as error:
            staging.forget(path)
            refused.append((path, error.what))
            remedy = error.remedy
        done = sum(sizes[: seen.files + 1])
        seen = seen._replace(size=done, files=seen.files + 1)
    watch(seen)
    if refused and len(refused) == len(files):
        path, why = refused[-1]
        raise Unreadable(f"{path} cannot be read: {why}", remedy or "name what can be read")
    return Taken(size, refused)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
