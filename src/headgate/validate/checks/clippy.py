"""Rust's lint: cargo clippy in a project, clippy-driver for a file without one."""

from __future__ import annotations

from headgate.validate.check import Asked, Check, Run, Said, Tool
from headgate.validate.checks.cargo_check import CARGO_ENV, alone, refused, told
from headgate.validate.checks.rustfmt import RUST
from headgate.validate.problem import NOT_COMPILED, Problem, Stage


def _plan(asked: Asked) -> tuple[Run, ...]:
    if "Cargo.toml" not in asked.configs:
        return alone(asked.tool, asked.files)
    cargo = asked.tool.replace("clippy-driver", "cargo")
    words = ("clippy", "--offline", "--message-format=json", "--all-targets", "--quiet")
    return (Run((cargo, *words), env=CARGO_ENV),)


def _read(said: Said) -> tuple[Problem, ...]:
    """Lints; of what does not compile, that nothing was looked at."""
    lints = [it for it in told(said, CHECK.name) if it.rule.startswith("clippy::")]
    lints += [
        Problem(it, "it does not compile, so no lint was asked", CHECK.name, NOT_COMPILED)
        for it in refused(said)
        if it in said.files
    ]
    return tuple(lints)


CHECK = Check(
    name="clippy",
    stage=Stage.LINT,
    slot="rust-lint",
    suffixes=(".rs",),
    plan=_plan,
    read=_read,
    tool=Tool("clippy-driver", RUST),
    language="rust",
    configs=("Cargo.toml", "Cargo.lock", "clippy.toml", ".clippy.toml"),
    ends=(0, 1, 101),
    sees_project=True,
    stopped=refused,
    fix="cargo clippy --fix",
)
