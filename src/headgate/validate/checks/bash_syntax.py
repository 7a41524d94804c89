"""bash's syntax, by bash itself."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.lines import spoken

_LINE = re.compile(r"^(?P<path>.+?): line (?P<line>\d+): (?P<text>.+)$")


def _plan(asked: Asked) -> tuple[Run, ...]:
    return tuple(Run((asked.tool, "-n", f"./{it}")) for it in asked.files)


def _read(said: Said) -> tuple[Problem, ...]:
    found = [
        Problem(it.path, it.text, CHECK.name, "syntax", it.line)
        for it in spoken(said.stderr, _LINE, said.files)
        if not it.text.startswith("`")  # the line itself, quoted below the mistake
    ]
    if said.exit_code and not found:
        raise Unreadable(said.stderr.strip()[-200:] or "bash ended without naming the mistake")
    return tuple(found)


CHECK = Check(
    name="bash-syntax",
    stage=Stage.SYNTAX,
    slot="bash-syntax",
    suffixes=(".sh", ".bash"),
    plan=_plan,
    read=_read,
    tool=Tool("bash", "apt-get install bash"),
    ends=(0, 1, 2),
)
