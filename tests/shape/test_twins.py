"""The twin rule: a module without a test of its own name made no promise to anyone."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.shape.tree import SRC, TESTS, label, modules, parse, refuse


def has_own_code(path: Path) -> bool:
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for node in parse(path).body
    )


def twins(path: Path) -> list[Path]:
    """Where the test of a module may stand; a package's own file may be tested beside it."""
    inside = path.relative_to(SRC)
    folder = TESTS / inside.parent
    if inside.stem == "__init__":
        name = inside.parent.name
        return [
            folder / "test_init.py",
            folder / f"test_{name}.py",
            folder.parent / f"test_{name}.py",
        ]
    return [folder / f"test_{inside.stem.strip('_')}.py", folder / f"test_{inside.stem}.py"]


WITH_TWIN = [
    path
    for path in modules()
    if has_own_code(path) or path.name not in ("__init__.py", "__main__.py")
]


def untested(path: Path) -> str:
    places = twins(path)
    is_there = any(place.is_file() for place in places)
    return "" if is_there else f"it has no test; write {label(places[0])}"


def test_every_module_has_its_twin_test() -> None:
    refuse(WITH_TWIN, untested)


def test_a_module_without_its_twin_is_found() -> None:
    assert (
        untested(SRC / "wire" / "nobody.py")
        == "it has no test; write tests/wire/test_nobody.py"
    )
