"""How the judging of JavaScript is told: where imports of the code lead."""

from __future__ import annotations

import json

from headgate.sandbox.model import Runtime
from headgate.sandbox.verdict import javascript
from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict.bench import files

RUNTIME = Runtime("javascript", "20", "program", program="node")


def test_imports_of_the_code_lead_to_standins_and_others_are_left_alone() -> None:
    test = "import { f } from '../src/solution';\nimport a from 'node:assert';\n"
    task = Task(
        language="javascript",
        candidate=files(("src/solution.js", "export const f = 1;")),
        tests=files(("test/it.test.js", test)),
        style="runner",
    )
    laid = javascript.plan(task, RUNTIME)[1]["files"]
    text = laid["judge/tree/test/it.test.mjs"]
    assert "'../src/solution.mjs.mjs'" in text
    assert "'node:assert'" in text
    assert json.loads(laid["judge/told.json"])["files"] == ["test/it.test.mjs"]
    assert "export const f = 1;" not in "".join(
        text for path, text in laid.items() if path.startswith("judge/")
    )


def test_no_test_lies_where_the_code_can_look() -> None:
    task = Task(
        language="javascript",
        candidate=files(("s.js", "")),
        tests=files(("t.js", "secret")),
    )
    laid = javascript.plan(task, RUNTIME)[1]["files"]
    assert all("secret" not in it for path, it in laid.items() if path.startswith("code/"))
