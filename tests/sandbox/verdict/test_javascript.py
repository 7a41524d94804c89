"""How the judging of JavaScript is told: where imports of the code lead."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
import pytest

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import javascript
from headgate.sandbox.verdict.model import Task, Verdict
from tests.sandbox.verdict import typescript_tricks
from tests.sandbox.verdict.bench import (
    LIMITS,
    Trick,
    accepted,
    files,
    missed,
    unsound,
    verdicts,
)
from tests.toolchains import here

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


def test_a_class_is_named_by_what_a_test_does_and_not_by_what_it_says() -> None:
    text = (
        "// Given a Stack\nit('Should work', () => { new Queue(`A ${Depth} Of`); });\n"
        "/* Then\nWhen */ const Own = 1;\n"
    )
    assert javascript._meant(text) == ["Depth", "Queue"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('import { inject, test } from "vitest";', "inject of vitest"),
        ('import { jest } from "@jest/globals"; jest.mock("./a");', "jest.mock"),
        ("await vi.importActual('./a');", "vi.importActual"),
        ("expect(f()).toMatchInlineSnapshot();", "toMatchInlineSnapshot"),
        ("expect.extend({}); expect(a).toEqual(1);", "expect.extend"),
        ('test.fails("x", () => expect(1).toBe(1));', "test.fails"),
    ],
)
def test_words_that_are_not_read_are_refused_and_never_counted_against_the_code(
    text: str, word: str
) -> None:
    with pytest.raises(Refused, match=f"uses {word.replace('.', '[.]')}, which is not judged"):
        javascript.refuse({"a.test.ts": text})


@pytest.mark.parametrize(
    "text",
    [
        'import { type Mock, it } from "vitest"; it.skip("x", () => expect(1).toBe(1));',
        'import test from "node:test"; test.describe("x", () => {});',
        'const it = /a/.test("x"); expect(String(it).toString()).toBe("false");',
        "const f = vi.fn(); expect(f).toHaveBeenCalledWith(expect.any(Number));",
        'vi.useFakeTimers(); describe.each([1])("x", () => expect(jest.fn()).toBe(1));',
        'await expect(later()).rejects.toThrow("x"); test.each([[1]])("x", () => {});',
    ],
)
def test_words_of_everyday_tests_are_not_refused(text: str) -> None:
    javascript.refuse({"a.test.ts": text})


@pytest.mark.slow
def test_tests_without_imports_have_the_words_of_jest() -> None:
    here("javascript")
    tests = (
        "const { half } = require('./a');\n"
        "describe('half', () => {\n"
        "  it('halves', () => { expect(half(4)).toBe(2); });\n"
        "  test('refuses', () => { expect(() => half('x')).toThrowError('number'); });\n"
        "});\n"
    )
    code = (
        "exports.half = (it) => {\n"
        "  if (typeof it !== 'number') throw new TypeError('a number');\n"
        "  return it / 2;\n};\n"
    )
    right = Task(
        language="javascript",
        candidate=files(("a.js", code)),
        tests=files(("a.test.js", tests)),
        style="runner",
        limits=LIMITS,
    )
    wrong = msgspec.structs.replace(
        right, candidate=files(("a.js", code.replace("/ 2", "/ 3")))
    )
    told = verdicts({"right": right, "wrong": wrong})
    assert missed(told).keys() == {"wrong"}
    assert "expected" in missed(told)["wrong"]


def forged(tricks: Mapping[str, Trick]) -> dict[str, Verdict | Refused]:
    here("typescript")
    tasks = {}
    for name, it in tricks.items():
        is_runner = it.style == "runner"
        tasks[name] = Task(
            language="typescript",
            candidate=files(("solution.ts", it.code), *it.extra),
            tests=files(("solution.test.ts", it.tests or typescript_tricks.TESTS)),
            style="runner" if is_runner else "asserts",
            entry="" if is_runner else "median",
            limits=LIMITS,
        )
    return verdicts(tasks)


@pytest.mark.slow
def test_every_twelfth_trick_in_typescript_is_not_accepted() -> None:
    assert len(typescript_tricks.TRICKS) > 40
    found = forged(dict(list(typescript_tricks.TRICKS.items())[::-12]))
    assert accepted(found) == []
    assert unsound(found) == {}


@pytest.mark.soak
def test_no_trick_in_typescript_is_accepted() -> None:
    found = forged(typescript_tricks.TRICKS)
    assert accepted(found) == []
    assert unsound(found) == {}


def test_what_tests_given_as_source_await_stays_as_it_is() -> None:
    task = Task(
        language="typescript", candidate=files(("solution.ts", "const it: number = 1;")),
        tests=files(("it.ts", "console.assert(await it === 1);")), style="asserts",
    )  # fmt: skip
    runtime = Runtime(
        "typescript", "5", "program", program="node", env=(("HEADGATE_TRANSPILER", "/esbuild"),)
    )
    told = javascript.plan(task, runtime)[1]
    [code, tests] = [it["argv"] for step in told["builds"] for it in step]
    assert "--format=cjs" in code
    assert not any(it.startswith("--format") for it in tests)
