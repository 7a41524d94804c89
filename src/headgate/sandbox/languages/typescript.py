"""TypeScript by Node.js: types are taken off and not checked, as `headgate validate` does.

Rule 1: esbuild where it is (every construct, mixed modules too), else Node's own stripping,
else TypeScript's compiler.
"""

from __future__ import annotations

from collections.abc import Sequence

from headgate.sandbox import source, toolchains
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.languages import javascript
from headgate.sandbox.model import File, Job, Order, Runtime, Step

STRIPS = (22, 18)
"""the first Node.js that runs TypeScript by itself"""
MISSING = Missing(
    "nothing that takes off TypeScript's types is there",
    "headgate doctor --fix, or: npm install -g esbuild",
    "npm:esbuild",
)
TOOL = "HEADGATE_TRANSPILER"
LOCAL = (".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".json")


def find() -> Runtime | Missing:
    node = javascript.find()
    if isinstance(node, Missing):
        return node._replace(what=f"TypeScript needs it: {node.what}")
    tool = toolchains.located("esbuild") or (
        "" if javascript.release(node.version) >= STRIPS else toolchains.located("tsc")
    )
    if not tool and javascript.release(node.version) < STRIPS:
        return MISSING
    return Runtime(
        "typescript",
        node.version,
        "program",
        trees=(*node.trees, *toolchains.trees(tool.rpartition("/")[0])),
        env=(*node.env, (TOOL, tool)),
        reserves=True,
        program=node.program,
    )


def plan(runtime: Runtime, job: Job) -> Order:
    tool = dict(runtime.env)[TOOL]
    module = source.is_module(job.code) and not source.is_mixed(job.code)
    name = source.free_name(job, "main.mts" if module and not tool else "main.ts")
    made = source.free_name(job, "main.mjs" if module else "main.cjs")
    if tool.endswith("esbuild"):
        build = (*_bundle(tool, job, module), f"--outfile={made}", name)
    elif tool:
        shape = "preserve" if module else "commonjs"
        build = (tool, *COMPILE, "--module", shape, name)
        made = f"{name[:-3]}.js"
    else:
        build, made = (runtime.program, "--no-warnings", "-e", PARSE, name), name
    return Order(
        runtime,
        (
            Step("build", build, is_build=True),
            javascript.run(runtime, job, made, "--enable-source-maps"),
        ),
        (*job.files, File(name, source.encoded(job.code))),
        job.limits,
        job.stdin,
    )


COMPILE = ("--noCheck", "--noEmitOnError", "--inlineSourceMap", "--pretty", "false",
           "--target", "es2022")  # fmt: skip
PARSE = (
    "require('module').stripTypeScriptTypes("
    "require('fs').readFileSync(process.argv[1], 'utf8'), {sourceUrl: process.argv[1]})"
)


def _bundle(esbuild: str, job: Job, module: bool) -> tuple[str, ...]:
    """Files that lie beside are joined in: TypeScript names them without their suffixes."""
    joined = any(file.path.endswith(LOCAL) for file in job.files)
    return (
        esbuild,
        f"--format={'esm' if module else 'cjs'}",
        "--platform=node",
        "--target=node18",
        "--sourcemap=inline",
        "--log-level=warning",
        "--color=false",
        *(("--bundle", "--packages=external") if joined else ()),
    )


def packages(runtime: Runtime) -> Sequence[tuple[str, str]]:
    tool = dict(runtime.env)[TOOL]
    version = toolchains.answer(tool, "--version") if tool else ""
    found = [(tool.rpartition("/")[2], version.removeprefix("Version "))] if version else []
    return [*found, *javascript.packages(runtime)]


LANGUAGE = Language("typescript", ("ts", "mts", "cts"), (".ts", ".mts", ".cts"),
                    find, plan, packages)  # fmt: skip
