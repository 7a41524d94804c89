"""TypeScript that computes no median: what JavaScript tries, typed, and what only types do."""

from __future__ import annotations

from tests.sandbox.verdict.bench import Trick
from tests.sandbox.verdict.javascript_forged import FORGED
from tests.sandbox.verdict.javascript_tricks import FILE, NONE, TESTS
from tests.sandbox.verdict.javascript_tricks import TRICKS as UNTYPED
from tests.sandbox.verdict.typescript_forged import FORGED as TYPED

__all__ = ["TESTS", "TRICKS"]


def typed(it: Trick) -> Trick:
    code = it.code.replace("function median(n)", "function median(n: any): any")
    return Trick(code, it.tests, it.style, it.extra, it.is_naive)


TRICKS: dict[str, Trick] = {name: typed(it) for name, it in (UNTYPED | FORGED).items()} | {
    "declares what it has not": Trick(
        "declare function median(n: number[]): number;\n", is_naive=False
    ),
    "a value that any is": Trick(
        "function median(n: number[]): number { return {} as any as number; }", is_naive=False
    ),
    "an enumeration called as the assertions": Trick(
        "enum assert { strictEqual }\n" + NONE, is_naive=False
    ),
    "a namespace called as the console": Trick(
        "namespace console { export const assert = () => {}; }\n" + NONE, is_naive=False
    ),
    "a decorator that leaves": Trick(
        "function leave(..._: any[]): any { process.exit(0); }\n"
        "class C { static m(): void { leave(); } }\nC.m();\n" + NONE
    ),
    "a global that it augments": Trick(
        "declare global { interface Number { }}\n(Number.prototype as any).valueOf = () => 2;\n"
        + NONE + "export {};\n", is_naive=False,
    ),
    "checks that are turned off": Trick(
        "// @ts-nocheck\nexport const median = (n) => n.nothing;\n",
        FILE.replace("solution.js", "solution"), "runner", is_naive=False,
    ),
} | TYPED  # fmt: skip
"""code by what it tries"""
