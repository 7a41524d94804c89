"""Tells which names tests mention, and in what way: in one walk through each source.

Rule 1: a source is taken apart once; whoever rewrites it takes the tree that was made for that.
"""

from __future__ import annotations

import ast
import builtins
import functools

_trees: dict[str, ast.Module] = {}
"""of sources that were looked at and not rewritten yet"""


class Names:
    """What one source mentions."""

    def __init__(self, tree: ast.Module) -> None:
        self.reads: set[str] = set()
        self.defined: set[str] = set()
        """given something by the test itself"""
        self.imported: set[str] = set()
        """nothing that it takes with `*` replaces them"""
        self.whole: set[str] = set()
        """modules of which it takes all names"""
        self.looked: set[str] = set()
        """of which it reads an attribute"""
        self.called: set[str] = set()
        """that it calls itself, at its outermost level"""
        self.within: dict[str, set[str]] = {}
        """every name and attribute, by the test function that mentions it; "": none"""
        self._inner: list[tuple[str, ast.AST]] = [("", tree)]
        while self._inner:
            owner, node = self._inner.pop()
            self._walk(node, owner, self.within.setdefault(owner, set()))
        for it in tree.body:
            if isinstance(it, ast.Expr) and isinstance(it.value, ast.Call):
                function = it.value.func
                self.called.update([function.id] if isinstance(function, ast.Name) else [])

    def _walk(self, top: ast.AST, owner: str, found: set[str]) -> None:
        """All of it but the test functions in it: their turn comes."""
        todo = _parts(top)
        while todo:
            node = todo.pop()
            if isinstance(node, ast.Name):
                self._name(node, found)
                continue
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
                self.looked.update([node.value.id] if isinstance(node.value, ast.Name) else [])
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(node, found)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.defined.add(node.name)
                if node.name.startswith("test") and not isinstance(node, ast.ClassDef):
                    is_in_another = owner not in ("", node.name)
                    name = f"{owner} {node.name}" if is_in_another else node.name
                    self._inner.append((name, node))
                    continue
            todo += _parts(node)

    def by(self, test: str) -> set[str]:
        """Every name and attribute that is not in another test than this one; "": all."""
        if not test.startswith("test"):
            return set().union(*self.within.values())
        return self.within.get("", set()) | self.within.get(test, set())

    def _name(self, node: ast.Name, found: set[str]) -> None:
        found.add(node.id)
        if isinstance(node.ctx, ast.Store):
            self.defined.add(node.id)
        elif isinstance(node.ctx, ast.Load):
            self.reads.add(node.id)

    def _import(self, node: ast.Import | ast.ImportFrom, found: set[str]) -> None:
        for it in node.names:
            found.add(it.name.rpartition(".")[2])
            self.imported.add((it.asname or it.name).partition(".")[0])
        if isinstance(node, ast.ImportFrom) and node.module and node.names[0].name == "*":
            self.whole.add(node.module)


def _parts(node: ast.AST) -> list[ast.AST]:
    found = []
    for it in vars(node).values():
        if isinstance(it, ast.AST):
            found.append(it)
        elif isinstance(it, list):
            found += [one for one in it if isinstance(one, ast.AST)]
    return found


@functools.cache
def names(source: str) -> Names:
    """What a test mentions; it is asked several times."""
    tree = _trees[source] = ast.parse(source)
    return Names(tree)


def tree(source: str, file: str) -> ast.Module:
    """For one who changes it."""
    return _trees.pop(source, None) or ast.parse(source, file)


def asked(*sources: str) -> list[str]:
    """The names that tests read; builtins are Python's own."""
    reads = set().union(*(names(it).reads for it in sources))
    return sorted(it for it in reads if not hasattr(builtins, it) and it != "_hg_checks")
