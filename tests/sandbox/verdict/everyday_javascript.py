"""Everyday JavaScript and its tests, each with a mistake that the tests see."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

EVERYDAY: dict[str, Piece] = {
    "awaited callback": Piece(
        "async function map(xs, f) { const out = []; for (const x of xs) out.push(await f(x)); return out; }\n"
        "module.exports = { map };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { map } = require('./solution.js');\n"
        "test('a', async () => { assert.deepEqual(await map([1, 2], async (x) => x * 2), [2, 4]); });\n"
        "test('b', async () => { await assert.rejects(map([1], async () => { throw new Error('no'); }), /no/); });",
        ('await f(x)', 'await f(x + 1)'), style="runner",
    ),
    "promise from callback later": Piece(
        "async function retry(f, n, sleep) { for (let i = 0; ; i++) { try { return await f(); } catch (e) { if (i + 1 >= n) throw e; await sleep(2 ** i); } } }\n"
        "module.exports = { retry };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { retry } = require('./solution.js');\n"
        "test('a', async () => { const slept = []; let k = 0; const got = await retry(async () => { if (++k < 3) throw new Error('x'); return k; }, 5, async (ms) => { slept.push(ms); });\n"
        " assert.equal(got, 3); assert.deepEqual(slept, [1, 2]); });\n"
        "test('c', async () => { let n = 0; await assert.rejects(retry(() => new Promise((_, no) => setTimeout(() => no(new Error('late' + ++n)), 2)), 2, async () => {}), /late2/); });",
        ('2 ** i', '3 ** i'), style="runner",
    ),
    "class and getters": Piece(
        "class Cart { #items = []; add(name, price, qty = 1) { this.#items.push({ name, price, qty }); return this; } get total() { return this.#items.reduce((a, i) => a + i.price * i.qty, 0); } toJSON() { return { items: this.#items, total: this.total }; } *[Symbol.iterator]() { yield* this.#items; } static of(...xs) { const c = new Cart(); xs.forEach((x) => c.add(...x)); return c; } }\n"
        "module.exports = { Cart };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { Cart } = require('./solution.js');\n"
        "test('a', () => { const c = Cart.of(['a', 2, 3], ['b', 1]); assert.equal(c.total, 7); assert.deepEqual([...c].map((i) => i.name), ['a', 'b']); assert.equal(c.add('c', 1), c); assert.equal(JSON.parse(JSON.stringify(c.toJSON())).total, 8); assert.ok(c instanceof Cart); });",
        ('i.price * i.qty', 'i.price + i.qty'), style="runner",
    ),
    "clock": Piece(
        "class Ttl { constructor(ms, now = Date.now) { this.ms = ms; this.now = now; this.map = new Map(); } set(k, v) { this.map.set(k, [v, this.now()]); } get(k) { const e = this.map.get(k); return e && this.now() - e[1] < this.ms ? e[0] : undefined; } }\n"
        "module.exports = { Ttl };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { Ttl } = require('./solution.js');\n"
        "test('a', () => { let t = 0; const c = new Ttl(10, () => t); c.set('a', { x: 1 }); assert.deepEqual(c.get('a'), { x: 1 }); t = 11; assert.equal(c.get('a'), undefined); assert.equal(c.map.size, 1); });",
        ('< this.ms', '<= this.ms + 5'), style="runner",
    ),
    "functions taken back": Piece(
        """const listeners = new Set();
const order = [];
function on(f) { listeners.add(f); order.push(f); }
function off(f) { return listeners.delete(f); }
function emit(it) { for (const f of listeners) f(it); return listeners.size; }
function same(a, b) { return a === b; }
module.exports = { on, off, emit, same };
""",
        """const test = require("node:test");
