"""Counts the checks of a test as they begin and as they pass, and words the first that fails.

Rule 1: every `assert` of a test is rewritten to report itself; nothing else is changed.
Rule 2: a check that began and did not pass is a failure, whatever swallowed it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from headgate.sandbox.verdict.inside import naming

LONGEST = 200
UNDECIDED = "NotImplemented should not be used in a boolean"
re.compile(UNDECIDED, re.IGNORECASE)  # as a filter of warnings has it: each fork knows it


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


BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""where statements hold others"""


class _Rewrite:
    def __init__(self, file: str, source: str) -> None:
        self._file = file
        self._lines = source.encode().splitlines(keepends=True)

    def enter(self, node: ast.AST) -> None:
        """Rewrite what is in it, at any depth."""
        fields = vars(node)
        for name in BLOCKS:
            block = fields.get(name)
            if isinstance(block, list):
                fields[name] = self._written(block)

    def _written(self, block: list[Any]) -> list[Any]:
        found = []
        for it in block:
            if isinstance(it, ast.Assert):
                found += self._checked(it)
            else:
                self.enter(it)
                found.append(it)
        return found

    def _checked(self, node: ast.Assert) -> list[ast.stmt]:
        text = " ".join(self._text(node).split())
        at = f"{self._file}:{node.lineno}: {text[:LONGEST]}"
        new = _New(node)
        test, before, sides = self._sides(node.test, new)
        failed: ast.expr = new.call("missed", new(ast.Constant, at), *sides)
        if node.msg is not None:
            failed = new(ast.Call, new.name("AssertionError"), [node.msg], [])
        return [
            new(ast.Expr, new.call("begin", new(ast.Constant, at))),
            *before,
            new(ast.If, new(ast.UnaryOp, ast.Not(), test), [new(ast.Raise, failed)], []),
            new(ast.Expr, new.call("end")),
        ]

    def _text(self, node: ast.Assert) -> str:
        """As it stands in the source; columns are counted in bytes."""
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        lines = self._lines[first:last]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"".join(lines).decode("utf-8", "replace")

    def _sides(
        self, test: ast.expr, new: _New
    ) -> tuple[ast.expr, list[ast.stmt], list[ast.expr]]:
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return test, [], []
        before: list[ast.stmt] = [
            new(ast.Assign, [new(ast.Name, name, ast.Store())], value)
            for name, value in (("_hg_l", test.left), ("_hg_r", test.comparators[0]))
        ]
        left, right = new.name("_hg_l"), new.name("_hg_r")
        return new(ast.Compare, left, test.ops, [right]), before, [left, right]


class _New:
    """Makes nodes that stand where another one stood."""

    def __init__(self, old: ast.stmt) -> None:
        self._place = {
            "lineno": old.lineno,
            "col_offset": old.col_offset,
            "end_lineno": old.end_lineno,
            "end_col_offset": old.end_col_offset,
        }

    def __call__(self, kind: Callable[..., Any], *fields: Any) -> Any:
        return kind(*fields, **self._place)

    def name(self, name: str) -> Any:
        return self(ast.Name, name, ast.Load())

    def call(self, name: str, *args: ast.expr) -> Any:
        what = self(ast.Attribute, self.name("_hg_checks"), name, ast.Load())
        return self(ast.Call, what, list(args), [])


def rewritten(file: str, source: str) -> Any:
    """The code object of a test whose assertions report themselves."""
    tree = naming.tree(source, file)
    _Rewrite(file, source).enter(tree)
    return compile(tree, file, "exec", dont_inherit=True)
