"""The judge is one file with all of its modules."""

from __future__ import annotations

import ast
import base64
import json
import sys
import types
import zlib

import pytest

from headgate.sandbox.verdict import bundle, programs, python
from headgate.sandbox.verdict.inside import apart


@pytest.mark.parametrize("parts", [python.PARTS, programs.PARTS])
def test_a_bundle_is_a_program_that_holds_its_modules_in_order(parts: tuple[str, ...]) -> None:
    program = bundle.bundled(*parts)
    assert len(ast.unparse(ast.parse(program))) < 2000
    packed = program.rpartition(b"# ")[2]
    sources = json.loads(zlib.decompress(base64.b64decode(packed)))
    assert [it.rpartition(".")[2] for it, _ in sources] == [
        it.rpartition(".")[2] for it in parts
    ]
    assert all(compile(text, name, "exec") for name, text in sources)


def test_a_judge_that_the_worker_has_loaded_is_told_to_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = []
    held = types.SimpleNamespace(main=lambda: begun.append(1))
    monkeypatch.setitem(sys.modules, bundle.held("apart"), held)
    exec(bundle.bundled(*python.PARTS), {})  # noqa: S102 (ours)
    assert begun == [1]


def test_the_judge_of_python_is_there_under_the_name_that_is_looked_for() -> None:
    assert sys.modules[bundle.held("apart")] is apart


def test_sources_of_other_languages_are_there() -> None:
    for name in ("judge.cjs", "wire.go", "judge.rs"):
        assert bundle.source(name)
