"""JavaScript's and TypeScript's lint, by ESLint, where the project configures it."""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said, Tool, there
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.json import whole
from headgate.validate.reading.lines import own

_CONFIGS = ("eslint.config.js", "eslint.config.mjs", "eslint.config.cjs", "eslint.config.ts")


class _Message(msgspec.Struct, rename="camel"):
    severity: int
    message: str
    rule_id: str | None = None
    line: int = 0
    column: int = 0
    end_line: int | None = None
    end_column: int | None = None


class _File(msgspec.Struct, rename="camel"):
    file_path: str
    messages: list[_Message]


def _plan(asked: Asked) -> tuple[Run, ...]:
    flags = ("--format", "json", "--no-color", "--no-warn-ignored")
    return (Run((asked.tool, *flags, "--", *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    look = own(said.files)
    return tuple(
        _problem(it, path)
        for file in whole(said.stdout, list[_File])
        if (path := look(file.file_path))
        for it in file.messages
    )


def _problem(it: _Message, path: str) -> Problem:
    return Problem(
        path=path,
        line=it.line,
        column=it.column,
        end_line=it.end_line or 0,
        end_column=it.end_column or 0,
        message=it.message,
        check=CHECK.name,
        rule=it.rule_id or "syntax",
        level=Level.ERROR if it.severity > 1 else Level.WARNING,
    )


CHECK = Check(
    name="eslint",
    stage=Stage.LINT,
    slot="javascript-lint",
    suffixes=(".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"),
    plan=_plan,
    read=_read,
    tool=Tool("eslint", "npm install --save-dev eslint", "node"),
    rank=1,
    configs=(*_CONFIGS, "package.json", "tsconfig.json"),
    named=there(*_CONFIGS),
    fix="eslint --fix {files}",
)
