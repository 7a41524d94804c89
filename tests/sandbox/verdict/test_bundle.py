"""The judge is what is started, and a file with all of its modules."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from headgate.sandbox.verdict import bundle, programs, python
from headgate.sandbox.verdict.inside import apart
from headgate.sandbox.worker import runner


@pytest.mark.parametrize("parts", [python.PARTS, programs.PARTS])
def test_a_bundle_holds_its_modules_in_order(parts: tuple[str, ...]) -> None:
    start, packed = bundle.bundled(*parts)
    assert len(start.data) < 2000
    sources = json.loads(zlib.decompress(packed.data))
    assert [it.rpartition(".")[2] for it, _ in sources] == [
        it.rpartition(".")[2] for it in parts
    ]
    assert all(compile(text, name, "exec") for name, text in sources)


def test_a_judge_that_is_not_there_is_loaded_from_beside_its_start(tmp_path: Path) -> None:
    """Where nothing of it was imported: by an interpreter that has no Headgate."""
    for it in bundle.bundled("known"):
        text = it.data.replace(b").main()", b").Rubbish and print('loaded')")
        (tmp_path / it.path).write_bytes(text)
    command = [sys.executable, "-I", "-S", str(tmp_path / bundle.START)]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"loaded\n"


def test_the_judge_of_python_is_there_under_the_name_that_is_looked_for() -> None:
    assert sys.modules[runner.HELD + bundle.START] is apart


def test_sources_of_other_languages_are_there() -> None:
    for name in ("judge.cjs", "wire.go", "judge.rs"):
        assert bundle.source(name)
