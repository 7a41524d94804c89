"""JavaScript's and TypeScript's format, by Biome."""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said
from headgate.validate.checks.biome import BIOME, CONFIGS, FLAGS, NAMED, SUFFIXES, told
from headgate.validate.problem import Problem, Stage


def _plan(asked: Asked) -> tuple[Run, ...]:
    return (Run((asked.tool, "format", *FLAGS, *asked.files)),)


def _read(said: Said) -> tuple[Problem, ...]:
    """Format alone: what cannot be parsed is told by the checks of syntax and types."""
    return tuple(
        msgspec.structs.replace(it, fix=CHECK.fix)
        for it in told(said, CHECK.name)
        if it.rule == "format"
    )


CHECK = Check(
    name="biome-format",
    stage=Stage.FORMAT,
    slot="javascript-format",
    suffixes=SUFFIXES,
    plan=_plan,
    read=_read,
    tool=BIOME,
    configs=CONFIGS,
    named=NAMED,
    fix="biome format --write {files}",
)
