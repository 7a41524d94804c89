"""Rust's format, and its syntax with it, by rustfmt."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.diff import otherwise

RUST = "curl https://sh.rustup.rs -sSf | sh -s -- --profile default"
_DIFF = re.compile(r"^Diff (?:in .+?:|in .+? at line |at line )(?P<line>\d+):?$", re.MULTILINE)
_ERROR = re.compile(
    r"^error(?:\[\w+\])?: (?P<text>.+)\n\s*--> [^:\n]+:(?P<line>\d+):(?P<column>\d+)",
    re.MULTILINE,
)


def _plan(asked: Asked) -> tuple[Run, ...]:
    """By its standard input: of a named file it would follow every `mod` to its own."""
    words = (asked.tool, "--check", "--color", "never", "--edition", "2021")
    fed = ("/bin/sh", "-c", 'file=$1; shift; exec "$@" < "$file"', "sh")
    return tuple(Run((*fed, it, *words)) for it in asked.files)


def _read(said: Said) -> tuple[Problem, ...]:
    (path,), found = said.files, []
    for it in _ERROR.finditer(said.stderr):
        line, column = int(it["line"]), int(it["column"])
        found.append(Problem(path, it["text"], CHECK.name, "syntax", line, column))
    first = _DIFF.search(said.stdout)
    if first is not None:
        found.append(otherwise(CHECK.name, path, CHECK.fix, int(first["line"])))
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
