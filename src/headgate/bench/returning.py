"""Tests that answer: each `test_*` function is called, and exactly true is a passed check.

Rule 1: what a test prints never counts, and what it returns counts by identity, not by truth.
Rule 2: each function is one test, so one that raises does not spare the others; what looks like
a test and could not be called is refused by name, never left out.
Rule 3: of a solution a test gets those names that it uses and does not have: no answer can put
its own `len` or `isinstance` in their place.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from headgate.bench.task import TESTS, Task
from headgate.sandbox.model import File, Refused

_SCRIPT = r"^(?:export\s+)?(?:(?:async\s+)?function\s+|(?:const|let|var)\s+)(test_\w*)"
_DEFINED = {
    "javascript": re.compile(_SCRIPT, re.MULTILINE),
    "go": re.compile(r"^func\s+(test_\w*)", re.MULTILINE),
    "rust": re.compile(r"^(?:pub\s+)?(?:async\s+)?fn\s+(test_\w*)", re.MULTILINE),
    "r": re.compile(r"^(test_\w*)\s*(?:<-|=)\s*function\b", re.MULTILINE),
}
"""whatever is called like a test"""
_CALLABLE = {
    "javascript": (
        r"(?:function\s+{name}\s*\(\s*\)"
        r"|{name}\s*=\s*(?:async\s*)?(?:\(\s*\)|function\s*\w*\s*\(\s*\)))"
    ),
    "go": r"func\s+{name}\s*\(\s*\)\s*bool\b",
    "rust": r"fn\s+{name}\s*\(\s*\)\s*->\s*bool\b",
    "r": r"{name}\s*(?:<-|=)\s*function\s*\(\s*\)",
}
"""one that can be called without anything, and answers"""
_SHAPED = {
    "python": "def test_it(): return …",
    "javascript": "function test_it() { return …; }",
    "go": "func test_it() bool { return … }",
    "rust": "fn test_it() -> bool { … }",
    "r": "test_it <- function() …",
}
_ALIASES = {"np": "numpy", "pd": "pandas", "numpy": "numpy", "pandas": "pandas"}
_BUILTIN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}


class Turned(NamedTuple):
    """The same tests in words that the judge reads."""

    files: tuple[File, ...]
    style: Literal["asserts", "runner"]


def turned(task: Task) -> Turned:
    """Its tests as the judge takes them; Refused where they cannot be called."""
    kind = _kind(task.language)
    text = "\n".join(it.data.decode("utf-8", "replace") for it in task.tests)
    names = names_of(task.language, text)
    written = _WRITTEN[kind](text, names)
    style: Literal["asserts", "runner"] = "runner" if kind == "python" else "asserts"
    return Turned((File(TESTS[task.language], written.encode()),), style)


def names_of(language: str, text: str) -> list[str]:
    """The test functions of a text; Refused with the remedy where one could not be called."""
    kind = _kind(language)
    names = _of_python(text) if kind == "python" else _of_others(kind, text)
    if not names:
        raise Refused("no function is called test_*", f"write one: {_SHAPED[kind]}")
    for name, times in Counter(names).items():
        if times > 1:
            raise Refused(f"two functions are called {name}", "give each its own name")
    return names


def _kind(language: str) -> str:
    kind = "javascript" if language == "typescript" else language
    if kind not in _SHAPED:
        raise Refused(
            f"tests that return true are not read in {language}",
            f"known are {', '.join(_SHAPED)}",
        )
    return kind


def _of_others(kind: str, text: str) -> list[str]:
    names = [str(it) for it in _DEFINED[kind].findall(text)]
    shape = _CALLABLE[kind]
    shaped = re.finditer(shape.format(name=r"(test_\w*)"), text)
    callable_ones = {name for it in shaped for name in it.groups()}
    for name in names:
        if name not in callable_ones and not re.search(shape.format(name=name), text):
            raise Refused(f"{name} cannot be called and asked", f"write it so: {_SHAPED[kind]}")
    return names


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        what = f"the tests do not compile: line {error.lineno}: {error.msg}"
        raise Refused(what, "mend test_code") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"the tests cannot be read: {error}", "mend test_code") from error


def _of_python(text: str) -> list[str]:
    tree = _parsed(text)
    names = []
    for it in tree.body:
        if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef):
            if it.name.startswith("test_"):
                _refuse_asking(it)
                names.append(it.name)
        else:
            _refuse_hidden(it)
    return names


def _refuse_asking(it: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    args = it.args
    asked = len(args.posonlyargs) + len(args.args) - len(args.defaults)
    asked += sum(default is None for default in args.kw_defaults)
    if asked:
        raise Refused(
            f"{it.name} has parameters, and nothing is handed to it",
            "let it make what it needs itself",
        )


def _refuse_hidden(it: ast.stmt) -> None:
    """A test that stands where nobody would call it."""
    if isinstance(it, ast.ClassDef):
        found = [one.name for one in it.body if isinstance(one, ast.FunctionDef)]
        where = f"in the class {it.name}"
    else:
        inner = ast.walk(it) if isinstance(it, ast.If | ast.Try | ast.With | ast.For) else ()
        found = [one.name for one in inner if isinstance(one, ast.FunctionDef)]
        where = "in a condition"
    name = next((one for one in found if one.startswith("test_")), "")
    if name:
        raise Refused(f"{name} stands {where}", "write it at the left edge")


def _free(tree: ast.Module) -> Iterator[str]:
    """Names that a text uses and nowhere makes."""
    made: set[str] = set()
    used: dict[str, None] = {}
    for it in ast.walk(tree):
        match it:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                made.add(it.name)
            case ast.arg():
                made.add(it.arg)
            case ast.alias():
                made.add((it.asname or it.name).partition(".")[0])
            case ast.ExceptHandler() if it.name:
                made.add(it.name)
            case ast.Name(ctx=ast.Load()):
                used[it.id] = None
            case ast.Name():
                made.add(it.id)
            case _:
                pass
    yield from (it for it in used if it not in made and it not in _BUILTIN)


def _python(text: str, names: list[str]) -> str:
    tree = _parsed(text)
    later = [it for it in text.split("\n") if not it.startswith("from __future__ ")]
    lines = ["import asyncio as _asyncio", "import inspect as _inspect", "import unittest"]
    for name in _free(tree):
        if name in sys.stdlib_module_names:
            lines.append(f"import {name}")
        elif name in _ALIASES:
            lines.append(f"import {_ALIASES[name]} as {name}")
        else:
            lines.append(f"from solution import {name}")
    told = "\n".join(later)
    told = _renamed(told, names, "_said_")
    calls = [_CALLED.format(name=name) for name in names]
    return "\n".join([*lines, "", told, "", _CASE, *calls])


def _renamed(text: str, names: list[str], before: str) -> str:
    """With tests that no runner would find by itself, and count for more than they answer."""
    known = set(names)

    def called(found: re.Match[str]) -> str:
        return f"{before}{found[0]}" if found[0] in known else found[0]

    return re.sub(r"(?<![\w.'\"])test_\w*", called, text)


_CASE = """
class _Returns(unittest.TestCase):
    def _check(self, name, said):
        if _inspect.iscoroutine(said):
            said = _asyncio.run(said)
        kind, is_numpys = type(said).__name__, type(said).__module__ == "numpy"
        named = f"numpy.{'bool_' if kind == 'bool' else kind}" if is_numpys else kind
        hint = ": write bool(...) around it" if named == "numpy.bool_" else ""
        assert said is True, f"{name} returned {named} {str(said)[:60]!r}, not True{hint}"
