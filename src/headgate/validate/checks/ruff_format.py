"""Python's format, by ruff format."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, there
from headgate.validate.checks.ruff import CONFIGS, QUIET, RUFF
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.diff import unformatted
from headgate.validate.reading.lines import placed

_UNPARSED = re.compile(
    r"^error: Failed to parse (?P<path>.+?):(?P<line>\d+):(?P<column>\d+): (?P<text>.+)$"
)


def _plan(asked: Asked) -> tuple[Run, ...]:
    words = (asked.tool, "format", "--diff", "--force-exclude", "--")
    return (Run((*words, *asked.files), env=QUIET),)


def _read(said: Said) -> tuple[Problem, ...]:
    wrong = placed(CHECK.name, said.stderr, _UNPARSED, said.files)
    return (
        *wrong,
        *unformatted(CHECK.name, said.stdout, CHECK.fix, said.files),
    )


CHECK = Check(
    name="ruff-format",
    stage=Stage.FORMAT,
    slot="python-format",
    suffixes=(".py", ".pyi"),
    plan=_plan,
    read=_read,
    tool=RUFF,
    configs=CONFIGS,
    named=there("ruff.toml", ".ruff.toml"),
    ends=(0, 1, 2),  # 2: a file cannot be parsed
    fix="ruff format {files}",
)
