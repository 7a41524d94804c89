"""Python's format, by black."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable, stated
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.diff import unformatted
from headgate.validate.reading.lines import placed

_UNPARSED = re.compile(
    r"^error: cannot (?:parse: |format )(?P<path>.+?):(?P<text>(?: Cannot parse.*?:)? ?)"
    r"(?P<line>\d+):(?P<column>\d+)"
)


def _plan(asked: Asked) -> tuple[Run, ...]:
    env = (("BLACK_NUM_WORKERS", "1"), ("BLACK_CACHE_DIR", ".headgate-black"))
    return (Run((asked.tool, "--quiet", "--diff", "--no-color", "--", *asked.files), env=env),)


def _read(said: Said) -> tuple[Problem, ...]:
    wrong = placed(CHECK.name, said.stderr, _UNPARSED, said.files)
    if said.exit_code == 123 and not any(map(_UNPARSED.match, said.stderr.splitlines())):
        raise Unreadable(said.stderr.strip()[-200:])
    return (
        *wrong,
        *unformatted(CHECK.name, said.stdout, CHECK.fix, said.files),
    )


CHECK = Check(
    name="black",
    stage=Stage.FORMAT,
    slot="python-format",
    suffixes=(".py", ".pyi"),
    plan=_plan,
    read=_read,
    tool=Tool("black", "pip install black", "python"),
    rank=1,
    configs=("pyproject.toml",),
    named=stated("tool.black"),
    ends=(0, 1, 123),  # 123: a file cannot be parsed
    fix="black {files}",
)
