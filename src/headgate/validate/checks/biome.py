"""JavaScript's and TypeScript's lint, by Biome."""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable, there
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.json import whole
from headgate.validate.reading.lines import own

BIOME = Tool("biome", "npm install --save-dev @biomejs/biome", "node")
CONFIGS = ("biome.json", "biome.jsonc", "package.json", ".editorconfig")
SUFFIXES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
NAMED = there("biome.json", "biome.jsonc")
FLAGS = ("--reporter=json", "--max-diagnostics=none", "--colors=off", "--vcs-enabled=false")
_LEVELS = {"fatal": Level.ERROR, "error": Level.ERROR, "warning": Level.WARNING}


class _At(msgspec.Struct):
    line: int = 0
    column: int = 0


class _Where(msgspec.Struct):
    path: str | None = None
    start: _At | None = None
    end: _At | None = None


class _Advice(msgspec.Struct):
    text: str = ""


class _One(msgspec.Struct):
    severity: str
    message: str
    category: str | None = None
    location: _Where | None = None
    advices: list[_Advice] = []


class _Document(msgspec.Struct):
    diagnostics: list[_One]


def told(said: Said, check: str) -> tuple[Problem, ...]:
    """What Biome says of the files."""
    if not said.stdout.strip() and "No files were processed" in said.stderr:
        return ()  # the project's configuration leaves them out
    document = whole(said.stdout, _Document)
    look = own(said.files)
    problems = []
    for it in document.diagnostics:
        where = it.location or _Where()
        path = look(where.path or "")
        if path:
            problems.append(_problem(it, where, path, check))
        elif it.severity in ("fatal", "error") and not where.path:
            raise Unreadable(it.message)
    return tuple(problems)


def _problem(it: _One, where: _Where, path: str, check: str) -> Problem:
    start, end = where.start or _At(), where.end or _At()
    is_format = it.category == "format"
    return Problem(
        path=path,
        line=start.line,
        column=start.column,
        end_line=end.line,
        end_column=end.column,
        message="would be formatted otherwise" if is_format else it.message,
        check=check,
        rule=it.category or "",
        level=_LEVELS.get(it.severity, Level.NOTICE),
        fix="; ".join(one.text for one in it.advices if "fix: " in one.text),
    )


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run((asked.tool, "lint", *FLAGS, *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    return tuple(it for it in told(said, CHECK.name) if it.rule != "format")


CHECK = Check(
    name="biome",
    stage=Stage.LINT,
    slot="javascript-lint",
    suffixes=SUFFIXES,
    plan=_plan,
    read=_read,
    tool=BIOME,
    configs=CONFIGS,
    named=NAMED,
    fix="biome lint --write {files}",
)