const assert = require("node:assert");
const { on, off, emit, same } = require("./solution");
test("a listener that was taken back is not told", () => {
  const seen = [];
  const f = (it) => seen.push(it);
  on(f); on(f);
  assert.equal(emit(1), 1);
  assert.equal(off(f), true);
  assert.equal(emit(2), 0);
  assert.deepEqual(seen, [1]);
  assert.equal(same(f, f), true);
  assert.equal(same(f, () => 0), false);
});
""",
        ("listeners.delete(f)", "listeners.has(f)"), style="runner",
    ),
    "settled by what the test does next": Piece(
        """class Gate {
  #waiting = [];
  wait() { return new Promise((r) => this.#waiting.push(r)); }
  open(it) { const woken = this.#waiting.splice(0); for (const r of woken) r(it); return woken.length; }
}
module.exports = { Gate };
""",
        """const test = require("node:test");
const assert = require("node:assert");
const { Gate } = require("./solution");
test("who waits goes on once it is open", async () => {
  const gate = new Gate();
  const both = [gate.wait(), gate.wait()];
  assert.equal(gate.open("now"), 2);
  assert.deepEqual(await Promise.all(both), ["now", "now"]);
  const later = gate.wait();
  const seen = [];
  later.then((it) => seen.push(it));
  await new Promise((r) => setTimeout(r, 20));
  assert.deepEqual(seen, []);
  gate.open("then");
  assert.equal(await later, "then");
});
""",
        ("r(it)", "r()"), style="runner",
    ),
    "emitter": Piece(
        "const { EventEmitter } = require('node:events');\n"
        "class Store extends EventEmitter { constructor() { super(); this.state = {}; } set(k, v) { this.state[k] = v; this.emit('change', k, v); } }\n"
        "module.exports = { Store };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { Store } = require('./solution.js');\n"
        "test('a', () => { const s = new Store(); const got = []; s.on('change', (k, v) => got.push([k, v])); s.once('change', () => got.push('once')); s.set('a', 1); s.set('b', 2); assert.deepEqual(got, [['a', 1], 'once', ['b', 2]]); assert.deepEqual(s.state, { a: 1, b: 2 }); assert.equal(s.listenerCount('change'), 1); });",
        ('k, v); }', 'k, 1); }'), style="runner",
    ),
    "async iterator": Piece(
        "async function* pages(fetch) { let p = 1; for (;;) { const r = await fetch(p); yield* r.items; if (!r.next) return; p = r.next; } }\n"
        "module.exports = { pages };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { pages } = require('./solution.js');\n"
        "test('a', async () => { const asked = []; const data = { 1: { items: [1, 2], next: 2 }, 2: { items: [3] } }; const got = []; for await (const x of pages(async (p) => { asked.push(p); return data[p]; })) got.push(x); assert.deepEqual(got, [1, 2, 3]); assert.deepEqual(asked, [1, 2]); });",
        ('p = r.next', 'p = r.next + 0; yield 9'), style="runner",
    ),
    "mock.fn": Piece(
        "function once(f) { let done = false, v; return (...a) => done ? v : (done = true, v = f(...a)); }\n"
        "module.exports = { once };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { once } = require('./solution.js');\n"
        "test('a', () => { const f = mock.fn((x) => x + 1); const g = once(f); assert.equal(g(1), 2); assert.equal(g(5), 2); assert.equal(f.mock.callCount(), 1); assert.deepEqual(f.mock.calls[0].arguments, [1]); });",
        ('done ? v :', 'false ? v :'), style="runner",
    ),
    "error subclass": Piece(
        "class HttpError extends Error { constructor(status, msg, opts) { super(msg, opts); this.name = 'HttpError'; this.status = status; } get retry() { return this.status >= 500; } }\n"
        "function check(r) { if (r.status >= 400) throw new HttpError(r.status, `got ${r.status}`, { cause: r }); return r.body; }\n"
        "module.exports = { HttpError, check };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { HttpError, check } = require('./solution.js');\n"
        "test('a', () => { assert.throws(() => check({ status: 404 }), { name: 'HttpError', status: 404, message: 'got 404' }); assert.throws(() => check({ status: 500 }), HttpError); try { check({ status: 503 }); assert.fail('none'); } catch (e) { assert.ok(e instanceof HttpError); assert.ok(e instanceof Error); assert.equal(e.status, 503); assert.deepEqual(e.cause, { status: 503 }); } assert.equal(check({ status: 200, body: 'x' }), 'x'); });",
        ('status = status', 'status = status + 1'), style="runner",
    ),
    "map set date regexp bigint typed": Piece(
        "const group = (xs, f) => { const m = new Map(); for (const x of xs) { const k = f(x); if (!m.has(k)) m.set(k, []); m.get(k).push(x); } return m; };\n"
        "const uniq = (xs) => new Set(xs);\n"
        "const addDays = (d, n) => new Date(d.getTime() + n * 864e5);\n"
        "const words = (n) => new RegExp(`\\\\w{${n}}`, 'gi');\n"
        "const fact = (n) => n < 2n ? 1n : n * fact(n - 1n);\n"
        "const xor = (a, b) => a.map((v, i) => v ^ b[i]);\n"
        "module.exports = { group, uniq, addDays, words, fact, xor };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { group, uniq, addDays, words, fact, xor } = require('./solution.js');\n"
        "test('a', () => { assert.deepEqual(group([1, 2, 3], (x) => x % 2), new Map([[1, [1, 3]], [0, [2]]])); assert.deepEqual(uniq([1, 1, 2]), new Set([1, 2])); assert.equal(addDays(new Date('2024-02-28T00:00:00Z'), 2).toISOString(), '2024-03-01T00:00:00.000Z'); assert.equal('ab abc'.match(words(3)).length, 1); assert.equal(words(2).source, '\\\\w{2}'); assert.equal(fact(25n), 15511210043330985984000000n); assert.deepEqual(xor(Uint8Array.of(1, 2), Uint8Array.of(3, 3)), Uint8Array.of(2, 1)); });",
        ('864e5', '864e4'), style="runner",
    ),
    "promise tools": Piece(
        "async function pool(jobs, n) { const out = []; let i = 0; await Promise.all(Array.from({ length: n }, async () => { while (i < jobs.length) { const k = i++; out[k] = await jobs[k](); } })); return out; }\n"
        "const timeout = (p, ms) => Promise.race([p, new Promise((_, no) => setTimeout(() => no(new Error('timeout')), ms))]);\n"
        "module.exports = { pool, timeout };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { pool, timeout } = require('./solution.js');\n"
        "test('a', async () => { assert.deepEqual(await pool([1, 2, 3].map((x) => async () => x * 2), 2), [2, 4, 6]); });\n"
        "test('b', async () => { await assert.rejects(timeout(new Promise(() => {}), 5), /timeout/); assert.equal(await timeout(Promise.resolve(3), 500), 3); });\n"
        "test('c', async () => { const r = await Promise.allSettled([timeout(Promise.reject(new TypeError('t')), 50)]); assert.equal(r[0].status, 'rejected'); assert.ok(r[0].reason instanceof TypeError); });",
        ('out[k] =', 'out[0] ='), style="runner",
    ),
    "middleware": Piece(
        "const compose = (fs) => (ctx) => { const go = (i) => i < fs.length ? Promise.resolve(fs[i](ctx, () => go(i + 1))) : Promise.resolve(); return go(0); };\n"
        "module.exports = { compose };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { compose } = require('./solution.js');\n"
        "test('a', async () => { const log = []; await compose([async (c, next) => { log.push(1); await next(); log.push(4); }, async (c, next) => { log.push(2); await next(); log.push(3); }])({}); assert.deepEqual(log, [1, 2, 3, 4]); });",
        ('i + 1', 'i + 2'), style="runner",
    ),
    "hooks": Piece(
        "let n = 0; exports.inc = () => ++n; exports.reset = () => { n = 0; };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const s = require('./solution.js'); const { beforeEach } = require('node:test');\n"
        "describe('c', () => { beforeEach(() => s.reset()); it('a', () => { assert.equal(s.inc(), 1); assert.equal(s.inc(), 2); }); it('b', () => assert.equal(s.inc(), 1)); });",
        ('n = 0; }', 'n = 1; }'), style="runner",
    ),
    "files": Piece(
        "const fs = require('node:fs'); exports.lines = (p) => fs.readFileSync(p, 'utf8').trim().split('\\n').length;",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { lines } = require('./solution.js');\n"
        "const fs = require('fs'), os = require('os'), path = require('path');\n"
        "test('a', () => { const d = fs.mkdtempSync(path.join(os.tmpdir(), 'x')); const p = path.join(d, 'f'); fs.writeFileSync(p, 'a\\nb\\n'); assert.equal(lines(p), 2); assert.throws(() => lines(p + 'q'), { code: 'ENOENT' }); });",
        ('trim().', ''), style="runner",
    ),
    "memo weakmap": Piece(
        "const memo = (f) => { const m = new Map(); return (k) => m.has(k) ? m.get(k) : (m.set(k, f(k)), m.get(k)); };\n"
        "module.exports = { memo };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { memo } = require('./solution.js');\n"
        "test('a', () => { let calls = 0; const f = memo((k) => { calls++; return k * 2; }); assert.equal(f(2), 4); assert.equal(f(2), 4); assert.equal(calls, 1); });",
        ('m.has(k)', '!m.has(k) && false'), style="runner",
    ),
    "symbols and protocols": Piece(
        "class Range { constructor(a, b) { this.a = a; this.b = b; } *[Symbol.iterator]() { for (let i = this.a; i < this.b; i++) yield i; } [Symbol.toPrimitive](h) { return h === 'string' ? `${this.a}..${this.b}` : this.b - this.a; } get [Symbol.toStringTag]() { return 'Range'; } }\n"
        "module.exports = { Range };",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { Range } = require('./solution.js');\n"
        "test('a', () => { const r = new Range(1, 4); assert.deepEqual([...r], [1, 2, 3]); assert.equal(`${r}`, '1..4'); assert.equal(+r, 3); assert.equal(Object.prototype.toString.call(r), '[object Range]'); const [x, ...rest] = r; assert.equal(x, 1); assert.deepEqual(rest, [2, 3]); });",
        ('i < this.b', 'i <= this.b'), style="runner",
    ),
    "url and encoding": Piece(
        "exports.query = (o) => new URLSearchParams(Object.entries(o).filter(([, v]) => v != null)).toString();\n"
        "exports.parse = (u) => Object.fromEntries(new URL(u).searchParams);\n"
        "exports.b64 = (s) => Buffer.from(s).toString('base64url');",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { query, parse, b64 } = require('./solution.js');\n"
        "test('a', () => { assert.equal(query({ a: 1, b: null, c: 'x y' }), 'a=1&c=x+y'); assert.deepEqual(parse('http://h/?a=1&b=2'), { a: '1', b: '2' }); assert.equal(b64('hi?'), 'aGk_'); });",
        ('!= null', '!== 0'), style="runner",
    ),
    "abort signal": Piece(
        "exports.wait = (ms, signal) => new Promise((ok, no) => { const t = setTimeout(ok, ms, 'done'); signal?.addEventListener('abort', () => { clearTimeout(t); no(new Error('aborted')); }); });",
        "const { test, describe, it, mock } = require('node:test');\n"
        "const assert = require('node:assert/strict');\n"
        "const { wait } = require('./solution.js');\n"
        "test('a', async () => { assert.equal(await wait(1), 'done'); });",
        ("'done'", "'gone'"), style="runner",
    ),
}  # fmt: skip
