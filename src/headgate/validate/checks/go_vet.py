"""Go's types and the mistakes that vet knows, by go vet."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.checks.gofmt import GO
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.lines import bare, own, placed

_LINE = re.compile(
    r"^(?:vet: )?(?P<path>[^:]+\.go):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<text>.+)$"
)
_ENDS = re.compile(
    r"^vet: |: (?:syntax error: |expected |package \S+ is not in |no required module"
    r"|could not import )"
)
_ENV = (("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"))


def _plan(asked: Asked) -> tuple[Run, ...]:
    if asked.is_alone or "go.mod" not in asked.configs:
        return tuple(Run((asked.tool, "vet", f"./{it}"), env=_ENV) for it in asked.files)
    folders = sorted({it.rpartition("/")[0] for it in asked.files})
    return (Run((asked.tool, "vet", *(f"./{it}" for it in folders)), env=_ENV),)


def _stopped(said: Said) -> tuple[str, ...]:
    """Of a package that does not compile, one mistake is told and nothing else looked at."""
    look, lines = own(said.files), [it for it in said.stderr.splitlines() if _ENDS.search(it)]
    places = [it["path"] for line in lines if (it := _LINE.match(line)) is not None]
    return tuple(dict.fromkeys(look(it) or bare(it) for it in places))


def _spoils(culprit: str, name: str, data: bytes) -> bool:
    """Its own package, and those that import it."""
    package = culprit.rpartition("/")[0]
    last = re.escape(package.rpartition("/")[2].encode())
    imported = last and re.search(rb'"(?:[^"\n]*/)?' + last + rb'"', data)
    return name.rpartition("/")[0] == package or bool(imported)


def _read(said: Said) -> tuple[Problem, ...]:
    found = placed(CHECK.name, said.stderr, _LINE, said.files, "vet")
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
    stopped=_stopped,
    spoils=_spoils,
)
