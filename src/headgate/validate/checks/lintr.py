"""R's lint, by lintr."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.lines import spoken

LINTR = "Rscript -e 'install.packages(\"lintr\")'   (Debian: apt-get install r-cran-lintr)"
ABSENT = "there is no lintr"
_LINE = re.compile(r"^(?P<path>[^\t]+)\t(?P<line>\d+)\t(?P<column>\d+)\t(?P<text>.+)$")
_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "style": Level.NOTICE}
LINT = (
    'if (!requireNamespace("lintr", quietly = TRUE)) {'
    f' message("{ABSENT}"); quit(status = 3) }};'
    " for (file in commandArgs(TRUE)) for (it in lintr::lint(file)) cat(file, it$line_number,"
    ' it$column_number, it$type, it$linter, gsub("[\\t\\n]", " ", it$message), sep = "\\t",'
    ' "\\n")'
)


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run((asked.tool, "--no-save", "--no-restore", "-e", LINT, *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    found = []
    for it in spoken(said.stdout, _LINE, said.files):
        kind, _, rest = it.text.partition("\t")
        rule, _, message = rest.partition("\t")
        if not message:
            raise Unreadable(f"not one of its lines: {it.text[:80]}")
        level = _LEVELS.get(kind, Level.WARNING)
        place = (it.line, it.column)
        found.append(Problem(it.path, message.strip(), CHECK.name, rule, *place, level=level))
    return tuple(found)


CHECK = Check(
    name="lintr",
    stage=Stage.LINT,
    slot="r-lint",
    suffixes=(".r", ".R"),
    plan=_plan,
    read=_read,
    tool=Tool("Rscript", LINTR),
    language="r",
    configs=(".lintr",),
    ends=(0, 3),
    absent=lambda said: LINTR if ABSENT in said.stderr else "",
)
