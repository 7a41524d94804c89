"""Size budgets: a thing that does not fit in the head is two things."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.shape.tree import everything, functions, modules, parse, refuse

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


def too_long(path: Path) -> str:
    lines = len(path.read_text().splitlines())
    return f"{lines} lines: which two things is it?" if lines > MAX_FILE_LINES else ""


def too_small(path: Path) -> str:
    lines = len(path.read_text().splitlines())
    stands = lines >= MIN_FILE_LINES or path.name in MAY_BE_SHORT or is_plugin(path)
    return "" if stands else f"{lines} lines: move it to where it is used"


def long_functions(path: Path) -> str:
    return ", ".join(
        f"{node.name} ({lines_of(node)} lines)"
        for node in functions(path)
        if lines_of(node) > MAX_FUNCTION_LINES
    )


def wide_functions(path: Path) -> str:
    return ", ".join(
        f"{node.name} ({parameters(node)}, line {node.lineno})"
        for node in functions(path)
        if parameters(node) > MAX_PARAMETERS and not is_command(node)
    )


def test_no_file_is_longer_than_one_can_read() -> None:
    refuse(everything(), too_long)


def test_a_file_too_small_to_stand_alone_is_a_plugin() -> None:
    refuse(modules(), too_small)


def test_no_function_is_longer_than_a_screen() -> None:
    refuse(everything(), long_functions)


def test_what_needs_more_than_five_parameters_takes_a_record() -> None:
    refuse(modules(), wide_functions)


def test_what_is_too_long_too_small_or_too_wide_is_found(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def wide(a, b, c, d, e, f):\n    return a\n")
    assert too_small(bad)
    assert wide_functions(bad) == "wide (6, line 1)"
    long = tmp_path / "long.py"
    long.write_text("def long():\n" + "    print()\n" * 500)
    assert too_long(long)
    assert long_functions(long) == "long (501 lines)"
