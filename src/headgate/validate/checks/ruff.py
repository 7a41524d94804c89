"""Python's lint, by ruff."""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said, Tool, stated
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.json import whole
from headgate.validate.reading.lines import own

RUFF = Tool("ruff", "pip install ruff", "python")
CONFIGS = ("pyproject.toml", "ruff.toml", ".ruff.toml")
QUIET = (("RUFF_NO_CACHE", "true"), ("NO_COLOR", "1"), ("RAYON_NUM_THREADS", "2"))


class _Place(msgspec.Struct):
    row: int = 0
    column: int = 0


class _Fix(msgspec.Struct):
    message: str | None = None


class _Said(msgspec.Struct):
    filename: str
    message: str
    code: str | None = None
    location: _Place | None = None
    end_location: _Place | None = None
    fix: _Fix | None = None


def _plan(asked: Asked) -> tuple[Run, ...]:
    words = (asked.tool, "check", "--output-format", "json", "--force-exclude", "--")
    return (Run((*words, *asked.files), env=QUIET),)


def _read(said: Said) -> tuple[Problem, ...]:
    look = own(said.files)
    return tuple(
        _problem(it, path)
        for it in whole(said.stdout, list[_Said])
        if (path := look(it.filename))
    )


def _problem(said: _Said, path: str) -> Problem:
    begins, ends = said.location or _Place(), said.end_location or _Place()
    return Problem(
        path=path,
        line=begins.row,
        column=begins.column,
        end_line=ends.row,
        end_column=ends.column,
        message=said.message,
        check=CHECK.name,
        rule=said.code or "invalid-syntax",
        level=Level.ERROR,
        fix=(said.fix.message or "") if said.fix else "",
    )


CHECK = Check(
    name="ruff",
    stage=Stage.LINT,
    slot="python-lint",
    suffixes=(".py", ".pyi"),
    plan=_plan,
    read=_read,
    tool=RUFF,
    configs=CONFIGS,
    named=stated("tool.ruff"),
    sees_project=True,  # which imports are its own decides how they are sorted
    fix="ruff check --fix {files}",
)
