"""The judge is one file with all of its modules."""

from __future__ import annotations

import ast

from headgate.sandbox.verdict import bundle, programs, python


def test_a_bundle_is_a_program_that_holds_its_modules_by_name() -> None:
    for parts in (python.PARTS, programs.PARTS):
        text = bundle.bundled(*parts).decode()
        ast.parse(text)
        assert all(it.rpartition(".")[2] in text for it in parts)


def test_sources_of_other_languages_are_there() -> None:
    for name in ("judge.cjs", "wire.go", "judge.rs"):
        assert bundle.source(name)
