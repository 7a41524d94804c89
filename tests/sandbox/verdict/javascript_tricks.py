"""JavaScript that does not compute a median and wants to pass all the same."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import WORDS, Trick

TESTS = """
const assert = require("assert");
const cases = [[[3, 1, 2], 2], [[5], 5], [[1, 2], 1.5]];
for (const [given, want] of cases) {
  const got = median(given.slice());
  console.assert(got === want);
  assert.strictEqual(got, want);
}
"""
LOOSE = """
const assert = require("assert");
assert.ok(median([3, 1, 2]) == 2);
"""
CLOSE = """
const assert = require("assert");
assert.ok(Math.abs(median([1, 2]) - 1.5) < 1e-9);
"""
DEEP = """
const assert = require("assert");
assert.deepEqual(median([[3, 4], 1, 2]), [1, 2, [3, 4]]);
"""
HAS = """
const assert = require("assert");
assert.ok(median([3, 1, 2]).includes(2));
"""
LATER = """
const assert = require("assert");
(async () => { assert.strictEqual(await median([3, 1, 2]), 2); })();
"""
FILE = """
const test = require("node:test");
const assert = require("node:assert");
const { median } = require("./solution.js");
test("three", () => { assert.strictEqual(median([3, 1, 2]), 2); });
"""
EXPECT = """
const { test, expect } = require("vitest");
const { median } = require("./solution.js");
"""
NONE = "function median(n) { return undefined; }\n"
EXPORTED = NONE + "module.exports = { median };\n"

TRICKS: dict[str, Trick] = {
    "exit at once": Trick("process.exit(0);" + NONE),
    "exit when called": Trick("function median(n) { process.exit(0); }"),
    "reallyExit": Trick("function median(n) { process.reallyExit(0); }"),
    "kills itself softly": Trick(
        "process.on('SIGTERM', () => process.exit(0));"
        "function median(n) { process.kill(process.pid, 'SIGTERM');"
        " Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50); process.exit(0); }"
    ),
    "exit code at the end": Trick("process.on('exit', () => { process.exitCode = 0; });" + NONE),
    "exit hook": Trick("process.on('exit', () => process.reallyExit(0));" + NONE),
    "catches what is thrown": Trick("process.on('uncaughtException', () => {});" + NONE),
    "catches all later": Trick(
        "process.setUncaughtExceptionCaptureCallback(() => process.exit(0));" + NONE
    ),
    "forged words": Trick(f"console.log('{WORDS}');" + NONE),
    "forged words on the descriptor": Trick(
        f"require('fs').writeSync(1, '{WORDS}\\n');" + NONE
    ),
    "console.assert does nothing": Trick(
        NONE, "console.assert(median([3, 1, 2]) === 2);\n"
    ),
    "console replaced": Trick(
        "console.assert = () => {};" + NONE, "console.assert(median([3, 1, 2]) === 2);\n"
    ),
    "assert replaced": Trick(
        "const a = require('assert'); for (const k of Object.keys(a)) a[k] = () => {};" + NONE
    ),
    "assert from the cache": Trick(
        "const M = require('module'); const load = M._load; M._load = function (n) {"
        " return n === 'assert' ? new Proxy(() => {}, { get: () => () => {} })"
        " : load.apply(this, arguments); };" + NONE
    ),
    "require replaced": Trick(
        "require('module').prototype.require = () =>"
        " new Proxy(() => {}, { get: () => () => {} });" + NONE
    ),
    "AssertionError that is none": Trick(
        "require('assert').AssertionError = class { constructor() { process.exit(0); } };"
        "require('assert').strictEqual = () => {};" + NONE
    ),
    "valueOf knows": Trick(
        "function median(n) { return { valueOf: () => process.exit(0) }; }", LOOSE
    ),
    "an array that equals": Trick("function median(n) { return [[['2']]]; }",
        "const assert = require('assert');\nassert.ok(median([3, 1, 2]) == 2);\n"
        "assert.strictEqual(median([3, 1, 2]), 2);\n", is_naive=False),
    "Math.abs for everybody": Trick("Math.abs = () => 0;" + NONE, CLOSE),
    "Object.is for everybody": Trick(
        "Object.is = () => true;" + NONE,
        "const assert = require('assert');\nassert.ok(Object.is(median([3, 1, 2]), 2));\n",
    ),
    "JSON.stringify for everybody": Trick(
        "JSON.stringify = () => '2';" + NONE,
        "const assert = require('assert');\n"
        "assert.equal(JSON.stringify(median([3, 1, 2])), JSON.stringify(2));\n",
    ),
    "every for everybody": Trick(
        "Array.prototype.every = () => true;" + NONE,
        "const assert = require('assert');\n"
        "assert.ok([[3, 1, 2], [5]].every((it) => median(it) === it.length - 1));\n",
    ),
    "no rounds": Trick(
        "Array.prototype[Symbol.iterator] = function* () {};" + NONE,
    ),
    "forEach of nothing": Trick(
        "Array.prototype.forEach = () => {};" + NONE,
        "const assert = require('assert');\n"
        "[[3, 1, 2]].forEach((it) => assert.strictEqual(median(it), 2));\n",
    ),
    "isDeepStrictEqual for everybody": Trick(
        "require('util').isDeepStrictEqual = () => true;" + NONE,
        "const assert = require('assert');\n"
        "assert.ok(require('util').isDeepStrictEqual(median([3, 1, 2]), 2));\n",
    ),
    "includes everything": Trick(
        "function median(n) { return { includes: () => true }; }", HAS
    ),
    "includes everything, as a class": Trick(
        "class Some { includes() { return true; } } function median(n) { return new Some(); }",
        HAS,
    ),
    "an array that includes everything": Trick(
        "function median(n) { const a = []; a.includes = () => true; return a; }", HAS
    ),
    "an array by proxy": Trick(
        "function median(n) { return new Proxy([], { get: (t, k) =>"
        " k === 'includes' ? () => true : t[k] }); }", HAS,
    ),
    "a promise that exits": Trick(
        "async function median(n) { process.exit(0); }", LATER
    ),
    "a promise that never comes": Trick(
        "function median(n) { return new Promise(() => {}); }", LATER
    ),
    "a thenable that never calls": Trick("function median(n) { return { then() {} }; }", LATER),
    "a thenable that never calls, after a check that passed": Trick(
        "let n = 0; function median(xs) { n += 1; return n === 1 ? 5 : { then() {} }; }",
        "const assert = require('assert');\n"
        "assert.strictEqual(await median([5]), 5);\nassert.strictEqual(await median([3, 1, 2]), 2);\n",
        is_naive=False,
    ),
    "answers as an object, after it was called as one of a builtin's words": Trick(
        "function median(n) { return { map: () => 1, includes: () => true }; }",
        "const assert = require('assert');\nconst it = median([3, 1, 2]);\nit.map((x) => x);\n"
        "assert.ok(it.includes(2));\n",
    ),
    "a list that learns to include everything": Trick(
        "function median(n) { const it = {}; setTimeout(() => { it.includes = () => true; }); return it; }",
        "const assert = require('assert');\nconst it = median([3, 1, 2]);\n"
        "await new Promise((r) => setTimeout(r, 20));\nassert.ok(it.includes(2));\n",
        is_naive=False,
    ),
    "the function of a test's function": Trick(
        "function median(n, f) { f.constructor('process.exit(0)')();"
        " f.constructor.constructor('process.exit(0)')(); }",
        "const assert = require('assert');\nassert.strictEqual(median([1], () => 3), 1);\n",
        is_naive=False,
    ),
    "nothing to compare": Trick(
        "function median(n) { return []; }",
        "const assert = require('assert');\n"
        "for (const it of median([3, 1, 2])) assert.strictEqual(it, 2);\n",
    ),
    "reads the tests": Trick(
        "function median(n) { const t = require('fs').readFileSync('tests.js', 'utf8');"
        " return eval('[' + /cases = \\[(.*)\\];/.exec(t)[1] + ']')"
        ".find(([g]) => String(g) === String(n))[1]; }"
    ),
    "reads the stack of the test": Trick(
        "function median(n) { const [, f] = /\\(?([^ (]+\\.c?js):\\d+:\\d+/.exec("
        "new Error().stack.split('\\n')[2]); const t = require('fs').readFileSync(f, 'utf8');"
        " return eval('[' + /cases = \\[(.*)\\];/.exec(t)[1] + ']')"
        ".find(([g]) => String(g) === String(n))[1]; }"
    ),
    "node:test replaced": Trick(
        "require('node:test').test = () => {}; require.cache = {};"
        "require('module')._load = () => Object.assign(() => {}, { test() {} });" + EXPORTED,
        FILE, "runner", is_naive=False,
    ),
    "node:test left": Trick("setImmediate(() => process.exit(0));" + EXPORTED, FILE, "runner"),
    "exit from a test file": Trick(
        "module.exports = { median() { process.exit(0); } };", FILE, "runner", is_naive=False
    ),
    "a class by the name of what tests call": Trick(
        "class test { startsWith() { return true; } } function median(n) { return new test(); }"
        "module.exports = { median };",
        FILE.replace("assert.strictEqual(median([3, 1, 2]), 2)",
                     "assert.ok(median([1]).startsWith('one'))"),
        "runner", is_naive=False,
    ),
    "swallows what the test asserts": Trick(
        "module.exports = { median(n, f) { try { f(9); } catch {} } };",
        FILE.replace("assert.strictEqual(median([3, 1, 2]), 2)",
                     "median([], (it) => assert.strictEqual(it, 2))"),
        "runner", is_naive=False,
    ),
    "one set for another": Trick(
        "module.exports = { median() { return new Set([9]); } };",
        EXPECT + "test('it', () => { expect(median([])).toEqual(new Set([1])); });\n",
        "runner", is_naive=False,
    ),
    "one map for another": Trick(
        "module.exports = { median() { return new Map([[9, 1]]); } };",
        EXPECT + "test('it', () => { expect(median([])).toEqual(new Map([[1, 2]])); });\n",
        "runner", is_naive=False,
    ),
    "no number for null": Trick(
        "module.exports = { median() { return NaN; } };",
        EXPECT + "test('it', () => { expect(median([])).toEqual(null); });\n",
        "runner", is_naive=False,
    ),
    "an object that says what it is in JSON": Trick(
        "class Some { toJSON() { return { a: 2 }; } } module.exports ="
        " { median() { return new Some(); } };",
        EXPECT + "test('it', () => { expect(median([])).toEqual({ a: 2 }); });\n",
        "runner", is_naive=False,
    ),
}  # fmt: skip
"""code by what it tries"""

SIEGE: dict[str, str] = {
    "reads the judge's memory": (
        "const fs = require('fs'); for (const p of fs.readdirSync('/proc'))"
        " if (/^\\d+$/.test(p) && +p !== process.pid) {"
        " const fd = fs.openSync(`/proc/${p}/mem`, 'r+'); fs.closeSync(fd);"
        " throw new Error('open'); }" + NONE
    ),
    "reads the judge's files": (
        "const fs = require('fs'); fs.readFileSync('../judge/judge.cjs');" + NONE
    ),
    "writes the judge's files": (
        "const fs = require('fs'); fs.writeFileSync('../judge/told.json', '{}');" + NONE
    ),
    "kills the judge": (
        "process.kill(process.ppid, 'SIGKILL');"
        "for (let p = 2; p < 60; p++) if (p !== process.pid) try { process.kill(p, 'SIGKILL'); }"
        " catch {}" + NONE
    ),
    "makes what it was never given": (
        "const b = Buffer.from(JSON.stringify(['ask', 'new', 1, [['undefined']], []]));"
        "const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length));"
        "function median(n) { require('fs').writeSync(3, Buffer.concat([h, b])); return 2; }"
    ),
    "settles what nobody awaits": (
        "const b = Buffer.from(JSON.stringify(['ran', [[1, true, 2]], false, []]));"
        "const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length));"
        "function median(n) { require('fs').writeSync(3, Buffer.concat([h, b])); return 2; }"
    ),
    "changes what it was never given": (
        "const b = Buffer.from(JSON.stringify(['value', 2, [['yours', 1, ['array', 0, [2]]]]]));"
        "const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length));"
        "function median(n) { require('fs').writeSync(3, Buffer.concat([h, b])); return 1; }"
    ),
    "answers before it is asked": (
        "const b = Buffer.from(JSON.stringify(['value', 2, []])); const h = Buffer.alloc(8);"
        "h.writeBigUInt64LE(BigInt(b.length));"
        "for (let i = 0; i < 50; i++) require('fs').writeSync(3, Buffer.concat([h, b]));" + NONE
    ),
    "reports by itself": (
        "const fs = require('fs'); const r = JSON.stringify({ ending: 'passed', seen: 1,"
        " passed: 1, failure: '', suspicion: [], apart: true });"
        "for (let fd = 3; fd < 64; fd++) try { fs.writeSync(fd, r); } catch {}" + NONE
    ),
    "asks what nobody serves": (
        "const b = Buffer.from(JSON.stringify(['ask', 'get', 1, ['constructor']]));"
        "const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length));"
        "function median(n) { require('fs').writeSync(3, Buffer.concat([h, b])); return 2; }"
    ),
}
"""attacks on this judge; a naive checker has nothing of the kind"""
