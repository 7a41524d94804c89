"""Rust's format, and its syntax with it, by rustfmt."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.lines import own

RUST = "curl https://sh.rustup.rs -sSf | sh -s -- --profile default"
_DIFF = re.compile(r"^Diff in (?P<path>.+?)(?: at line |:)(?P<line>\d+):?$", re.MULTILINE)
_ERROR = re.compile(
    r"^error(?:\[\w+\])?: (?P<text>.+)\n\s*--> (?P<path>[^:\n]+):(?P<line>\d+):(?P<column>\d+)",
    re.MULTILINE,
)


def _plan(asked: Asked) -> tuple[Run, ...]:
    words = (asked.tool, "--check", "--color", "never", "--edition", "2021")
    return tuple(Run((*words, it)) for it in asked.files)


def _read(said: Said) -> tuple[Problem, ...]:
    look, found = own(said.files), []
    for it in _ERROR.finditer(said.stderr):
        if path := look(it["path"]):
            line, column = int(it["line"]), int(it["column"])
            found.append(Problem(path, it["text"], CHECK.name, "syntax", line, column))
    first: dict[str, int] = {}
    for it in _DIFF.finditer(said.stdout):
        if path := look(it["path"]):
            first.setdefault(path, int(it["line"]))
    for path, line in first.items():
        message = "would be formatted otherwise"
        found.append(Problem(path, message, CHECK.name, "format", line, fix=CHECK.fix))
    if said.exit_code and not found and "Diff in" not in said.stdout:
        raise Unreadable(said.stderr.strip()[-200:])
    return tuple(found)


CHECK = Check(
    name="rustfmt",
    stage=Stage.FORMAT,
    slot="rust-format",
    suffixes=(".rs",),
    plan=_plan,
    read=_read,
    tool=Tool("rustfmt", RUST),
    language="rust",
    configs=("rustfmt.toml", ".rustfmt.toml"),
    fix="rustfmt {files}",
)