"""
_CALLED = """
    def test_of_{name}(self):
        self._check({name!r}, _said_{name}())
"""


def _javascript(text: str, names: list[str]) -> str:
    is_slow = re.search(r"\basync\b|\bPromise\b|\bawait\b", text)
    plain = re.sub(r"^export\s+(?=async|function|const|let|var)", "", text, flags=re.MULTILINE)
    calls = [
        f'console.assert({"await " if is_slow else ""}{it}() === true, "{it} is not true");'
        for it in names
    ]
    return "\n".join((plain, *calls)) + "\n"


def _go(text: str, names: list[str]) -> str:
    calls = [
        f"func TestReturns{at}(t *testing.T) {{"
        f' if !{it}() {{ t.Fatal("{it} returned false") }} }}'
        for at, it in enumerate(names, 1)
    ]
    return "\n".join((text, *calls)) + "\n"


def _rust(text: str, names: list[str]) -> str:
    calls = [
        f'#[test]\nfn returns_{at}() {{ assert!({it}(), "{it} returned false"); }}'
        for at, it in enumerate(names, 1)
    ]
    return "\n".join((text, *calls)) + "\n"


def _r(text: str, names: list[str]) -> str:
    calls = [f"stopifnot(isTRUE(as.vector(said_{it}())))" for it in names]
    return "\n".join((_renamed(text, names, "said_"), *calls)) + "\n"


_WRITTEN: dict[str, Callable[[str, list[str]], str]] = {
    "python": _python,
    "javascript": _javascript,
    "go": _go,
    "rust": _rust,
    "r": _r,
}
