"""The floors hold: imports point down, and the ground floor knows no time and no network."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shape.tree import ROOT, SRC, label, modules, parse

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

GROUND = [SRC / name for name in ("wire", "policy", "money")]


@pytest.mark.slow
def test_every_import_contract_is_kept() -> None:
    """Floors, sans-io ground, one door out, one door in, no cycles: see pyproject.toml."""
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " kept, 0 broken" in done.stdout


@pytest.mark.parametrize("path", modules(*GROUND), ids=label)
def test_the_ground_floor_never_waits(path: Path) -> None:
    waits = [
        node.lineno
        for node in ast.walk(parse(path))
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    assert not waits, f"async on lines {waits}: decisions are pure, waiting is the engine's"


@pytest.mark.parametrize("path", modules(), ids=label)
def test_every_module_says_what_it_decides_or_owns(path: Path) -> None:
    """A docstring of one sentence first; an empty __init__ has nothing to say."""
    tree = parse(path)
    if not tree.body and path.name == "__init__.py":
        return
    text = ast.get_docstring(tree)
    assert text, "open the module with one sentence"
    first = text.split("\n\n")[0]
    assert first.rstrip().endswith((".", ":", "?")), f"a sentence ends: {first!r}"
    assert len(first.splitlines()) <= 8, "one sentence first; rules after a blank line"
