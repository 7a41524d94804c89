from __future__ import annotations

import pytest

from headgate.sandbox import toolchains
from headgate.sandbox.language import Missing
from headgate.sandbox.languages import javascript
from headgate.sandbox.model import File, Job, Limits, Runtime
from tests.toolchains import here

RUNTIME = Runtime("javascript", "20.1.0", "program", program="node")


@pytest.mark.parametrize(
    ("code", "name"),
    [("import fs from 'fs'", "main.mjs"), ("await 1", "main.mjs"), ("1", "main.js")],
)
def test_a_module_is_named_as_one(code: str, name: str) -> None:
    build, run = javascript.plan(RUNTIME, Job("javascript", code, args=("x",))).steps
    assert build.argv == ("node", "--check", name)
    assert run.argv[-2:] == (name, "x")
    assert (build.is_build, run.is_build) == (True, False)


def test_nodes_own_bound_of_memory_does_not_end_a_run_before_ours() -> None:
    job = Job("javascript", "1", limits=Limits(memory_mb=777))
    assert "--max-old-space-size=777" in javascript.plan(RUNTIME, job).steps[1].argv


def test_files_beside_keep_their_names() -> None:
    job = Job("javascript", "1", files=(File("main.js", b"2"),))
    order = javascript.plan(RUNTIME, job)
    assert [file.path for file in order.files] == ["main.js", "main2.js"]


@pytest.mark.slow
def test_node_is_found_with_its_version() -> None:
    found = here("javascript")
    assert javascript.release(found.version) >= javascript.LEAST
    assert found.reserves
    assert dict(javascript.packages(found))["node"] == found.version


def test_a_node_that_is_too_old_is_missing_by_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(toolchains, "located", lambda name: "old/node")
    monkeypatch.setattr(toolchains, "answer", lambda *argv: '["12.22.9", "old/node"]')
    found = javascript.find()
    assert isinstance(found, Missing)
    assert found.what == "Node.js 18 or newer is missing: old/node is 12.22.9"
    assert found.package in toolchains.PINS
