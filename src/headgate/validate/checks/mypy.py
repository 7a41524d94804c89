"""Python's types, by mypy."""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable, stated, there
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.json import by_line
from headgate.validate.reading.lines import own

_LEVELS = {"error": Level.ERROR, "note": Level.NOTICE, "warning": Level.WARNING}
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
    return (Run((*words, *asked.files), env=(("NO_COLOR", "1"),)),)


def _read(said: Said) -> tuple[Problem, ...]:
    look, spoken = own(said.files), by_line(said.stdout, _Said)
    if said.exit_code == 1 and not spoken:
        raise Unreadable("it found something and did not say what")
    return tuple(_problem(it, path) for it in spoken if (path := look(it.file)))


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
    sees_project=True,
)
