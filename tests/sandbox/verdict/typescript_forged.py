"""TypeScript that reaches for what only types, merged declarations and accessors can do."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import Trick
from tests.sandbox.verdict.javascript_tricks import FILE

RUNNER = FILE.replace("solution.js", "solution")


def module(code: str, tests: str = RUNNER) -> Trick:
    return Trick(code, tests, "runner", is_naive=False)


def suite(names: str, body: str) -> str:
    return f"import {{ test }} from 'node:test';\nimport assert from 'node:assert/strict';\nimport {names} from './solution';\ntest('x', async () => {{ {body} }});\n"


COLOUR = suite(
    "{ Colour, parse }",
    "assert.equal(parse('red'), Colour.Red); assert.equal(parse('blue'), Colour.Blue); assert.equal(Colour.Blue, 2);",
)
BOX = suite(
    "{ Box }",
    "const b = new Box(); b.add(2); b.add(3); assert.equal(b.total, 5); assert.equal(`${b}`, 'Box(5)');",
)
SUM = suite(
    "{ sum }", "assert.equal(sum([1, 2, 3]), 6); assert.ok(Math.abs(sum([1, 2]) - 3) < 1e-9);"
)
NUMBERS = suite(
    "{ numbers }",
    "const got: number[] = []; for await (const n of numbers(3)) got.push(n); assert.deepEqual(got, [0, 1, 2]);",
)
DEFAULT = suite("median", "assert.equal(median([3, 1, 2]), 2);")
MERGED = suite("{ price }", "assert.equal(price(3), 30); assert.equal(price.currency, 'EUR');")
RESULT = suite(
    "{ divide }",
    "const it = divide(6, 3); assert.ok(it.ok); assert.equal(it.value, 2); const no = divide(1, 0); assert.equal(no.ok, false);",
)

FORGED: dict[str, Trick] = {
    "an enumeration with one member for all": module("export enum Colour { Red = 0, Blue = 0 }\nexport const parse = (s: string): Colour => Colour.Red;", COLOUR),
    "an enumeration that is a Proxy": module("export const Colour: any = new Proxy({}, { get: (_t, n) => (n === 'Blue' ? 2 : 2) });\nexport const parse = (s: string): any => 2;", COLOUR.replace("Colour.Blue, 2", "Colour.Red, 1")),
    "a namespace merged into a function": module("export function price(n: number): any { return price; }\nexport namespace price { export const currency = 'EUR'; export const valueOf = () => 30; export const toString = () => '30'; }", MERGED),
    "a class merged with an interface it never keeps": module("export interface Box { total: number }\nexport class Box { add(n: number) {} get [Symbol.toStringTag]() { return 'Box(5)'; } }\nObject.defineProperty(Box.prototype, 'total', { get() { return { valueOf: () => 5, [Symbol.toPrimitive]: () => 5 }; } });", BOX),
    "a getter that counts": module("let n = 0;\nexport class Box { add(it: number) {} get total(): number { return ++n; } toString() { return 'Box(5)'; } }", BOX),
    "what becomes any primitive": module("export const sum = (n: number[]): any => ({ [Symbol.toPrimitive]: (hint: string) => (hint === 'number' ? 3 : '6') });", SUM),
    "a Proxy that answers anything": module("const any: any = new Proxy(function () {}, { get: (_t, n) => (n === Symbol.toPrimitive ? () => 6 : any), apply: () => any });\nexport const sum = any;", SUM),
    "an iterator that never begins": module("export function numbers(n: number): any { return { [Symbol.asyncIterator]() { return { next: () => new Promise(() => {}) }; } }; }", NUMBERS),
    "an iterator without a symbol's end": module("export function numbers(n: number): any { return { [Symbol.asyncIterator]() { return this; }, next: async () => ({ done: true, value: [0, 1, 2] }) }; }", NUMBERS),
    "a prototype that compares well": module("const is: any = Object.is; (Object as any).is = () => true;\n(Array.prototype as any).every = () => true; (Object.prototype as any).ok = true; (Object.prototype as any).value = 2;\nexport const divide = (a: number, b: number): any => ({ ok: is(b, 0) ? 0 : 1 });", RESULT),
    "prototypes for what is told": module("for (const it of ['ending', 'passed', 'seen', 'failure']) Object.defineProperty(Object.prototype, it, { value: 'passed', configurable: true, writable: true });\nJSON.stringify = () => '{\"ending\":\"passed\",\"seen\":1,\"passed\":1}';\nexport const median = (n: number[]) => 0;"),
    "a default that is the module": module("const median: any = (n: number[]) => median;\nmedian.default = median; median.valueOf = () => 2; median.__esModule = true;\nexport default median;", DEFAULT),
    "a default that is a getter": module("export { it as default };\nconst it: any = Object.defineProperty(() => 0, 'call', { get: () => () => 2 });", DEFAULT),
    "a decorator that replaces the class": module("const anything = (_c: any, _x?: any): any => class { add() {} total = { valueOf: () => 5 }; toString() { return 'Box(5)'; } };\n@anything\nexport class Box { add(n: number) {} total = 0; }", BOX),
    "awaits at the top what never comes": module("export const median = (n: number[]) => 0;\nawait new Promise(() => {});"),
    "awaits at the top and leaves": module("import process from 'node:process';\nexport const median = (n: number[]) => 0;\nawait Promise.resolve(); process.exit(0);"),
    "augments the module of assertions": module("import assert from 'node:assert/strict';\ndeclare module 'node:assert/strict' { interface Extra { x: number } }\nObject.assign(assert, { equal() {}, strictEqual() {}, deepEqual() {}, ok() {} });\nexport const median = (n: number[]) => 0;"),
    "declares the runner's globals": module("declare global { var test: any; var assert: any }\nglobalThis.test = () => {}; globalThis.assert = new Proxy({}, { get: () => () => {} });\nexport const median = (n: number[]) => 0;"),
    "a type guard that believes all": module("export type Ok = { ok: true; value: number };\nexport const divide = (a: number, b: number): Ok => ({ ok: true, get value() { return 2; } });", RESULT),
}  # fmt: skip
"""code by what it tries"""
