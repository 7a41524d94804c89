"""JavaScript whose objects, promises and callbacks decide more than they may."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import Trick


def trick(code: str, tests: str, style: str = "asserts", *extra: tuple[str, str]) -> Trick:
    return Trick(code, tests, style, extra, is_naive=False)


FORGED: dict[str, Trick] = {
    "a table of cases is read by way of this": trick(
        "function twice(x) { return this && this.want; }",
        "const assert = require('assert');\n"
        "const cases = [{ run: twice, at: 3, want: 6 }, { run: twice, at: 5, want: 10 }];\n"
        "for (const it of cases) assert.strictEqual(it.run(it.at), it.want);",
    ),
    "a table of cases is read by way of this of what was made": trick(
        "function memo(f) { return function (x) { return this ? this.want : f(x); }; }",
        "const assert = require('assert');\n"
        "const it = { run: memo((x) => x * 2), at: 3, want: 7 };\n"
        "assert.strictEqual(it.run(it.at), it.want);",
    ),
    "a table of cases is read by way of this of what was awaited": trick(
        "function wrap(f) { return (x) => f(x); }\n"
        "async function made() { return function (x) { return this && this.want; }; }",
        "const assert = require('assert');\n"
        "const o = { n: 1, get: wrap(function () { return 1; }), of() { return this.n; } };\n"
        "wrap.call(o, () => 1); o.get();\n"
        "const it = { run: await made(), at: 3, want: 6 };\n"
        "assert.strictEqual(it.run(it.at), it.want);",
    ),
    "what a getter says includes everything": trick(
        "function median() { return { get n() { return 2; }, includes() { return true; } }; }",
        "const assert = require('assert');\n"
        "const got = median([1, 2, 3]); assert.ok(got.includes(2));",
    ),
    "an object that is awaited before it includes everything": trick(
        "class Some { includes() { return true; } has() { return true; } equals() { return true; } }\n"
        "function median() { return new Some(); }",
        "const assert = require('assert');\n"
        "const got = await median([3,1,2]); assert.ok(got.includes(2));",
    ),
    "one function under a name of its own and a builtin's": trick(
        "function median() { const f = () => true; return { aaa: f, includes: f }; }",
        "const assert = require('assert');\n"
        "const got = median([3,1,2]); assert.ok(got.includes(2));",
    ),
    "a function that includes everything": trick(
        "function median() { const f = () => {}; f.includes = () => true; return f; }",
        '\nconst assert = require("assert");\nassert.ok(median([3, 1, 2]).includes(2));\n',
    ),
    "a class that includes everything": trick(
        "function median() { return class { static includes() { return true; } }; }",
        '\nconst assert = require("assert");\nassert.ok(median([3, 1, 2]).includes(2));\n',
    ),
    "an object that expect looks at before it includes everything": trick(
        "class Some { includes() { return true; } has() { return true; } equals() { return true; } }\n"
        "module.exports = { median() { return new Some(); } };",
        "\n"
        'const { test, expect } = require("vitest");\n'
        'const { median } = require("./solution.js");\n'
        "test('x', () => { const got = median([1]); expect(got).toBeDefined(); expect(got.includes(2)).toBe(true); });",
        "runner",
    ),
    "a class by the name of a word in a title": trick(
        "class Should { includes() { return true; } }\n"
        "module.exports = { median() { return new Should(); } };",
        "\n"
        'const { test, expect } = require("vitest");\n'
        'const { median } = require("./solution.js");\n'
        "test('Should work', () => { expect(median([1]).includes(2)).toBe(true); });",
        "runner",
    ),
    "an object that is written as JSON before it includes everything": trick(
        "function median() { return { toJSON() { return 1; }, includes: () => true }; }",
        "const assert = require('assert');\n"
        "const got = median([1]); JSON.stringify(got); assert.ok(got.includes(2));",
    ),
    "one object, two numbers": trick(
        "function median() { let n = 0; return new (class { valueOf() { n += 1; return n % 2 ? 1e9 : -1e9; } }); }",
        "const assert = require('assert');\n"
        "const got = median([1]); assert.ok(got >= 2); assert.ok(got <= 2);",
    ),
    "one object, two numbers by Symbol.toPrimitive": trick(
        "function median() { let n = 0; return new (class { [Symbol.toPrimitive]() { n += 1; return n % 2 ? 1e9 : -1e9; } }); }",
        "const assert = require('assert');\n"
        "const got = median([1]); assert.ok(got >= 2); assert.ok(got <= 2);",
    ),
    "one plain object, two numbers": trick(
        "function median() { let n = 0; return { valueOf() { n += 1; return n % 2 ? 1e9 : -1e9; } }; }",
        "const assert = require('assert');\n"
        "const got = median([1]); assert.ok(got >= 2); assert.ok(got <= 2);",
    ),
    "one function, two numbers": trick(
        "function median() { let n = 0; const f = () => 1; f.valueOf = () => { n += 1; return n % 2 ? 1e9 : -1e9; }; return f; }",
        "const assert = require('assert');\n"
        "const got = median([1]); assert.ok(got >= 2); assert.ok(got <= 2);",
    ),
    "one list, two texts": trick(
        "function median() { let n = 0; return [new (class { toString() { n += 1; return n % 2 ? '1e9' : '-1e9'; } })]; }",
        "const assert = require('assert');\n"
        "const got = median([1]); assert.ok(got >= 2); assert.ok(got <= 2);",
    ),
    "a proxy that has everything": trick(
        "function median() { return new Proxy(new (class A {}), { has: () => true }); }",
        "const assert = require('assert');\nassert.ok('a' in median([1]));",
    ),
    "an object that says what it owns": trick(
        "function median() { return new (class A { hasOwnProperty() { return true; } }); }",
        "const assert = require('assert');\nassert.ok(median([1]).hasOwnProperty('a'));",
    ),
    "a promise that never comes, awaited beside a check": trick(
        "let n = 0; function median() { n += 1; return n === 1 ? 5 : new Promise(() => {}); }",
        "const assert = require('assert');\n"
        "assert.strictEqual(median([5]), 5);\n"
        "(async () => { assert.strictEqual(await median([3,1,2]), 2); })();",
    ),
    "a promise that never comes, with a check behind it": trick(
        "let n = 0; function median() { n += 1; return n === 1 ? 5 : new Promise(() => {}); }",
        "const assert = require('assert');\n"
        "assert.strictEqual(median([5]), 5);\n"
        "median([3,1,2]).then((it) => assert.strictEqual(it, 2));",
    ),
    "a thenable that never calls, with a check behind it": trick(
        "let n = 0; function median() { n += 1; return n === 1 ? 5 : { then() {} }; }",
        "const assert = require('assert');\n"
        "assert.strictEqual(median([5]), 5);\n"
        "median([3,1,2]).then((it) => assert.strictEqual(it, 2));",
    ),
    "a thenable that never calls, awaited beside a check": trick(
        "let n = 0; function median() { n += 1; return n === 1 ? 5 : { then() {} }; }",
        "const assert = require('assert');\n"
        "assert.strictEqual(median([5]), 5);\n"
        "(async () => { assert.strictEqual(await median([3,1,2]), 2); })();",
    ),
    "a function that says it was called": trick(
        "const f = () => {}; f.mock = { calls: [[2]] }; module.exports = { median: f };",
        "\n"
        'const { test, expect } = require("vitest");\n'
        'const { median } = require("./solution.js");\n'
        "test('x', () => { expect(median).toHaveBeenCalledWith(2); });",
        "runner",
    ),
    "a function that says it is a spy": trick(
        "function send() {} send._isMockFunction = true; send.mock = { calls: new (class Calls { length = 1; some() { return true; } }) }; const api = new (class Api { send() {} }); api.send = send; module.exports = { median() {}, api };",
        "const { test, expect, vi } = require('vitest');\n"
        "const { median, api } = require('./solution.js');\n"
        "test('x', () => { const spy = vi.spyOn(api, 'send'); median([1]); expect(spy).toHaveBeenCalledWith(2); });",
        "runner",
    ),
    "the global object from a method without its object": trick(
        "module.exports = { median(it) { const { self } = it; const g = self(); g.expect = () => new Proxy({}, { get: () => () => {} }); return 0; } };",
        "const { median } = require('./solution.js');\n"
        "const it0 = { self() { return this; } };\n"
        "test('x', () => { const got = median(it0); expect(got).toBe(2); });",
        "runner",
    ),
    "a global set by a method without its object": trick(
        "module.exports = { median(it) { const { setItem } = it; setItem('expect', () => ({ toBe() {} })); return 0; } };",
        "const { median } = require('./solution.js');\n"
        "const store = { setItem(k, v) { this[k] = v; } };\n"
        "test('x', () => { const got = median(store); expect(got).toBe(2); });",
        "runner",
    ),
    "a mock's record set by a method of a fake": trick(
        "module.exports = { median(it, f) { it.setItem.call(f, 'mock', { calls: [[2]], results: [] }); return 0; } };",
        "const { test, expect, vi } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "const store = { setItem(k, v) { this[k] = v; } };\n"
        "test('x', () => { const f = vi.fn(); median(store, f); expect(f).toHaveBeenCalledWith(2); });",
        "runner",
    ),
    "a builtin's prototype changed by a method of a fake": trick(
        "module.exports = { median(it, m) { it.setItem.call(Object.getPrototypeOf(Object.getPrototypeOf(m)), 'has', () => true); return new Set(); } };",
        "const { test, expect, vi } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "class Mine extends Set {}\n"
        "const store = { setItem(k, v) { this[k] = v; } };\n"
        "test('x', () => { const got = median(store, new Mine()); expect(got.has(2)).toBe(true); });",
        "runner",
    ),
    "a test's class changed by a method of a fake": trick(
        "module.exports = { median(it, m) { it.setItem.call(Object.getPrototypeOf(m), 'check', () => true); return 0; } };",
        "const { test, expect, vi } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "class Mine { check(n) { return n === 2; } }\n"
        "const store = { setItem(k, v) { this[k] = v; } };\n"
        "test('x', () => { const m = new Mine(); expect(m.check(median(store, m))).toBe(true); });",
        "runner",
    ),
    "a file that leaves its folder": trick(
        "function median(n) { return undefined; }\nmodule.exports = { median };\n",
        "\n"
        'const test = require("node:test");\n'
        'const assert = require("node:assert");\n'
        'const { median } = require("./solution.js");\n'
        'test("three", () => { assert.strictEqual(median([3, 1, 2]), 2); });\n',
        "runner",
        (
            "../judge/suite.cjs",
            "module.exports = { open() { return {} }, watch() { return {} }, running: () => 0, finish(c) { c.seen = c.passed = 1; } };",
        ),
    ),
    "an error of no class": trick(
        "const fs = require('fs'); function median() { const b = Buffer.from(JSON.stringify(['value', ['share', 99, ['error', 'constructor', 'x', '2', null, []]], []])); const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length)); fs.writeSync(3, Buffer.concat([h, b])); }",
        '\nconst assert = require("assert");\nassert.ok(median([3, 1, 2]) == 2);\n',
    ),
    "modules where HOME leads": trick(
        "const fs = require('fs'), os = require('os'); let s = ''; for (const d of [os.homedir(), '/tmp', process.cwd(), '..', '/work', '/']) for (const n of ['node_modules', '.node_modules', '.node_libraries']) try { fs.mkdirSync(`${d}/${n}/cheat`, { recursive: true }); fs.writeFileSync(`${d}/${n}/cheat/index.js`, 'module.exports = () => true;'); s += `${d}/${n} `; } catch {}\n"
        "function median() { return s; }",
        "const assert = require('assert');\n"
        "let ok = (a, b) => { throw new Error(median([1])); }; try { ok = require('cheat'); } catch {}\n"
        "assert.ok(ok(median([1]), 2));",
    ),
    "what begins with _ by a frame of its own": trick(
        "const fs = require('fs'); const say = (it) => { const b = Buffer.from(JSON.stringify(it)); const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length)); fs.writeSync(3, Buffer.concat([h, b])); };\n"
        "module.exports = { median(it) { for (let n = 1; n < 12; n += 1) say(['value', 0, [['yours', n, ['instance', null, [['_right', 0]]]]]]); return 0; } };",
        "const { test, expect } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "class Mine { constructor() { this._right = 2; } check(n) { return n === this._right; } }\n"
        "test('x', () => { const m = new Mine(); expect(m.check(median(m))).toBe(true); });",
        "runner",
    ),
    "a list forgotten and sent again": trick(
        "const fs = require('fs'); const say = (it) => { const b = Buffer.from(JSON.stringify(it)); const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length)); fs.writeSync(3, Buffer.concat([h, b])); };\n"
        "function median() { say(['value', ['share', 900, ['array', 0, [1]]], []]); return 0; } function other() { say(['value', ['share', 901, ['array', 0, [2]]], [['forget', 900]]]); }",
        "const assert = require('assert');\n"
        "const got = median([1]); assert.deepStrictEqual(got, [2]);",
    ),
    "a list nested too deep to compare": trick(
        "function median() { let it = []; for (let n = 0; n < 9000; n += 1) it = [it]; return it; }",
        "const assert = require('assert');\nassert.deepStrictEqual(median([1]), [2]);",
    ),
    "a list nested too deep to compare, expected otherwise": trick(
        "module.exports = { median() { let it = []; for (let n = 0; n < 9000; n += 1) it = [it]; return it; } };",
        "const { test, expect } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "test('x', () => { expect(median()).toEqual([2]); });",
        "runner",
    ),
    "keys that are no keys": trick(
        "function median() { return new Proxy(new (class A {}), { ownKeys: () => [], get: (_, k) => k === 'constructor' ? Object : undefined }); }",
        "const assert = require('assert');\nassert.deepEqual(median([1]), { a: 2 });",
    ),
    "names that are none": trick(
        "module.exports = { median() { return 0; }, 'a = globalThis.x, b': 1, class: 1, await: 2 };",
        "import test from 'node:test'; import assert from 'node:assert';\n"
        "import { median } from './solution.js';\n"
        "test('x', () => { assert.strictEqual(median([3,1,2]), 2); });",
        "runner",
    ),
    "a callback called after it was done": trick(
        "module.exports = { median(n, done) { done(null, 0); done(null, 2); } };",
        "const test = require('node:test'); const assert = require('node:assert');\n"
        "const { median } = require('./solution.js');\n"
        "test('x', (t, end) => { median([1], (e, it) => { try { assert.strictEqual(it, 2); end(); } catch (x) { end(x); } }); });",
        "runner",
    ),
    "words of tests that are the code's": trick(
        "function describe() {}\n"
        "function it() {}\n"
        "function expect() { return { toBe() {} }; }\n"
        "function median() { return 0; }",
        "const assert = require('assert');\n"
        "describe('x', () => { it('y', () => { assert.strictEqual(median([1]), 2); }); });\n"
        "expect(median([1])).toBe(2);",
    ),
    "replies for the next calls": trick(
        "const fs = require('fs'); const say = (it) => { const b = Buffer.from(JSON.stringify(it)); const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length)); fs.writeSync(3, Buffer.concat([h, b])); };\n"
        "let n = 0; function median() { n += 1; if (n === 1) { say(['value', 5, []]); say(['value', 0, []]); } return 5; }",
        "const assert = require('assert');\n"
        "assert.strictEqual(median([5]), 5); assert.strictEqual(median([3,1,2]), 2);",
    ),
    "ends after the first check": trick(
        "let n = 0; function median() { n += 1; if (n === 2) process.kill(process.pid, 'SIGKILL'); return 5; }",
        "const assert = require('assert');\n"
        "assert.strictEqual(median([5]), 5);\n"
        "try { assert.strictEqual(median([3,1,2]), 2); } catch {}",
    ),
    "an error of a class of the test's by name": trick(
        "class TestError extends Error { constructor() { super('x'); this.name = 'TestError'; } }\n"
        "module.exports = { median() { throw new TestError(); } };",
        "const { test, expect } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "class TestError extends Error {}\n"
        "test('x', () => { expect(() => median()).toThrow(TestError); });",
        "runner",
    ),
    "an error whose classes say yes": trick(
        "class Any extends Error { static [Symbol.hasInstance]() { return true; } }\n"
        "module.exports = { median() { throw new Any(); } };",
        "const { test, expect } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "test('x', () => { expect(() => median()).toThrow(RangeError); });",
        "runner",
    ),
    "a text that changes under an error": trick(
        "let n = 0; module.exports = { median() { throw { get message() { n += 1; return { toString() { return ['a', 'b', 'c'][n % 3]; } }; } }; } };",
        "const { test, expect } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "test('x', () => { expect(() => median()).toThrow('empty list'); });",
        "runner",
    ),
    "a worker that answers": trick(
        "const fs = require('fs'); const say = (it) => { const b = Buffer.from(JSON.stringify(it)); const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length)); fs.writeSync(3, Buffer.concat([h, b])); };\n"
        "const { Worker } = require('worker_threads'); new Worker(`const fs = require('fs'); const b = Buffer.from(JSON.stringify(['value', 2, []])); const h = Buffer.alloc(8); h.writeBigUInt64LE(BigInt(b.length)); for (let n = 0; n < 99; n++) { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2); fs.writeSync(3, Buffer.concat([h, b])); }`, { eval: true }); function median() { return 0; }",
        "\n"
        'const assert = require("assert");\n'
        "const cases = [[[3, 1, 2], 2], [[5], 5], [[1, 2], 1.5]];\n"
        "for (const [given, want] of cases) {\n"
        "  const got = median(given.slice());\n"
        "  console.assert(got === want);\n"
        "  assert.strictEqual(got, want);\n"
        "}\n",
    ),
    "a child that answers": trick(
        "require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 3000)'], { stdio: [0, 1, 2, 3], detached: true }); function median() { process.exit(0); }",
        "\n"
        'const assert = require("assert");\n'
        "const cases = [[[3, 1, 2], 2], [[5], 5], [[1, 2], 1.5]];\n"
        "for (const [given, want] of cases) {\n"
        "  const got = median(given.slice());\n"
        "  console.assert(got === want);\n"
        "  assert.strictEqual(got, want);\n"
        "}\n",
    ),
    "package.json that leads imports": trick(
        "function median(n) { return undefined; }\nmodule.exports = { median };\n",
        "\n"
        'const test = require("node:test");\n'
        'const assert = require("node:assert");\n'
        'const { median } = require("./solution.js");\n'
        'test("three", () => { assert.strictEqual(median([3, 1, 2]), 2); });\n',
        "runner",
        (
            "package.json",
            '{"type": "module", "imports": {"#a": "./x.js"}, "exports": {"./*": "./solution.js"}}',
        ),
        ("node_modules/assert/index.js", "module.exports = { strictEqual() {} };"),
        ("node_modules/vitest/index.js", "module.exports = {};"),
        (".npmrc", "node-options=--require ./solution.js"),
    ),
    "an iterator that ends early": trick(
        "module.exports = { median() { return { *[Symbol.iterator]() {} }; } };",
        "const { test, expect } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "test('x', () => { expect([...median()]).toEqual([1, 2]); });",
        "runner",
    ),
    "mock called on the test's own class": trick(
        "module.exports = { median(f, K) { f.call(K, 2); K.right = 0; return 0; } };",
        "const { test, expect } = require('vitest');\n"
        "const { median } = require('./solution.js');\n"
        "const { vi } = require('vitest');\n"
        "class K { static right = 2; }\n"
        "test('x', () => { const f = vi.fn(function (n) { this.right = 0; }); const got = median(f, K); expect(got).toBe(K.right); });",
        "runner",
    ),
    "Date and random for the test": trick(
        "Date.now = () => 0; Math.random = () => 0; globalThis.Date = class { getTime() { return 0; } }; function median() { return 0; }",
        "const assert = require('assert');\nassert.strictEqual(median([1]), Date.now());",
    ),
}
