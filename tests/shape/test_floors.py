"""The floors hold: imports point down, and the ground floor knows no time and no network."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shape.tree import ROOT, SRC, modules, nodes, parse, refuse

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

GROUND = [SRC / name for name in ("wire", "policy", "money", "stats", "draw")]


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


def waits(path: Path) -> str:
    waiting = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
    lines = [node.lineno for node in nodes(path) if isinstance(node, waiting)]
    return (
        f"async on lines {lines}: decisions are pure, waiting is the engine's" if lines else ""
    )


def unsaid(path: Path) -> str:
    """A docstring of one sentence first; an empty __init__ has nothing to say."""
    tree = parse(path)
    if not tree.body and path.name == "__init__.py":
        return ""
    text = ast.get_docstring(tree)
    if not text:
        return "open the module with one sentence"
    first = text.split("\n\n")[0]
    if not first.rstrip().endswith((".", ":", "?")):
        return f"a sentence ends: {first!r}"
    is_long = len(first.splitlines()) > 8
    return "one sentence first; rules after a blank line" if is_long else ""


def test_the_ground_floor_never_waits() -> None:
    refuse(modules(*GROUND), waits)


def test_every_module_says_what_it_decides_or_owns() -> None:
    refuse(modules(), unsaid)


def test_waiting_and_silence_are_found(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("async def later():\n    await later()\n")
    assert waits(bad)
    assert unsaid(bad)
