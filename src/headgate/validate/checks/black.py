"""Python's format, by black."""

from __future__ import annotations

from headgate.validate.check import Asked, Check, Run, Said, Tool, stated
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.diff import unformatted
from headgate.validate.reading.lines import own


def _plan(asked: Asked) -> tuple[Run, ...]:
    env = (("BLACK_NUM_WORKERS", "1"), ("BLACK_CACHE_DIR", ".headgate-black"))
    return (Run((asked.tool, "--quiet", "--diff", "--no-color", "--", *asked.files), env=env),)


def _read(said: Said) -> tuple[Problem, ...]:
    look = own(said.files)
    return tuple(it for it in unformatted(CHECK.name, said.stdout, CHECK.fix) if look(it.path))


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
    ends=(0, 1, 123),  # 123: a file cannot be parsed, which the check of syntax tells
    fix="black {files}",
)
