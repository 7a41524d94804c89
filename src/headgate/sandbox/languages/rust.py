"""Rust: one file by rustc, a package with a Cargo.toml by cargo, offline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from headgate.sandbox import source, toolchains
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import File, Job, Order, Runtime, Step

EDITION = "2021"
MISSING = Missing("Rust is missing", "install it with rustup, or: apt-get install rustc cargo")
NO_LINKER = Missing("Rust needs a C compiler to link", "apt-get install gcc libc6-dev")


def find() -> Runtime | Missing:
    rustc = toolchains.located("rustc")
    if not rustc:
        return MISSING
    env = _rustup(rustc)
    root = toolchains.answer(rustc, "--print", "sysroot", env=env)
    version = toolchains.answer(rustc, "--version", env=env).split()
    if not root or len(version) < 2:
        what = f"{rustc} does not work: rustup has no toolchain"
        return MISSING._replace(what=what, remedy="rustup default stable")
    if not toolchains.located("cc"):
        return NO_LINKER
    real = os.path.join(os.path.realpath(root), "bin", "rustc")
    return Runtime(
        "rust",
        version[1],
        "program",
        trees=toolchains.trees(os.path.realpath(root)),
        env=(toolchains.search_path(real), ("CARGO_NET_OFFLINE", "true")),
        reserves=True,
        program=real,
    )


def _rustup(rustc: str) -> dict[str, str]:
    """rustup's links look below HOME, which need not be the home they were installed in."""
    home = Path(os.path.normpath(f"{rustc}/../../../.rustup"))
    return (
        {} if "RUSTUP_HOME" in os.environ or not home.is_dir() else {"RUSTUP_HOME": str(home)}
    )


def plan(runtime: Runtime, job: Job) -> Order:
    if any(file.path == "Cargo.toml" for file in job.files):
        name = "src/main.rs"
        cargo = os.path.join(os.path.dirname(runtime.program), "cargo")
        build: tuple[str, ...] = (cargo, "build", "--offline", "--quiet", "--color=never")
        run = (cargo, "run", "--offline", "--quiet", "--color=never", "--", *job.args)
    else:
        name, made = source.free_name(job, "main.rs"), source.free_name(job, "main")
        build = (runtime.program, f"--edition={EDITION}", "-Awarnings", "--color=never",
                 "-Copt-level=1", "-Coverflow-checks=on", "-Cdebug-assertions=on",
                 "-Ccodegen-units=4", "-o", made, name)  # fmt: skip
        run = (f"./{made}", *job.args)
    files = [file for file in job.files if file.path != name]
    return Order(
        runtime,
        (Step("build", build, is_build=True), Step("run", run)),
        (*files, File(name, source.encoded(job.code))),
        job.limits,
        job.stdin,
    )


def packages(runtime: Runtime) -> Sequence[tuple[str, str]]:
    """Of its standard library everything can be used, of other crates nothing."""
    return [("std", runtime.version)]


LANGUAGE = Language("rust", ("rs",), (".rs",), find, plan, packages)
