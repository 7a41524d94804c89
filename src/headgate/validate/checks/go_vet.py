"""Go's types and the mistakes that vet knows, by go vet."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.checks.gofmt import GO
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.lines import spoken

_LINE = re.compile(
    r"^(?:vet: )?(?P<path>[^:]+\.go):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<text>.+)$"
)
_ENV = (("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"))


def _plan(asked: Asked) -> tuple[Run, ...]:
    if asked.is_alone or "go.mod" not in asked.configs:
        return tuple(Run((asked.tool, "vet", f"./{it}"), env=_ENV) for it in asked.files)
    folders = sorted({it.rpartition("/")[0] for it in asked.files})
    return (Run((asked.tool, "vet", *(f"./{it}" for it in folders)), env=_ENV),)


def _read(said: Said) -> tuple[Problem, ...]:
    found = tuple(
        Problem(
            path=it.path,
            line=it.line,
            column=it.column,
            message=it.text,
            check=CHECK.name,
            rule="vet",
        )
        for it in dict.fromkeys(spoken(said.stderr, _LINE, said.files))
    )
    if said.exit_code and not any(_LINE.match(line) for line in said.stderr.splitlines()):
        raise Unreadable(
            said.stderr.strip()[-200:] or "it found something and did not say what"
        )
    return found


CHECK = Check(
    name="go-vet",
    stage=Stage.TYPES,
    slot="go-types",
    suffixes=(".go",),
    plan=_plan,
    read=_read,
    tool=Tool("go", GO, "python"),
    language="go",
    configs=("go.mod", "go.sum"),
    sees_project=True,
)
