"""Tests that nobody has written yet, one of each language, which whoever adds a task fills in.

Rule 1: as it stands a stub fails, whatever the answer: a task with it is refused, never asked.
"""

from __future__ import annotations

UNWRITTEN = "write what a right answer has to do"

STUBS = {
    "python": (
        "import solution\n\n\ndef test_it():\n"
        f'    raise AssertionError("{UNWRITTEN}")  # such as: assert solution.f(1) == 2\n'
    ),
    "javascript": (
        "const test = require('node:test');\nconst solution = require('./solution.js');\n\n"
        f"test('it', () => {{\n  throw new Error('{UNWRITTEN}');\n}});\n"
    ),
    "typescript": (
        "import { test } from 'node:test';\nimport * as solution from './solution';\n\n"
        f"test('it', () => {{\n  throw new Error('{UNWRITTEN}');\n}});\n"
    ),
    "go": (
        'package solution\n\nimport "testing"\n\n'
        f'func TestIt(t *testing.T) {{\n\tt.Fatal("{UNWRITTEN}")\n}}\n'
    ),
    "rust": (f'use solution::*;\n\n#[test]\nfn it() {{\n    panic!("{UNWRITTEN}");\n}}\n'),
    "r": f'test_that("it", {{\n  stop("{UNWRITTEN}")\n}})\n',
    "bash": f'. ./solution.sh\necho "{UNWRITTEN}" >&2\nexit 1\n',
}
