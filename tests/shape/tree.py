"""The tree as the shape tests see it: which files there are, parsed once."""

from __future__ import annotations

import ast
import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "headgate"
TESTS = ROOT / "tests"


def modules(*folders: Path) -> list[Path]:
    """Every Python file below the folders (our package, if none is named)."""
    found: list[Path] = []
    for folder in folders or (SRC,):
        found += (path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    return sorted(found)


def everything() -> list[Path]:
    """Every Python file that we wrote."""
    return modules(SRC, TESTS, ROOT / "docs", ROOT / "benchmarks")


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@functools.cache
def tracked() -> tuple[Path, ...]:
    """Every file in version control, and every new one that is not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(
        ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()
    )
