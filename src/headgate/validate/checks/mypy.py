"""Python's types, by mypy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from pathlib import PurePosixPath

import msgspec

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable, stated, there
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.json import by_line
from headgate.validate.reading.lines import bare, own

_LEVELS = {"error": Level.ERROR, "note": Level.NOTICE, "warning": Level.WARNING}
_TWICE = "Duplicate module named"
_UNREAD = re.compile(r"^(?P<path>[^\n]+?): error: ", re.MULTILINE)
STAND_IN = b"from typing import Any\n\n\ndef __getattr__(name: str) -> Any: ...\n"
_CACHE = "--cache-dir=/dev/null"


class _Said(msgspec.Struct):
    file: str
    line: int
    message: str
    column: int = -1
    end_line: int | None = None
    end_column: int | None = None
    hint: str | None = None
    code: str | None = None
    severity: str = "error"


def _plan(asked: Asked) -> tuple[Run, ...]:
    python = (f"--python-executable={asked.python}",) if asked.python else ()
    words = (asked.tool, "--output=json", "--no-error-summary", _CACHE, *python, "--")
    turns = _apart(asked.files) if asked.is_alone else [asked.files]
    return tuple(Run((*words, *files), env=(("NO_COLOR", "1"),)) for files in turns)


def _apart(files: Sequence[str]) -> list[list[str]]:
    """So that no two of a turn have one name as modules, which mypy refuses."""
    known, seen = set(files), Counter[str]()
    turns: list[list[str]] = []
    for file in files:
        name = _module(PurePosixPath(file), known)
        seen[name] += 1
        if seen[name] > len(turns):
            turns.append([])
        turns[seen[name] - 1].append(file)
    return turns


def _module(file: PurePosixPath, known: Set[str]) -> str:
    """By the packages that it lies in."""
    words = [] if file.stem == "__init__" else [file.stem]
    for folder in file.parents:
        if f"{folder}/__init__.py" not in known:
            break
        words.append(folder.name)
    return ".".join(words) or file.stem


def _read(said: Said) -> tuple[Problem, ...]:
    look, spoken = own(said.files), by_line(said.stdout, _Said)
    if said.exit_code and not spoken and not _stopped(said):
        raise Unreadable(said.stderr.strip()[-200:] or "it did not say what it found")
    return tuple(
        _problem(it, path)
        for it in spoken
        if (path := look(it.file)) and not it.message.startswith(_TWICE)
    )


def _stopped(said: Said) -> tuple[str, ...]:
    """Of a file that it cannot parse, or knows by another's name, it says so and ends."""
    if said.exit_code != 2:
        return ()
    look = own(said.files)
    spoken = by_line(said.stdout, _Said)
    ends = [it.file for it in spoken if it.code == "syntax" or it.message.startswith(_TWICE)]
    unread = [it["path"] for it in _UNREAD.finditer(said.stderr)]
    return tuple(dict.fromkeys(look(it) or bare(it) for it in (*ends, *unread)))


def _problem(said: _Said, path: str) -> Problem:
    return Problem(
        path=path,
        line=max(said.line, 0),
        column=said.column + 1,
        end_line=said.end_line or 0,
        end_column=(said.end_column or -1) + 1,
        message=said.message,
        check=CHECK.name,
        rule=said.code or "",
        level=_LEVELS.get(said.severity, Level.ERROR),
        fix=said.hint or "",
    )


_table, _file = stated("tool.mypy"), there("mypy.ini", ".mypy.ini")

CHECK = Check(
    name="mypy",
    stage=Stage.TYPES,
    slot="python-types",
    suffixes=(".py", ".pyi"),
    plan=_plan,
    read=_read,
    tool=Tool("mypy", "pip install mypy", "python"),
    rank=1,
    configs=("pyproject.toml", "mypy.ini", ".mypy.ini", "setup.cfg"),
    named=lambda configs: _table(configs) or _file(configs),
    ends=(0, 1, 2),  # 2: it went no further than a file
    sees_project=True,
    stopped=_stopped,
    stand_in=lambda data: STAND_IN,
)
