"""Python's types, by ty."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable, stated, there
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.lines import PLACE, spoken

_WORDS = re.compile(r"^(?P<level>error|warning|info)\[(?P<rule>[\w-]+)\] (?P<text>.*)$")
_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "info": Level.NOTICE}
_SUM = re.compile(r"^(All checks passed!|Found \d+ diagnostics?)", re.MULTILINE)


def _plan(asked: Asked) -> tuple[Run, ...]:
    python = ("--python", asked.python) if asked.python else ()
    words = (
        asked.tool,
        "check",
        "--output-format",
        "concise",
        "--color",
        "never",
        *python,
        "--",
    )
    return (Run((*words, *asked.files), env=(("NO_COLOR", "1"), ("TY_MAX_PARALLELISM", "2"))),)


def _read(said: Said) -> tuple[Problem, ...]:
    if not _SUM.search(said.stdout) and not _SUM.search(said.stderr):
        raise Unreadable("it ended without saying what it found")
    found = []
    for it in spoken(said.stdout, PLACE, said.files):
        words = _WORDS.match(it.text)
        if words is None:
            raise Unreadable(f"not one of its lines: {it.text[:80]}")
        found.append(
            Problem(
                path=it.path,
                line=it.line,
                column=it.column,
                message=words["text"],
                check=CHECK.name,
                rule=words["rule"],
                level=_LEVELS[words["level"]],
            )
        )
    return tuple(found)


_table, _file = stated("tool.ty"), there("ty.toml")

CHECK = Check(
    name="ty",
    stage=Stage.TYPES,
    slot="python-types",
    suffixes=(".py", ".pyi"),
    plan=_plan,
    read=_read,
    tool=Tool("ty", "pip install ty", "python"),
    configs=("pyproject.toml", "ty.toml"),
    named=lambda configs: _table(configs) or _file(configs),
    sees_project=True,
)
