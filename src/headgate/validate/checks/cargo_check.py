"""Rust's types: cargo check in a project, rustc for a file without one.

Rule 1: build scripts and procedural macros run with it, and so in the sandbox.
"""

from __future__ import annotations

import msgspec

from headgate.validate.check import Asked, Check, Run, Said, Tool, Unreadable
from headgate.validate.checks.rustfmt import RUST
from headgate.validate.problem import Level, Problem, Stage
from headgate.validate.reading.json import by_line
from headgate.validate.reading.lines import bare, own

_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING}
CARGO_ENV = (("CARGO_TERM_COLOR", "never"), ("CARGO_NET_OFFLINE", "true"))


class _Span(msgspec.Struct):
    file_name: str
    line_start: int
    column_start: int
    line_end: int
    column_end: int
    is_primary: bool = False
    suggested_replacement: str | None = None


class _Code(msgspec.Struct):
    code: str


class _Said(msgspec.Struct):
    message: str = ""
    level: str = ""
    code: _Code | None = None
    spans: list[_Span] = []
    children: list[_Said] = []


class _Line(msgspec.Struct):
    """A line of cargo's holds one of rustc's."""

    message: _Said


def told(said: Said, check: str) -> tuple[Problem, ...]:
    """What rustc says, by itself or through cargo."""
    look, found, seen = own(said.files), [], 0
    for text in (*said.stdout.splitlines(), *said.stderr.splitlines()):
        for it in _spoken(text):
            seen += 1
            span = next((one for one in it.spans if one.is_primary), None)
            if span is not None and (path := look(span.file_name)):
                found.append(_problem(it, span, path, check))
    if said.exit_code and not seen:
        raise Unreadable(said.stderr.strip()[-200:] or "it failed and did not say why")
    return tuple(dict.fromkeys(found))


def refused(said: Said, *, of_syntax: bool = False) -> tuple[str, ...]:
    """The files with errors of the compiler's; or of them, those that it could not parse."""
    look, found = own(said.files), []
    for text in (*said.stdout.splitlines(), *said.stderr.splitlines()):
        for it in _spoken(text):
            code = it.code.code if it.code else ""
            is_ours = it.level == "error" and not code.startswith("clippy::")
            spans = [one.file_name for one in it.spans if one.is_primary]
            if is_ours and not (of_syntax and code):
                found += [look(name) or bare(name) for name in spans]
    return tuple(dict.fromkeys(found))


def _spoken(text: str) -> list[_Said]:
    if text.startswith('{"reason":"compiler-message"'):
        return [it.message for it in by_line(text, _Line)]
    return by_line(text, _Said) if text.startswith('{"$message_type":"diagnostic"') else []


def _problem(it: _Said, span: _Span, path: str, check: str) -> Problem:
    advice = [one.message for one in it.children if one.level == "help"]
    return Problem(
        path=path,
        line=span.line_start,
        column=span.column_start,
        end_line=span.line_end,
        end_column=span.column_end,
        message=it.message,
        check=check,
        rule=it.code.code if it.code else "",
        level=_LEVELS.get(it.level, Level.NOTICE),
        fix=advice[0] if advice else "",
    )


def alone(tool: str, files: tuple[str, ...]) -> tuple[Run, ...]:
    """A compiler over files without a project: a library, so that no main is asked for."""
    words = ("--error-format=json", "--edition=2021", "--crate-type=lib", "--emit=metadata")
    quiet = ("-Adead_code", "-o", "/dev/null")
    return tuple(Run((tool, *words, *quiet, it)) for it in files)


def _plan(asked: Asked) -> tuple[Run, ...]:
    if "Cargo.toml" not in asked.configs:
        return alone(asked.tool.replace("cargo", "rustc"), asked.files)
    words = ("check", "--offline", "--message-format=json", "--all-targets", "--quiet")
    return (Run((asked.tool, *words), env=CARGO_ENV),)


def _read(said: Said) -> tuple[Problem, ...]:
    return told(said, CHECK.name)


def _stopped(said: Said) -> tuple[str, ...]:
    return refused(said, of_syntax=True)


CHECK = Check(
    name="cargo-check",
    stage=Stage.TYPES,
    slot="rust-types",
    suffixes=(".rs",),
    plan=_plan,
    read=_read,
    tool=Tool("cargo", RUST),
    language="rust",
    configs=("Cargo.toml", "Cargo.lock", "rust-toolchain.toml"),
    ends=(0, 1, 101),
    sees_project=True,
    stopped=_stopped,
)
