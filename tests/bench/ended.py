"""Answers that end in every way, in every language: what each has to be graded."""

# ruff: noqa: E501 (answers, line for line)

from __future__ import annotations

from headgate.bench.grade import Grade
from headgate.bench.task import TESTS, Task
from headgate.sandbox.model import File
from tests.bench.samples import doubling

TESTED = {
    "python": "from solution import double\n\ndef test_it():\n    assert double(2) == 4\n",
    "javascript": "const { test } = require('node:test');\nconst assert = require('node:assert');\nconst { double } = require('./solution');\ntest('it', () => { assert.strictEqual(double(2), 4); });\n",
    "typescript": "import { test } from 'node:test';\nimport assert from 'node:assert';\nimport { double } from './solution';\ntest('it', () => { assert.strictEqual(double(2), 4); });\n",
    "go": 'package solution\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {\n\tif Double(2) != 4 {\n\t\tt.Fatal("not 4")\n\t}\n}\n',
    "rust": "use solution::*;\n\n#[test]\nfn it() {\n    assert_eq!(double(2), 4);\n}\n",
    "r": "test_that('it', { expect_equal(twice(2), 4) })\n",
}
_GO = "package solution\n\nfunc Double(n int) int {\n"
_RUST = "pub fn double(n: i32) -> i32 {\n"
ANSWERS: dict[str, dict[str, tuple[str, Grade]]] = {
    "python": {
        "a syntax error": ("def double(n:\n", Grade.SYNTAX),
        "a wrong answer": ("def double(n):\n    return n + 1\n", Grade.WRONG),
        "an endless loop": ("def double(n):\n    while True: pass\n", Grade.TIMEOUT),
        "a memory hog": (
            "def double(n):\n    return len([bytes(1 << 20) for _ in range(4000)])\n",
            Grade.MEMORY,
        ),
        "a fork bomb": ("import os\ndef double(n):\n    while True: os.fork()\n", Grade.MEMORY),
        "an exit": ("import os\nos._exit(0)\n", Grade.WRONG),
    },
    "javascript": {
        "a syntax error": ("exports.double = (n => {\n", Grade.SYNTAX),
        "a wrong answer": ("exports.double = (n) => n + 1;\n", Grade.WRONG),
        "an endless loop": ("exports.double = (n) => { for (;;); };\n", Grade.TIMEOUT),
        "an exit": ("process.exit(0);\n", Grade.WRONG),
    },
    "typescript": {
        "a syntax error": ("export function double(n: number {\n", Grade.SYNTAX),
        "a wrong answer": (
            "export const double = (n: number): number => n + 1;\n",
            Grade.WRONG,
        ),
        "an exit": ("process.exit(0);\nexport const double = (n: number) => n;\n", Grade.WRONG),
    },
    "go": {
        "a syntax error": (_GO + "\treturn 2 *\n}\n", Grade.SYNTAX),
        "a type error": (_GO + '\treturn "4"\n}\n', Grade.COMPILE),
        "a wrong answer": (_GO + "\treturn n + 1\n}\n", Grade.WRONG),
        "an endless loop": (_GO + "\tfor {\n\t}\n}\n", Grade.TIMEOUT),
        "an exit": (
            'package solution\n\nimport "os"\n\nfunc Double(n int) int {\n\tos.Exit(0)\n\treturn 4\n}\n',
            Grade.WRONG,
        ),
    },
    "rust": {
        "a syntax error": (_RUST + "    2 * \n}\n", Grade.SYNTAX),
        "a bracket that never closes": (_RUST + "    2 * n\n", Grade.SYNTAX),
        "a type error": (_RUST + '    "4"\n}\n', Grade.COMPILE),
        "a wrong answer": (_RUST + "    n + 1\n}\n", Grade.WRONG),
        "an endless loop": (_RUST + "    loop {}\n}\n", Grade.TIMEOUT),
        "an exit": (_RUST + "    std::process::exit(0)\n}\n", Grade.WRONG),
    },
    "r": {
        "a syntax error": ("twice <- function(n {\n", Grade.SYNTAX),
        "a wrong answer": ("twice <- function(n) n + 1\n", Grade.WRONG),
        "an endless loop": ("twice <- function(n) repeat {}\n", Grade.TIMEOUT),
        "an exit": ("quit(status = 0)\n", Grade.WRONG),
    },
}


def small(language: str) -> Task:
    """A task of the language, with little time and room."""
    tests = (File(TESTS[language], TESTED[language].encode()),)
    return doubling(language=language, tests=tests, timeout_s=2.0, memory_mb=256)
