"""The tree as the shape tests see it: which files there are, parsed once."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Callable, Iterable
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


def refuse(paths: Iterable[Path], fault: Callable[[Path], str]) -> None:
    """Fail with what is wrong with each of them; "": nothing is."""
    found = [f"{label(path)}: {said}" for path in paths if (said := fault(path))]
    assert not found, "\n".join(found)


@functools.cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parse(path)))


@functools.cache
def functions(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    found = ast.FunctionDef | ast.AsyncFunctionDef
    return tuple(node for node in nodes(path) if isinstance(node, found))


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
