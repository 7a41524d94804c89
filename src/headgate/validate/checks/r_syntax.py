"""R's syntax, by R's own parser."""

from __future__ import annotations

from headgate.validate.check import Asked, Check, Run, Said, Tool
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.lines import PLACE, placed

R = "apt-get install r-base-core"
PARSE = (
    "for (file in commandArgs(TRUE))"
    " tryCatch(invisible(parse(file = file, keep.source = FALSE)),"
    " error = function(it) message(conditionMessage(it)))"
)


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run((asked.tool, "--vanilla", "-e", PARSE, *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    return placed(CHECK.name, said.stderr, PLACE, said.files)


CHECK = Check(
    name="r-syntax",
    stage=Stage.SYNTAX,
    slot="r-syntax",
    suffixes=(".r", ".R"),
    plan=_plan,
    read=_read,
    tool=Tool("Rscript", R),
    language="r",
    ends=(0,),
)
