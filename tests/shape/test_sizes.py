"""Size budgets: a thing that does not fit in the head is two things."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.shape.tree import SRC, everything, functions, label, modules, parse

MAX_FILE_LINES = 500
MIN_FILE_LINES = 30
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 5
RECORD_FIELDS = 20

MAY_BE_SHORT = {"__init__.py", "__main__.py"}


def is_plugin(path: Path) -> bool:
    """One module, one object: found by a directory scan, so nobody imports it by name."""
    names = {
        target.id
        for node in parse(path).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    return path.parent.name == "cli" or any(name.isupper() for name in names)


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How long a function is: filling a large record, one field a line, counts as one step."""
    assert node.end_lineno is not None
    long = node.end_lineno - node.lineno + 1
    last = node.body[-1]
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Call):
        fields = len(last.value.keywords)
        long -= fields if fields >= RECORD_FIELDS else 0
    return long


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many the caller must keep apart: a constructor's named fields are a record's."""
    named = 0 if node.name == "__init__" else len(node.args.kwonlyargs)
    plain = [arg.arg for arg in node.args.posonlyargs + node.args.args]
    return named + len(plain) - (plain[:1] in (["self"], ["cls"]))


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """click passes one argument per option, by name."""
    return any("command" in ast.unparse(decorator) for decorator in node.decorator_list)


@pytest.mark.parametrize("path", everything(), ids=label)
def test_no_file_is_longer_than_one_can_read(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= MAX_FILE_LINES, f"{lines} lines: which two things is it?"


@pytest.mark.parametrize("path", modules(), ids=label)
def test_a_file_too_small_to_stand_alone_is_a_plugin(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines >= MIN_FILE_LINES or path.name in MAY_BE_SHORT or is_plugin(path), (
        f"{lines} lines: move it to where it is used"
    )


@pytest.mark.parametrize("path", everything(), ids=label)
def test_no_function_is_longer_than_a_screen(path: Path) -> None:
    long = [
        f"{node.name} ({lines_of(node)} lines)"
        for node in functions(parse(path))
        if lines_of(node) > MAX_FUNCTION_LINES
    ]
    assert not long, ", ".join(long)


@pytest.mark.parametrize("path", [p for p in everything() if SRC in p.parents], ids=label)
def test_what_needs_more_than_five_parameters_takes_a_record(path: Path) -> None:
    wide = [
        f"{node.name} ({parameters(node)}, line {node.lineno})"
        for node in functions(parse(path))
        if parameters(node) > MAX_PARAMETERS and not is_command(node)
    ]
    assert not wide, ", ".join(wide)
