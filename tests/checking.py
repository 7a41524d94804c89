"""What tests of checks share: a tool's recorded words put to its check."""

from __future__ import annotations

from headgate.validate.check import Asked, Check, Said
from headgate.validate.problem import Problem


def read(
    check: Check, stdout: str = "", stderr: str = "", code: int = 1, files: str = "bad"
) -> list[tuple[int, int, str, str]]:
    """Line, column, level and rule of each problem that the check finds in these words."""
    found = problems(check, stdout, stderr, code, files)
    return [(it.line, it.column, it.level.value, it.rule) for it in found]


def problems(
    check: Check, stdout: str = "", stderr: str = "", code: int = 1, files: str = "bad"
) -> tuple[Problem, ...]:
    """The problems themselves; `files` are names without the check's suffix."""
    assert code in check.ends, f"{check.name} does not know that it may end with {code}"
    names = tuple(name + check.suffixes[0] for name in files.split())
    return check.read(Said(code, stdout, stderr, names))


def asked(*files: str, tool: str = "tool", **configs: str) -> Asked:
    """A question about files; a configuration file's dots are two underscores."""
    found = {name.replace("__", "."): text.encode() for name, text in configs.items()}
    return Asked(tool, files, found, is_alone=not found)
