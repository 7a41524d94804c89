"""What a project is to its files: where it begins, what configures its tools, what they import.

Rule 1: a project begins at the nearest folder that says so for the language, and never above
the repository; without such a folder it is where the command stands, or where the file lies.
Rule 2: files are laid out by their names in the project; a name that could be taken for
something else (an option, several lines, another direction) is laid under another one.
Rule 3: the rest of the project is laid beside a file that imports some of it, and only then.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from headgate.validate.check import Check
from headgate.validate.tools import upwards

MARKS = {
    ".py": ("pyproject.toml", "setup.cfg", "mypy.ini", "ruff.toml", "ty.toml"),
    ".ts": ("tsconfig.json", "package.json", "biome.json", "biome.jsonc"),
    ".js": ("package.json", "biome.json", "biome.jsonc"),
    ".go": ("go.mod",),
    ".rs": ("Cargo.toml",),
}
ALIKE = {
    **dict.fromkeys((".pyi",), ".py"),
    **dict.fromkeys((".tsx", ".mts", ".cts"), ".ts"),
    **dict.fromkeys((".jsx", ".mjs", ".cjs"), ".js"),
}
BESIDE = {
    ".py": (".py", ".pyi", ".typed"),
    ".ts": (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"),
    ".go": (".go", ".mod", ".sum"),
    ".rs": (".rs", ".toml", ".lock"),
}
"""what a file of a project may import"""

MOST_FILES, MOST_BYTES = 5_000, 32 << 20
"""a project beyond that is not laid out whole"""

_PLAIN = re.compile(r"[\w@+(\[][\w@+.\- ()\[\]]*(/[\w@+(\[][\w@+.\- ()\[\]]*)*")
_PYTHON = re.compile(rb"^[ \t]*(?:from[ \t]+(\.*\w*)|import[ \t]+(\w+))", re.MULTILINE)
_SCRIPT = re.compile(rb"""(?:from|import|require\()\s*["'](\.{1,2}/|@/|~/|#)""")


class Source(NamedTuple):
    """A file that is checked."""

    path: str
    """as the user names it"""
    name: str
    """in the project, as it is laid"""
    data: bytes
    suffix: str
    """of its language: .py of a file without one whose first line names Python"""


class Project(NamedTuple):
    """Files that share tools and configuration."""

    root: Path
    above: Path
    """the repository that holds it, or itself"""
    kind: str
    """the suffix of its language"""
    sources: tuple[Source, ...]


def kind_of(suffix: str) -> str:
    """The suffix that stands for the language."""
    return ALIKE.get(suffix, suffix)


@cache
def repository(folder: Path) -> Path | None:
    """The nearest folder with .git."""
    return next((it for it in (folder, *folder.parents) if (it / ".git").exists()), None)


@cache
def beginning(folder: Path, kind: str, here: Path) -> tuple[Path, Path]:
    """Where the project of a file in this folder begins, and the repository around it."""
    own = repository(folder)
    inside = own or (here if folder.is_relative_to(here) else folder)
    for place in upwards(folder, inside):
        if any((place / mark).is_file() for mark in MARKS.get(kind, ())):
            return place, inside
    return inside, inside


def laid_as(name: str, number: int) -> str:
    """The name in the work folder."""
    if _PLAIN.fullmatch(name) and len(name) < 200 and name.isprintable():
        return name
    suffix = re.search(r"\.[A-Za-z]{1,4}$", name)
    return f"unusual/file{number}{suffix[0] if suffix else ''}"


def configs(project: Project, checks: Iterable[Check]) -> dict[str, bytes]:
    """The files that steer the checks: of the root or above it, and on the way to each file."""
    names = sorted({name for check in checks for name in check.configs})
    found: dict[str, bytes] = {}
    for name in names:
        for folder in upwards(project.root, project.above):
            data = _read(folder / name)
            if data is not None:
                found[name] = data
                break
    inner = {Path(it.name).parent for it in project.sources}
    for folder in {place for it in inner for place in (it, *it.parents)} - {Path()}:
        for name in names:
            data = _read(project.root / folder / name)
            if data is not None:
                found[(folder / name).as_posix()] = data
    return found


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size < 1 << 20 else None
    except OSError:
        return None


def imports_project(source: Source, project: Project) -> bool:
    """Does the file name another of its project."""
    if project.kind == ".py":
        own = (project.root / source.name).parent
        return any(_is_ours(first, project.root, own) for first in _named(source.data))
    if project.kind in (".ts", ".js"):
        return (project.root / "tsconfig.json").is_file() or bool(_SCRIPT.search(source.data))
    marks = MARKS.get(project.kind, ())
    return any((project.root / mark).is_file() for mark in marks)


def _named(data: bytes) -> set[str]:
    return {(a or b).decode("utf-8", "replace") for a, b in _PYTHON.findall(data)}


def _is_ours(first: str, root: Path, own: Path) -> bool:
    """Found from the root, or beside the file itself, as a script finds it."""
    if not first or first.startswith("."):
        return True
    folders = (root, root / "src", own)
    return any((it / first).is_dir() or (it / f"{first}.py").is_file() for it in folders)


def beside(project: Project, taken: Sequence[str]) -> dict[str, bytes] | None:
    """The rest of the project, by name; None: it is too large to be laid out."""
    suffixes = BESIDE.get(project.kind, ())
    known, found, size = set(taken), {}, 0
    for name in listing(project.root):
        if name in known or not name.endswith(suffixes) or not _PLAIN.fullmatch(name):
            continue
        data = _read(project.root / name)
        if data is None or (project.root / name).is_symlink():
            continue
        found[name] = data
        size += len(data)
        if len(found) > MOST_FILES or size > MOST_BYTES:
            return None
    return found


def listing(folder: Path) -> list[str]:
    """Every file below the folder that git does not ignore, by its name from there."""
    if repository(folder) is not None:
        words = ("git", "-C", str(folder), "ls-files", "-z", "-co", "--exclude-standard")
        try:
            done = subprocess.run(words, capture_output=True, check=True)  # noqa: S603 - git
        except (OSError, subprocess.CalledProcessError):
            pass
        else:
            names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
            return sorted({it for it in names if it})
    return sorted(_walked(folder))


def _walked(folder: Path) -> Iterable[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = [it for it in folders if it not in LEFT_OUT and not it.startswith(".")]
        for file in files:
            yield Path(place, file).relative_to(folder).as_posix()


LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv", "target", "dist", "build"})
"""never walked into where there is no .gitignore to say so"""
