"""Counts the checks of a test as they begin and as they pass, and words the first that fails.

Rule 1: every `assert` of a test is rewritten to report itself; nothing else is changed.
Rule 2: a check that began and did not pass is a failure, whatever swallowed it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Any

LONGEST = 200
UNDECIDED = "NotImplemented should not be used in a boolean"


class Checks:
    """What began, what passed, and the first failure in words."""

    def __init__(self, clock: Callable[[str], None] = lambda test: None) -> None:
        """`clock` hears which test begins; an empty name: it is over."""
        self.clock = clock
        self.seen = 0
        self.passed = 0
        self.failure = ""
        self.at = ""

    def begin(self, at: str) -> None:
        self.seen += 1
        self.at = at

    def end(self) -> None:
        self.passed += 1

    def fail(self, words: str) -> None:
        self.failure = self.failure or words

    def missed(self, at: str, *sides: Any) -> AssertionError:
        """The exception of an assertion without words of its own."""
        shown = " and ".join(_shown(it) for it in sides)
        words = f"{at} does not hold" + (f" for {shown}" if sides else "")
        self.fail(words)
        return AssertionError(words)


def _shown(it: object) -> str:
    try:
        text = repr(it)
    except Exception:  # noqa: BLE001 (a value that cannot be shown)
        return f"a {type(it).__name__}"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


class _Rewrite(ast.NodeTransformer):
    def __init__(self, file: str, source: str) -> None:
        self._file, self._source = file, source

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        text = " ".join((ast.get_source_segment(self._source, node) or "assert").split())
        at = f"{self._file}:{node.lineno}: {text[:LONGEST]}"
        test, before, sides = self._sides(node.test)
        failed: ast.expr = _call("missed", ast.Constant(at), *sides)
        if node.msg is not None:
            failed = ast.Call(ast.Name("AssertionError", ast.Load()), [node.msg], [])
        made: list[ast.stmt] = [
            ast.Expr(_call("begin", ast.Constant(at))),
            *before,
            ast.If(ast.UnaryOp(ast.Not(), test), [ast.Raise(failed)], []),
            ast.Expr(_call("end")),
        ]
        for it in made:
            ast.copy_location(it, node)
        return made

    def _sides(self, test: ast.expr) -> tuple[ast.expr, list[ast.stmt], list[ast.expr]]:
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return test, [], []
        before: list[ast.stmt] = [
            ast.Assign([ast.Name(name, ast.Store())], value)
            for name, value in (("_hg_l", test.left), ("_hg_r", test.comparators[0]))
        ]
        left, right = ast.Name("_hg_l", ast.Load()), ast.Name("_hg_r", ast.Load())
        return ast.Compare(left, test.ops, [right]), before, [left, right]


def _call(name: str, *args: ast.expr) -> ast.Call:
    checks = ast.Name("_hg_checks", ast.Load())
    return ast.Call(ast.Attribute(checks, name, ast.Load()), list(args), [])


def rewritten(file: str, source: str) -> Any:
    """The code object of a test whose assertions report themselves."""
    tree = _Rewrite(file, source).visit(ast.parse(source, file))
    return compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)


def named(source: str) -> set[str]:
    """Every name and attribute that a test mentions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name.rpartition(".")[2])
    return found


def defined(source: str) -> set[str]:
    """Every name that a test gives something itself."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
    return found


def imported(source: str) -> set[str]:
    """Every name that a test imports: nothing that it takes with `*` replaces it."""
    return {
        (it.asname or it.name).partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for it in node.names
    }


def asked(source: str) -> list[str]:
    """The names that a test reads; builtins are Python's own."""
    reads = {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return sorted(it for it in reads if not hasattr(builtins, it) and it != "_hg_checks")


def calls(source: str, name: str) -> bool:
    """Whether the test calls the function itself, at its outermost level."""
    return any(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == name
        for node in ast.parse(source).body
    )
