"""A client's settings file: adds our settings to it and takes them out again, and nothing else.

Rule 1: merging and removing are pure, text in and text out; both can be shown before anything
is written.
Rule 2: what was there stays: removing after merging gives the same bytes if nobody else wrote.
Rule 3: a file is replaced in one step, keeps its mode, and its first state is kept beside it.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BACKUP = ".before-headgate"
MARK = "# by headgate setup"
_WAS = "# was before headgate: "

Flat = Mapping[tuple[str, ...], object]
"""path of a setting -> its value"""


class Unreadable(Exception):
    """The file is not what its name says; it is left alone."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a file holds and what it would hold."""

    path: Path
    before: str | None
    """None: there is no such file"""
    after: str | None
    """None: there should be none"""

    @property
    def is_needed(self) -> bool:
        return self.before != self.after

    def diff(self) -> str:
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            (self.after or "").splitlines(keepends=True),
            str(self.path),
            f"{self.path} (with Headgate)",
        )
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


class Line(str):
    """A value that is one line among others, which may be somebody else's."""

    __slots__ = ()

    def below(self, others: object) -> str:
        lines = others.splitlines() if isinstance(others, str) else []
        return "\n".join(lines if self in lines else [*lines, self])


def merge_json(text: str | None, wanted: Flat) -> str:
    """The document with our settings in it; everything else keeps its place."""
    document = _document(text)
    for path, value in wanted.items():
        table = document
        for part in path[:-1]:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                raise Unreadable(f"its setting {part} is no object")
            table = inner
        before = table.get(path[-1])
        table[path[-1]] = value.below(before) if isinstance(value, Line) else value
    return _written(document) if document != _document(text) or text is None else text


def remove_json(text: str, first: str, ours: Iterable[tuple[str, ...]]) -> str | None:
    """The document without our settings: former values return, empty leftovers go.

    `first` is the file before our first visit, empty if there was none.
    """
    former, document = _document(first), _document(text)
    for path in ours:
        _restore(document, former, path)
    if document == former:
        return first or None
    return _written(document)


def _restore(document: dict[str, Any], former: dict[str, Any], path: tuple[str, ...]) -> None:
    table, old = document, former
    for part in path[:-1]:
        inner = table.get(part)
        if not isinstance(inner, dict):
            return
        table, old = inner, old.get(part, {})
    if path[-1] in old:
        table[path[-1]] = old[path[-1]]
    else:
        table.pop(path[-1], None)
    if len(path) > 1 and not table and path[0] not in former:
        del document[path[0]]


def _document(text: str | None) -> dict[str, Any]:
    if text is None or not text.strip():
        return {}
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"it is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Unreadable("it holds no JSON object")
    return document


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def merge_toml(text: str | None, block: str) -> str:
    """The text with our top-level lines before its first table and our tables at its end."""
    bare = text or ""
    was, ours = _parsed(bare), tomllib.loads(block)
    wanted = _overlaid(was, ours)
    if was == wanted:
        return bare
    for name, tables in ours.items():
        for inner in set(was.get(name, {})) & set(tables) if isinstance(tables, dict) else ():
            raise Unreadable(f"it has a [{name}.{inner}] of its own")
    top, _, tables = block.strip("\n").partition("\n\n")
    lines = bare.splitlines(keepends=True)
    cut = next(
        (at for at, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines)
    )
    head = [_set_aside(line, list(ours)) for line in lines[:cut]]
    if lines and not lines[-1].endswith("\n"):
        (head if cut == len(lines) else lines).append("\n")
    merged = "".join([_marked(top), *head, *lines[cut:], _marked(tables)])
    if _parsed(merged) != wanted:
        raise Unreadable("it is laid out in a way that cannot be edited safely")
    return merged


def remove_toml(text: str, first: str) -> str | None:
    """The text without the lines we marked, and with those we had set aside."""
    kept = [line for line in text.splitlines(keepends=True) if not line.endswith(MARK + "\n")]
    left = "".join(line.removeprefix(_WAS) for line in kept)
    if _parsed(left) == _parsed(first):
        return first or None
    return left


def _marked(block: str) -> str:
    return "".join(f"{line}  {MARK}\n" if line else f"{MARK}\n" for line in block.splitlines())


def _overlaid(was: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """What the file must mean afterwards."""
    return was | {
        name: {**was.get(name, {}), **value} if isinstance(value, dict) else value
        for name, value in ours.items()
    }


def _set_aside(line: str, names: list[str]) -> str:
    """A former value becomes a comment, so that it can return."""
    match = re.match(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*=""", line)
    return _WAS + line if match and match[1] in names else line


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"it is not TOML: {error}") from None


def read(path: Path) -> str | None:
    """The file's text; None: there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text") from None


def backup_of(path: Path) -> Path:
    """Where the file's first state is kept; an empty one stands for no file at all."""
    return path.with_name(path.name + BACKUP)


def apply(change: Change, *, first: str | None) -> None:
    """Make the file what it should be; `first`, its first state, stays beside it until None."""
    target = change.path.resolve()  # dotfiles are often links into a repository
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    if first is not None:
        replace(backup_of(target), first, mode=mode)
    if change.after is None:
        target.unlink(missing_ok=True)
    else:
        replace(target, change.after, mode=mode)
    if first is None:
        backup_of(target).unlink(missing_ok=True)


def replace(path: Path, text: str, *, mode: int) -> None:
    """Write beside the file and move over it: a reader sees the old text or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except OSError:
        Path(name).unlink()
        raise
