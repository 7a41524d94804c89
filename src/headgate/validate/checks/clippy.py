"""Rust's lint: cargo clippy in a project, clippy-driver for a file without one."""

from __future__ import annotations

from headgate.validate.check import Asked, Check, Run, Said, Tool
from headgate.validate.checks.cargo_check import CARGO_ENV, alone, told
from headgate.validate.checks.rustfmt import RUST
from headgate.validate.problem import Problem, Stage


def _plan(asked: Asked) -> tuple[Run, ...]:
    if "Cargo.toml" not in asked.configs:
        return alone(asked.tool, asked.files)
    cargo = asked.tool.replace("clippy-driver", "cargo")
    words = ("clippy", "--offline", "--message-format=json", "--all-targets", "--quiet")
    return (Run((cargo, *words), env=CARGO_ENV),)


def _read(said: Said) -> tuple[Problem, ...]:
    """Lints alone: mistakes of types are told by cargo check."""
    return tuple(it for it in told(said, CHECK.name) if it.rule.startswith("clippy::"))


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
    fix="cargo clippy --fix",
)
