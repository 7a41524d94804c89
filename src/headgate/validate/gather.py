"""Decides which files are checked: named ones, those below named folders, those that changed.

Rule 1: what was named and cannot be checked is a mistake that is told, each with its own words;
what merely lies in a folder and is no source is passed over, and a giant there is told apart.
Rule 2: a file is measured before it is read, and read through the descriptor that was measured:
no device, pipe or giant is ever opened for reading.
Rule 3: a link is followed only to a place inside the same repository.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from headgate.validate.problem import shown
from headgate.validate.project import Project, Source, beginning, kind_of, laid_as, listing
from headgate.validate.project import repository as repository_of

SUFFIXES = (
    *(".py", ".pyi", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"),
    *(".go", ".rs", ".r", ".R", ".sh", ".bash"),
)
LANGUAGES = {
    "python": ".py",
    "javascript": ".js",
    "typescript": ".ts",
    "go": ".go",
    "rust": ".rs",
    "r": ".R",
    "bash": ".sh",
}
MOST_BYTES = 1 << 20
"""a source beyond that was not written to be read"""

_SHEBANG = re.compile(rb"^#!.*\b(python|node|bash|sh|Rscript)[\d.]*\b")
_SPOKEN = {b"python": ".py", b"node": ".js", b"bash": ".sh", b"sh": ".sh", b"Rscript": ".R"}


class Refusal(Exception):
    """What was named cannot be checked: what it is, and the remedy."""

    def __init__(self, what: str, remedy: str = "", *, is_named: bool = True) -> None:
        """`is_named`: it was asked for by its name, and does not merely lie in a folder."""
        super().__init__(what)
        self.what, self.remedy, self.is_named = what, remedy, is_named


class Wanted(NamedTuple):
    """Which files are asked for."""

    paths: tuple[str, ...]
    here: Path
    language: str = ""
    """of files whose name does not say it"""
    stdin: bytes | None = None
    """what the path - stands for"""
    stdin_name: str = ""
    most_bytes: int = MOST_BYTES
    changed: frozenset[str] = frozenset()
    """of the paths: those that nobody named, but git"""


def gather(wanted: Wanted) -> tuple[list[Project], list[Refusal]]:
    """The projects with their files, and what could not be taken."""
    found: dict[tuple[Path, Path, str], list[Source]] = {}
    refused: list[Refusal] = []
    seen: set[Path] = set()
    for path, is_named in _spread(wanted, refused):
        try:
            source = _take(path, wanted, is_named)
        except Refusal as error:
            refused.append(error)
            continue
        if source is None or source[0] in seen:
            continue
        place, data, suffix = source
        seen.add(place)
        kind = kind_of(suffix)
        root, above = beginning(place.parent, kind, wanted.here)
        group = found.setdefault((root, above, kind), [])
        name = laid_as(place.relative_to(root).as_posix(), len(seen))
        name = name if name.endswith(suffix) else f"unusual/file{len(seen)}{suffix}"
        group.append(Source(path, name, data, suffix))
    projects = [Project(*key, tuple(sources)) for key, sources in sorted(found.items())]
    return projects, refused


def _spread(wanted: Wanted, refused: list[Refusal]) -> Iterator[tuple[str, bool]]:
    for path in wanted.paths:
        whole = wanted.here / path
        if path != "-" and whole.is_dir():
            names = listing(whole)
            sources = [it for it in names if it.endswith(SUFFIXES)]
            if not sources:
                refused.append(
                    Refusal(
                        f"{shown(path)} holds no source file", "name files, or their folder"
                    )
                )
            for name in sources:
                yield os.path.normpath(os.path.join(path, name)), False
        else:
            yield path, path not in wanted.changed


def _take(path: str, wanted: Wanted, is_named: bool) -> tuple[Path, bytes, str] | None:
    """Where a file lies, what it holds, and the suffix of its language; None: pass it over."""
    if path == "-":
        return _take_stdin(wanted)
    whole = Path(os.path.abspath(wanted.here / path))
    if whole.is_symlink():
        if not is_named:
            return None  # what it leads to is checked where it lies
        whole = _followed(path, whole)
    data = _read(path, whole, wanted.most_bytes, is_named)
    if data is None:
        return None
    return whole, data, _suffix(path, data, wanted)


def _take_stdin(wanted: Wanted) -> tuple[Path, bytes, str]:
    data = wanted.stdin or b""
    if len(data) > wanted.most_bytes:
        raise _too_large("standard input", len(data), wanted.most_bytes)
    name = wanted.stdin_name or "stdin"
    suffix = _suffix(name, data, wanted)
    whole = Path(os.path.abspath(wanted.here / name))
    if not name.endswith(suffix):
        whole = whole.with_name(whole.name + suffix)
    return whole, data, suffix


def _suffix(path: str, data: bytes, wanted: Wanted) -> str:
    ending = next((it for it in SUFFIXES if path.endswith(it)), "")
    if ending and not (wanted.language and len(wanted.paths) == 1):
        return ending
    if wanted.language:
        return LANGUAGES[wanted.language]
    spoken = _SHEBANG.match(data[:200].splitlines()[0] if data else b"")
    if spoken is not None:
        return _SPOKEN[spoken[1]]
    raise Refusal(
        f"{shown(path)}: nothing says which language it is in",
        f"--language {'|'.join(LANGUAGES)}",
    )


def _followed(path: str, link: Path) -> Path:
    target = Path(os.path.realpath(link))
    if not target.exists():
        raise Refusal(f"{shown(path)} is a link that leads nowhere", "remove it, or mend it")
    inside = repository_of(link.parent) or link.parent
    if not target.is_relative_to(os.path.realpath(inside)):
        raise Refusal(
            f"{shown(path)} is a link that leads out of {shown(str(inside.name))}",
            "name the file that it leads to",
        )
    return target


def _read(path: str, whole: Path, most: int, is_named: bool) -> bytes | None:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW
    try:
        handle = os.open(whole, flags)
    except OSError as error:
        if not is_named:
            return None  # listed and not there: removed, and not yet from the index
        raise _unopened(path, error) from error
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            if not is_named:
                return None
            raise Refusal(
                f"{shown(path)} is no regular file but {_kind(about.st_mode)}",
                "name a file, or - for standard input",
            )
        if about.st_size > most:
            raise _too_large(shown(path), about.st_size, most, is_named=is_named)
        return file.read(most + 1)


def _unopened(path: str, error: OSError) -> Refusal:
    if error.errno == errno.ENOENT:
        return Refusal(f"{shown(path)} does not exist", "check the name, and where you stand")
    if error.errno == errno.EACCES:
        return Refusal(f"{shown(path)} may not be read by you", "check its permissions")
    if error.errno in (errno.ENXIO, errno.ENODEV):
        return Refusal(f"{shown(path)} is no regular file", "name a file, or - for stdin")
    return Refusal(f"{shown(path)} cannot be opened: {error.strerror}", "check the name")


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"))
    return next((word for test, word in kinds if test(mode)), "something else")


def _too_large(what: str, size: int, most: int, *, is_named: bool = True) -> Refusal:
    return Refusal(
        f"{what} has {size:,} bytes; a source of more than {most:,} is not read",
        "name the sources alone, or raise --most-bytes",
        is_named=is_named,
    )
