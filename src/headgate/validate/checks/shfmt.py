"""bash's format, by shfmt."""

from __future__ import annotations

from headgate.validate.check import Asked, Check, Run, Said, Tool, there
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.diff import unformatted
from headgate.validate.reading.lines import PLACE, placed


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run((asked.tool, "-d", *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    return (
        *placed(CHECK.name, said.stderr, PLACE, said.files),
        *unformatted(CHECK.name, said.stdout, CHECK.fix, said.files),
    )


CHECK = Check(
    name="shfmt",
    stage=Stage.FORMAT,
    slot="bash-format",
    suffixes=(".sh", ".bash"),
    plan=_plan,
    read=_read,
    tool=Tool("shfmt", "pip install shfmt-py", "python"),
    configs=(".editorconfig",),
    named=there(".editorconfig"),
    ends=(0, 1),
    fix="shfmt -w {files}",
)
