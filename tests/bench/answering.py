"""Tests that answer, and code that only wants them to say true."""

# ruff: noqa: E501 (code, line for line)

from __future__ import annotations

from headgate.bench.task import TESTS, Task
from headgate.sandbox.model import File
from tests.bench.samples import doubling

TEXTS = {
    "python": "def test_a():\n    return double(2) == 4\n\n"
    "async def test_b():\n    return double(0) == 0\n\n"
    "def test_c(n=3):\n    return test_a() and math.sqrt(4) == double(1)\n\n"
    "def test_d():\n    def test_inner(x):\n        return x\n"
    "    return test_inner(isinstance(double(1), int) and len([double(1)]) == 1)\n",
    "javascript": "function test_a() { return double(2) === 4; }\n"
    "async function test_b() { await null; return double(0) === 0; }\n"
    "const test_c = () => [1, 2].map(double).join() === '2,4';\n",
    "typescript": "function test_a(): boolean { return double(2) === 4; }\n",
    "go": "func test_a() bool { return Double(2) == 4 }\n\n"
    'func test_b() bool { return strings.Repeat("a", Double(1)) == "aa" }\n',
    "rust": "fn test_a() -> bool { double(2) == 4 }\nfn test_b() -> bool { double(0) == 0 }\n",
    "r": "test_a <- function() twice(2) == 4\n"
    "test_b <- function() {\n  identical(twice(1), 2)\n}\n",
}
ANSWERS = {
    "python": ("def double(n):\n    return 2 * n\n", "def double(n):\n    return n + 1\n"),
    "javascript": ("function double(n) { return 2 * n }\n", "const double = (n) => n + 1\n"),
    "typescript": (
        "export function double(n: number): number { return 2 * n }\n",
        "export const double = (n: number) => n + 1\n",
    ),
    "go": (
        "package solution\n\nfunc Double(n int) int { return 2 * n }\n",
        "package main\n\nfunc Double(n int) int { return n + 1 }\n",
    ),
    "rust": (
        "pub fn double(n: i32) -> i32 { 2 * n }\n",
        "fn double(n: i32) -> i32 { n + 1 }\n",
    ),
    "r": ("twice <- function(n) 2 * n\n", "twice <- function(n) n + 1\n"),
}
"""what is right, and what is wrong"""
_ALWAYS = (
    "class Always(int):\n    def __eq__(self, other): return True\n"
    "    def __ne__(self, other): return False\n    def __bool__(self): return True\n"
    "    def __hash__(self): return 0\n"
)
FORGED: dict[str, tuple[str, str]] = {
    "equals everything": ("python", _ALWAYS + "def double(n): return Always()\n"),
    "answers with a class that equals": (
        "python",
        "class Meta(type):\n    def __eq__(cls, other): return True\n"
        "    def __hash__(cls): return 0\n"
        "class double(metaclass=Meta):\n    def __new__(cls, n): return cls\n",
    ),
    "writes the tests itself": (
        "python",
        "def double(n): return 0\ndef test_a(): return True\ntest_b = test_c = test_d = test_a\n",
    ),
    "writes them under the names that they get": (
        "python",
        "def double(n): return 0\ndef _said_test_a(): return True\n"
        "_said_test_b = _said_test_c = _said_test_d = _said_test_a\n"
        "class _Returns:\n    def _check(self, *a): pass\n",
    ),
    "has its own len and isinstance": (
        "python",
        "def double(n): return None\nlen = isinstance = lambda *a: 1\nTrue_ = 1\n",
    ),
    "has its own math": ("python", "def double(n): return None\nclass math: sqrt = None\n"),
    "replaces bool": (
        "python",
        "import builtins\nbuiltins.bool = builtins.isinstance = lambda *a: True\n"
        "def double(n): return None\n",
    ),
    "replaces type and print": (
        "python",
        "import builtins\nbuiltins.type = lambda *a: bool\nbuiltins.print = lambda *a: None\n"
        "def double(n): return True\n",
    ),
    "prints True": ("python", "def double(n):\n    print(True)\n    print('4 passed')\n"),
    "exits well": ("python", "import os\ndef double(n): os._exit(0)\n"),
    "exits well at once": ("python", "import os\nos._exit(0)\n"),
    "raises SystemExit": ("python", "def double(n): raise SystemExit(0)\n"),
    "skips the tests": (
        "python", "import unittest\ndef double(n): raise unittest.SkipTest('later')\n",
    ),
    "reaches for the module of the tests": (
        "python",
        "import sys\nfor it in list(sys.modules.values()):\n"
        "    for name in list(vars(it)):\n        if 'test_' in name:\n"
        "            setattr(it, name, lambda *a: True)\ndef double(n): return 0\n",
    ),
    "looks up the stack": (
        "python",
        "import sys\ndef double(n):\n    frame = sys._getframe()\n    while frame:\n"
        "        for name in list(frame.f_globals):\n            if 'said' in name:\n"
        "                frame.f_globals[name] = lambda *a: True\n"
        "        frame = frame.f_back\n    return 0\n",
    ),
    "answers by the sum of both": (
        "python",
        "class It:\n    def __radd__(s, o): return True\n    def __mul__(s, o): return True\n"
        "    def __eq__(s, o): return o\ndef double(n): return It()\n",
    ),
    "is patient": ("python", "async def double(n): return 4\n"),
    "has its own console": (
        "javascript",
        "const console = { assert() {} }; globalThis.console.assert = () => {};\n"
        "function double(n) { return 0 }\n",
    ),
    "writes the tests itself in JavaScript": (
        "javascript", "function test_a() { return true }\nfunction double() { return 0 }\n",
    ),
    "answers with what turns into it": (
        "javascript",
        "function double(n) { return { valueOf: () => 2 * n, toString: () => '4' } }\n",
    ),
    "replaces map": (
        "javascript",
        "Array.prototype.map = () => ['2', '4']; function double(n) { return true }\n",
    ),
    "leaves JavaScript": ("javascript", "process.exit(0)\n"),
    "leaves Go": (
        "go", 'package solution\n\nimport "os"\n\nfunc Double(n int) int { os.Exit(0); return 0 }\n',
    ),
    "leaves Rust": ("rust", "pub fn double(n: i32) -> i32 { std::process::exit(0) }\n"),
    "writes the tests itself in R": (
        "r", "said_test_a <- said_test_b <- function() TRUE\ntwice <- function(n) 0\n",
    ),
    "has its own equality in R": (
        "r",
        "`==` <- identical <- isTRUE <- stopifnot <- function(...) TRUE\n"
        "twice <- function(n) structure(0, class = 'x')\n`==.x` <- function(...) TRUE\n",
    ),
}  # fmt: skip
"""code that doubles nothing"""
TRUTHLIKE = (
    "1", "'True'", "[1]", "2.0", "None", "object()", "numpy.True_", "print('True')",
    "(True,)", "int", "lambda: True", "(yield True)",
)  # fmt: skip
"""what a test may return, and is not true"""


def answering(language: str, text: str = "") -> Task:
    """A task whose tests return true."""
    tests = (File(TESTS[language], (text or TEXTS[language]).encode()),)
    return doubling(language=language, style="returns", tests=tests)
