from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from headgate.sandbox import toolchains
from headgate.sandbox.language import Missing
from headgate.sandbox.languages import javascript, typescript
from headgate.sandbox.model import File, Job, Runtime
from tests.toolchains import here

NODE = Runtime("javascript", "20.1.0", "program", program="node")
MIXED = "import fs from 'fs'\nconsole.log(__dirname)"


def runtime(tool: str) -> Runtime:
    return Runtime(
        "typescript", "20", "program", program="node", env=((typescript.TOOL, tool),)
    )


@pytest.mark.parametrize(
    ("code", "shape", "made"),
    [
        ("import fs from 'fs'", "esm", "main.mjs"),
        ("const x: number = 1", "cjs", "main.cjs"),
        (MIXED, "cjs", "main.cjs"),
    ],
)
def test_esbuild_makes_of_a_source_what_it_is_written_as(
    code: str, shape: str, made: str
) -> None:
    build, run = typescript.plan(runtime("bin/esbuild"), Job("typescript", code)).steps
    assert f"--format={shape}" in build.argv
    assert f"--outfile={made}" in build.argv
    assert "--bundle" not in build.argv
    assert run.argv[-1] == made
    assert "--enable-source-maps" in run.argv


def test_sources_that_lie_beside_are_joined_in_and_other_files_are_not() -> None:
    beside = Job("typescript", "import './a'", files=(File("a.ts", b""),))
    assert "--bundle" in typescript.plan(runtime("esbuild"), beside).steps[0].argv
    table = Job("typescript", "1", files=(File("a.csv", b""),))
    assert "--bundle" not in typescript.plan(runtime("esbuild"), table).steps[0].argv


def test_a_newer_node_runs_it_by_itself() -> None:
    build, run = typescript.plan(runtime(""), Job("typescript", "await 1")).steps
    assert build.argv[:3] == ("node", "--no-warnings", "-e")
    assert build.argv[-1] == run.argv[-1] == "main.mts"


@pytest.mark.parametrize(
    ("version", "tools", "used"),
    [
        ("20.1.0", {"esbuild": "e", "tsc": "t"}, "e"),
        ("20.1.0", {"tsc": "t"}, "t"),
        ("22.18.0", {"tsc": "t"}, ""),
        ("24.0.0", {"esbuild": "e"}, "e"),
    ],
)
def test_the_quickest_tool_that_knows_every_construct_is_taken(
    version: str, tools: dict[str, str], used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Runtime("javascript", version, "program", program="node")
    monkeypatch.setattr(javascript, "find", lambda: node)
    monkeypatch.setattr(toolchains, "located", lambda name: tools.get(name, ""))
    found = typescript.find()
    assert isinstance(found, Runtime)
    assert dict(found.env)[typescript.TOOL] == used


def test_without_any_tool_it_is_missing_though_node_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(javascript, "find", lambda: NODE)
    monkeypatch.setattr(toolchains, "located", lambda name: "")
    found = typescript.find()
    assert isinstance(found, Missing)
    assert found.package in toolchains.PINS


def test_without_node_it_says_that_node_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "find", lambda: javascript.MISSING)
    found = typescript.find()
    assert isinstance(found, Missing)
    assert found.what == "TypeScript needs it: Node.js 18 or newer is missing"


def carried_out(found: Runtime, job: Job, folder: Path) -> str:
    """The steps by hand, without a sandbox around them: the code is ours."""
    order = typescript.plan(found, job)
    for file in order.files:
        (folder / file.path).write_bytes(file.data)
    said = ""
    for step in order.steps:
        done = subprocess.run(step.argv, cwd=folder, capture_output=True, text=True, timeout=30,
                              check=False)  # fmt: skip
        said = done.stdout + done.stderr
        if done.returncode:
            return said
    return said


@pytest.mark.slow
def test_modules_beside_are_found_without_their_suffix_and_errors_name_the_source(
    tmp_path: Path,
) -> None:
    job = Job(
        "typescript",
        'import { f } from "./a"\nimport type { A } from "./a"\n\nconst x: A = f()\nthrow x',
        files=(File("a.ts", b"export interface A { x: number }\n\n"
                    b"export function f(): A { throw new Error('deep') }\n"),),
    )  # fmt: skip
    said = carried_out(here("typescript"), job, tmp_path)
    assert "a.ts:3" in said
    assert "main.ts:4" in said


@pytest.mark.slow
@pytest.mark.parametrize("code", [MIXED, "enum A { B = 1 }\nconsole.log(A.B)", "await 1"])
def test_mixed_modules_enums_and_a_bare_await_run(code: str, tmp_path: Path) -> None:
    said = carried_out(here("typescript"), Job("typescript", code), tmp_path)
    assert "rror" not in said, said
