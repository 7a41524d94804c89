"""Bash: checked whole before its first line runs; line ends of Windows are taken off."""

from __future__ import annotations

import os
from collections.abc import Sequence

from headgate.sandbox import source, toolchains
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import File, Job, Order, Runtime, Step

MISSING = Missing("bash is missing", "apt-get install bash")
TOOLS = ("awk", "bc", "curl", "git", "grep", "jq", "make", "perl", "sed", "tar")


def find() -> Runtime | Missing:
    bash = toolchains.located("bash")
    version = toolchains.answer(bash, "-c", "echo ${BASH_VERSION%%[^0-9.]*}")
    if not version:
        return MISSING
    return Runtime(
        "bash",
        version,
        "program",
        trees=toolchains.trees(os.path.dirname(bash)),
        env=(toolchains.search_path(), ("LANG", "C.UTF-8")),
        reserves=True,
        program=bash,
    )


def plan(runtime: Runtime, job: Job) -> Order:
    name = source.free_name(job, "main.sh")
    code = source.encoded(job.code.removeprefix(source.BOM)).replace(b"\r\n", b"\n")
    bash = runtime.program
    return Order(
        runtime,
        (
            Step("build", (bash, "-n", name), is_build=True),
            Step("run", (bash, name, *job.args)),
        ),
        (*job.files, File(name, code)),
        job.limits,
        job.stdin,
    )


def packages(runtime: Runtime) -> Sequence[tuple[str, str]]:
    """Programs that scripts often call: those of them that every run sees."""
    found = ((name, toolchains.located(name)) for name in TOOLS)
    return [(name, path) for name, path in found if path.startswith(toolchains.SYSTEM)]


LANGUAGE = Language("bash", ("sh", "shell"), (".sh", ".bash"), find, plan, packages)
