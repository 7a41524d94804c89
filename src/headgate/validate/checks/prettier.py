"""JavaScript's and TypeScript's format, by Prettier."""

from __future__ import annotations

import re

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable, there
from headgate.validate.problem import Problem, Stage
from headgate.validate.reading.diff import otherwise
from headgate.validate.reading.lines import own, placed

_CONFIGS = (
    *(".prettierrc", ".prettierrc.json", ".prettierrc.yaml", ".prettierrc.yml"),
    *(".prettierrc.json5", ".prettierrc.toml", ".prettierrc.js", ".prettierrc.mjs"),
    *("prettier.config.js", "prettier.config.mjs", "prettier.config.cjs"),
)


_UNPARSED = re.compile(
    r"^\[error\] (?P<path>.+?): SyntaxError: (?P<text>.*) \((?P<line>\d+):(?P<column>\d+)\)$"
)


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run((asked.tool, "--list-different", "--no-color", "--", *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    look = own(said.files)
    different = tuple(
        otherwise(CHECK.name, path, CHECK.fix)
        for line in said.stdout.splitlines()
        if (path := look(line))
    )
    if said.exit_code == 1 and not different:
        raise Unreadable("it found something and did not say where")
    if said.exit_code == 2 and "SyntaxError" not in said.stderr:
        raise Unreadable(said.stderr.strip()[:200])
    return (*different, *placed(CHECK.name, said.stderr, _UNPARSED, said.files))


CHECK = Check(
    name="prettier",
    stage=Stage.FORMAT,
    slot="javascript-format",
    suffixes=(".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"),
    plan=_plan,
    read=_read,
    tool=Tool("prettier", "npm install --save-dev prettier", "node"),
    rank=1,
    configs=(*_CONFIGS, ".editorconfig", "package.json"),
    named=there(*_CONFIGS),
    ends=(0, 1, 2),  # 2: a file cannot be parsed
    fix="prettier --write {files}",
)
