"""Everyday JavaScript and TypeScript that a judge with two processes can get wrong."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

JAVASCRIPT: dict[str, Piece] = {
    'fake client class': Piece(
        """class Orders { constructor(client) { this.client = client; } async total(id) { const o = await this.client.get('/orders/' + id); return o.lines.reduce((a, l) => a + l.qty * l.price, 0); } }
module.exports = { Orders };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Orders } = require('./solution');
class FakeClient { constructor(data) { this.data = data; this.calls = []; } async get(path) { this.calls.push(path); if (!(path in this.data)) throw new Error('404'); return this.data[path]; } }
test('a', async () => { const c = new FakeClient({ '/orders/1': { lines: [{ qty: 2, price: 3 }] } }); assert.equal(await new Orders(c).total(1), 6); assert.deepEqual(c.calls, ['/orders/1']); });
test('b', async () => { await assert.rejects(new Orders(new FakeClient({})).total(9), /404/); });""",
        ('l.qty * l.price', 'l.qty + l.price'), style="runner",
    ),
    'fake clock object': Piece(
        """class RateLimiter { constructor(n, ms, clock) { this.n = n; this.ms = ms; this.clock = clock; this.hits = []; } allow() { const now = this.clock.now(); this.hits = this.hits.filter((t) => now - t < this.ms); if (this.hits.length >= this.n) return false; this.hits.push(now); return true; } }
module.exports = { RateLimiter };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { RateLimiter } = require('./solution');
class FakeClock { #t = 0; now() { return this.#t; } advance(ms) { this.#t += ms; } }
test('a', () => { const clock = new FakeClock(); const r = new RateLimiter(2, 100, clock); assert.ok(r.allow()); assert.ok(r.allow()); assert.equal(r.allow(), false); clock.advance(100); assert.ok(r.allow()); });
test('lit', () => { const clock = { t: 0, now() { return this.t; } }; const r = new RateLimiter(1, 10, clock); assert.ok(r.allow()); assert.ok(!r.allow()); clock.t += 11; assert.ok(r.allow()); });""",
        ('< this.ms', '<= this.ms'), style="runner",
    ),
    'argument changed after await': Piece(
        """async function enrich(order, fetchPrice) { for (const l of order.lines) { l.price = await fetchPrice(l.sku); } order.done = true; }
module.exports = { enrich };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { enrich } = require('./solution');
test('a', async () => { const order = { lines: [{ sku: 'a' }, { sku: 'b' }] }; await enrich(order, async (s) => s === 'a' ? 1 : 2); assert.deepEqual(order, { lines: [{ sku: 'a', price: 1 }, { sku: 'b', price: 2 }], done: true }); });""",
        ('order.done = true', 'order.done = 1'), style="runner",
    ),
    'abort signal': Piece(
        """function wait(ms, { signal } = {}) { return new Promise((res, rej) => { if (signal?.aborted) return rej(signal.reason); const t = setTimeout(res, ms, 'done'); signal?.addEventListener('abort', () => { clearTimeout(t); rej(signal.reason); }, { once: true }); }); }
module.exports = { wait };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { wait } = require('./solution');
test('a', async () => { const c = new AbortController(); const p = wait(10000, { signal: c.signal }); c.abort(new Error('stop')); await assert.rejects(p, /stop/); });
test('b', async () => { await assert.rejects(wait(5, { signal: AbortSignal.abort() }), { name: 'AbortError' }); assert.equal(await wait(1), 'done'); });
test('c', async () => { await assert.rejects(wait(5000, { signal: AbortSignal.timeout(5) }), { name: 'TimeoutError' }); });""",
        ('if (signal?.aborted) return rej(signal.reason);', ''), style="runner",
    ),
    'event emitter argument': Piece(
        """function audit(bus, log) { bus.on('order', (o) => { log.push(o.id); if (o.total > 100) bus.emit('big', o); }); }
module.exports = { audit };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const EventEmitter = require('node:events');
const { audit } = require('./solution');
test('a', () => { const bus = new EventEmitter(); const log = [], big = []; bus.on('big', (o) => big.push(o.id)); audit(bus, log); bus.emit('order', { id: 1, total: 5 }); bus.emit('order', { id: 2, total: 500 }); assert.deepEqual(log, [1, 2]); assert.deepEqual(big, [2]); });""",
        ("bus.emit('big', o)", "bus.emit('big', {})"), style="runner",
    ),
    'async iterator of test': Piece(
        """async function collect(pages, max) { const out = []; for await (const page of pages) { for (const x of page) { if (out.length === max) return out; out.push(x); } } return out; }
module.exports = { collect };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { collect } = require('./solution');
test('a', async () => { let closed = false; async function* pages() { try { yield [1, 2]; yield [3, 4]; yield [5]; } finally { closed = true; } } assert.deepEqual(await collect(pages(), 3), [1, 2, 3]); assert.ok(closed); });
test('b', async () => { const it = { async *[Symbol.asyncIterator]() { yield ['x']; } }; assert.deepEqual(await collect(it, 9), ['x']); });""",
        ('=== max', '> max'), style="runner",
    ),
    'generators and iterables': Piece(
        """function* chunk(xs, n) { let b = []; for (const x of xs) { b.push(x); if (b.length === n) { yield b; b = []; } } if (b.length) yield b; }
module.exports = { chunk };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { chunk } = require('./solution');
test('a', () => { assert.deepEqual([...chunk([1, 2, 3], 2)], [[1, 2], [3]]); function* nat() { let i = 0; while (true) yield i++; } const g = chunk(nat(), 2); assert.deepEqual(g.next(), { value: [0, 1], done: false }); assert.deepEqual(g.next().value, [2, 3]); assert.deepEqual(g.return(7), { value: 7, done: true }); assert.deepEqual([...chunk(new Set([1, 2]), 5)], [[1, 2]]); });""",
        ('if (b.length) yield b;', ''), style="runner",
    ),
    'identity of what is kept': Piece(
        """class Lru { constructor(n) { this.n = n; this.m = new Map(); } get(k) { if (!this.m.has(k)) return undefined; const v = this.m.get(k); this.m.delete(k); this.m.set(k, v); return v; } set(k, v) { this.m.delete(k); this.m.set(k, v); if (this.m.size > this.n) this.m.delete(this.m.keys().next().value); } get size() { return this.m.size; } }
module.exports = { Lru };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Lru } = require('./solution');
test('a', () => { const c = new Lru(2); const u = { id: 1 }; c.set('a', u); c.set('b', 2); assert.strictEqual(c.get('a'), u); c.set('c', 3); assert.equal(c.get('b'), undefined); assert.equal(c.size, 2); const key = {}; c.set(key, 'k'); assert.equal(c.get(key), 'k'); assert.equal(c.get({}), undefined); });""",
        ('const v = this.m.get(k); this', 'const v = structuredClone(this.m.get(k)); this'), style="runner",
    ),
    'memo gives the same object': Piece(
        """function memo(f, key = (...a) => JSON.stringify(a)) { const m = new Map(); return function (...a) { const k = key(...a); if (!m.has(k)) m.set(k, f.apply(this, a)); return m.get(k); }; }
function selectActive(users) { return users.filter((u) => u.active); }
module.exports = { memo, selectActive };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { memo, selectActive } = require('./solution');
test('a', () => { let n = 0; const f = memo((x) => { n++; return { x }; }); const a = f(1); assert.strictEqual(f(1), a); assert.notStrictEqual(f(2), a); assert.equal(n, 2); });
test('b', () => { const us = [{ active: true }, { active: false }]; assert.strictEqual(selectActive(us)[0], us[0]); });""",
        ('return m.get(k)', 'return { ...m.get(k) }'), style="runner",
    ),
    'store with subscribe': Piece(
        """function createStore(reducer, init) { let state = init; const subs = new Set(); return { getState: () => state, dispatch(a) { const next = reducer(state, a); if (next !== state) { state = next; subs.forEach((f) => f(state)); } return a; }, subscribe(f) { subs.add(f); return () => subs.delete(f); } }; }
module.exports = { createStore };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { createStore } = require('./solution');
test('a', () => { const s = createStore((st, a) => a.type === 'inc' ? { n: st.n + 1 } : st, { n: 0 }); const seen = []; const off = s.subscribe((x) => seen.push(x.n)); const before = s.getState(); s.dispatch({ type: 'noop' }); assert.strictEqual(s.getState(), before); s.dispatch({ type: 'inc' }); off(); s.dispatch({ type: 'inc' }); assert.deepEqual(seen, [1]); assert.deepEqual(s.getState(), { n: 2 }); });""",
        ('next !== state', 'true'), style="runner",
    ),
    'this of a returned object': Piece(
        """function counter(start) { return { n: start, inc(by = 1) { this.n += by; return this; }, get double() { return this.n * 2; } }; }
module.exports = { counter };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { counter } = require('./solution');
test('a', () => { const c = counter(1); c.inc().inc(3); assert.equal(c.n, 5); assert.equal(c.double, 10); });""",
        ('this.n * 2', 'this.n + 2'), style="runner",
    ),
    'error subclasses': Piece(
        """class AppError extends Error { constructor(m, o) { super(m, o); this.name = this.constructor.name; } get isApp() { return true; } toJSON() { return { name: this.name, message: this.message }; } }
class NotFound extends AppError { constructor(what) { super(`${what} not found`); this.status = 404; this.what = what; } }
async function find(id, repo) { try { const u = await repo.get(id); if (!u) throw new NotFound('user ' + id); return u; } catch (e) { if (e instanceof AppError) throw e; throw new AppError('db', { cause: e }); } }
module.exports = { AppError, NotFound, find };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { AppError, NotFound, find } = require('./solution');
test('a', async () => { await assert.rejects(find(1, { get: async () => null }), (e) => e instanceof NotFound && e instanceof AppError && e instanceof Error && e.status === 404 && e.isApp && e.what === 'user 1'); const boom = new RangeError('x'); await assert.rejects(find(1, { get: async () => { throw boom; } }), (e) => { assert.equal(e.name, 'AppError'); assert.strictEqual(e.cause, boom); return true; }); const e = new NotFound('a'); assert.equal(e.message, 'a not found'); assert.equal(JSON.stringify(e), '{"name":"NotFound","message":"a not found"}'); assert.ok(e.stack.includes('NotFound')); });""",
        ('{ cause: e }', '{ cause: 1 }'), style="runner",
    ),
    "test's own error class": Piece(
        """async function retry(f, { times = 3, retryOn = [Error], sleep = async () => {} } = {}) { for (let i = 1; ; i++) { try { return await f(i); } catch (e) { if (i >= times || !retryOn.some((K) => e instanceof K)) throw e; await sleep(2 ** i * 10); } } }
module.exports = { retry };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { retry } = require('./solution');
class NetErr extends Error { constructor(code) { super('net ' + code); this.code = code; } }
test('a', async () => { const slept = []; let n = 0; const r = await retry(async () => { if (++n < 3) throw new NetErr(n); return 'ok'; }, { retryOn: [NetErr], sleep: async (ms) => { slept.push(ms); } }); assert.equal(r, 'ok'); assert.deepEqual(slept, [20, 40]); n = 0; const bad = new TypeError('bad'); await assert.rejects(retry(async () => { n++; throw bad; }, { retryOn: [NetErr] }), (e) => e === bad); assert.equal(n, 1); await assert.rejects(retry(() => Promise.reject(new NetErr(7)), { times: 2 }), { code: 7, message: 'net 7' }); });""",
        ('e instanceof K', "K.name === 'x'"), style="runner",
    ),
    'circuit breaker': Piece(
        """class CircuitBreaker { constructor(fn, { threshold = 3, resetMs = 1000, now = Date.now } = {}) { this.fn = fn; this.threshold = threshold; this.resetMs = resetMs; this.now = now; this.failures = 0; this.state = 'closed'; } async call(...args) { if (this.state === 'open') { if (this.now() - this.openedAt < this.resetMs) throw new Error('circuit open'); this.state = 'half-open'; } try { const r = await this.fn(...args); this.failures = 0; this.state = 'closed'; return r; } catch (e) { this.failures++; if (this.state === 'half-open' || this.failures >= this.threshold) { this.state = 'open'; this.openedAt = this.now(); } throw e; } } }
module.exports = { CircuitBreaker };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { CircuitBreaker } = require('./solution');
test('a', async () => { let t = 0, fail = true, calls = 0; const fn = async (x) => { calls++; if (fail) throw new Error('down'); return x * 2; }; const cb = new CircuitBreaker(fn, { threshold: 2, resetMs: 100, now: () => t }); await assert.rejects(cb.call(1), /down/); await assert.rejects(cb.call(1), /down/); assert.equal(cb.state, 'open'); await assert.rejects(cb.call(1), /circuit open/); assert.equal(calls, 2); t = 150; fail = false; assert.equal(await cb.call(4), 8); assert.equal(cb.state, 'closed'); });
test('b', async () => { const cb = new CircuitBreaker(() => new Promise((r) => setTimeout(r, 5, 'late'))); assert.deepEqual(await Promise.all([cb.call(), cb.call()]), ['late', 'late']); });""",
        ('this.failures++', 'this.failures += 2'), style="runner",
    ),
    'batcher': Piece(
        """class Batcher { constructor(load) { this.load = load; this.queue = []; } get(key) { return new Promise((resolve, reject) => { this.queue.push({ key, resolve, reject }); if (this.queue.length === 1) queueMicrotask(() => this.flush()); }); } async flush() { const q = this.queue; this.queue = []; try { const vs = await this.load(q.map((x) => x.key)); q.forEach((x, i) => vs[i] instanceof Error ? x.reject(vs[i]) : x.resolve(vs[i])); } catch (e) { q.forEach((x) => x.reject(e)); } } }
module.exports = { Batcher };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Batcher } = require('./solution');
test('a', async () => { const calls = []; const b = new Batcher(async (ks) => { calls.push(ks); return ks.map((k) => k * 10); }); assert.deepEqual(await Promise.all([b.get(1), b.get(2), b.get(3)]), [10, 20, 30]); assert.deepEqual(calls, [[1, 2, 3]]); assert.equal(await b.get(4), 40); assert.equal(calls.length, 2); });
test('b', async () => { const b = new Batcher(async () => { throw new Error('db'); }); const rs = await Promise.allSettled([b.get(1), b.get(2)]); assert.deepEqual(rs.map((r) => r.reason.message), ['db', 'db']); });
test('c', async () => { const b = new Batcher(async (ks) => ks.map((k) => k < 0 ? new RangeError('neg') : k)); const one = b.get(1); await assert.rejects(b.get(-1), RangeError); assert.equal(await one, 1); });""",
        ('this.queue.length === 1', 'this.queue.length'), style="runner",
    ),
    'debounce with mock timers': Piece(
        """function debounce(f, ms) { let t; return (...a) => { clearTimeout(t); t = setTimeout(() => f(...a), ms); }; }
module.exports = { debounce };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { debounce } = require('./solution');
test('a', (t) => { t.mock.timers.enable({ apis: ['setTimeout'] }); const f = t.mock.fn(); const d = debounce(f, 100); d(1); t.mock.timers.tick(50); d(2); t.mock.timers.tick(99); assert.equal(f.mock.callCount(), 0); t.mock.timers.tick(1); assert.equal(f.mock.callCount(), 1); assert.deepEqual(f.mock.calls[0].arguments, [2]); });""",
        ('clearTimeout(t);', ''), style="runner",
    ),
    'mock date': Piece(
        """class Session { constructor(ttl) { this.ttl = ttl; this.born = Date.now(); this.at = new Date(); } get alive() { return Date.now() - this.born < this.ttl; } }
module.exports = { Session };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Session } = require('./solution');
test('a', (t) => { t.mock.timers.enable({ apis: ['Date'], now: 1000 }); const s = new Session(50); assert.ok(s.alive); assert.equal(s.at.getTime(), 1000); t.mock.timers.setTime(1051); assert.equal(s.alive, false); });""",
        ('< this.ttl', '<= this.ttl + 9'), style="runner",
    ),
    'timer calls the test while it sleeps': Piece(
        """class Queue { constructor(work) { this.work = work; this.items = []; } push(x) { this.items.push(x); if (!this.timer) this.timer = setTimeout(() => { this.timer = null; const xs = this.items; this.items = []; this.work(xs); }, 5); } }
module.exports = { Queue };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Queue } = require('./solution');
test('a', async () => { const got = []; const q = new Queue((xs) => got.push(xs)); q.push(1); q.push(2); assert.deepEqual(got, []); await new Promise((r) => setTimeout(r, 60)); assert.deepEqual(got, [[1, 2]]); });""",
        ('this.work(xs)', 'this.work(xs.slice(1))'), style="runner",
    ),
    'mock global fetch': Piece(
        """async function getUser(id) { const r = await fetch(`https://api.test/users/${id}`, { headers: { accept: 'application/json' } }); if (!r.ok) throw new Error('HTTP ' + r.status); return r.json(); }
module.exports = { getUser };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { getUser } = require('./solution');
test('a', async (t) => { const f = t.mock.method(globalThis, 'fetch', async (url) => url.endsWith('/1') ? new Response(JSON.stringify({ id: 1 }), { status: 200 }) : new Response('', { status: 404 })); assert.deepEqual(await getUser(1), { id: 1 }); await assert.rejects(getUser(2), /HTTP 404/); assert.equal(f.mock.calls.length, 2); assert.equal(f.mock.calls[0].arguments[1].headers.accept, 'application/json'); });
test('b', async () => { const old = globalThis.fetch; globalThis.fetch = async () => ({ ok: true, json: async () => ({ a: 1 }) }); try { assert.deepEqual(await getUser(3), { a: 1 }); } finally { globalThis.fetch = old; } });""",
        ('!r.ok', 'r.ok === 1'), style="runner",
    ),
    'injected fetch and headers': Piece(
        """class Api { constructor({ fetch, base, token }) { this.fetch = fetch; this.base = base; this.token = token; } async post(path, body) { const res = await this.fetch(new URL(path, this.base), { method: 'POST', headers: new Headers({ authorization: 'Bearer ' + this.token }), body: JSON.stringify(body) }); return { status: res.status, type: res.headers.get('content-type'), data: await res.json() }; } }
module.exports = { Api };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Api } = require('./solution');
test('a', async () => { const seen = []; const fetch = async (url, init) => { seen.push([String(url), init.method, init.headers.get('authorization'), JSON.parse(init.body)]); return Response.json({ ok: 1 }, { status: 201 }); }; const r = await new Api({ fetch, base: 'https://x.test', token: 't' }).post('/a', { b: 2 }); assert.deepEqual(r, { status: 201, type: 'application/json', data: { ok: 1 } }); assert.deepEqual(seen, [['https://x.test/a', 'POST', 'Bearer t', { b: 2 }]]); });""",
        ("'Bearer ' + ", ''), style="runner",
    ),
    'values of all kinds': Piece(
        """module.exports = { same: (x) => x, sum: (xs) => xs.reduce((a, b) => a + b, 0n), bytes: (b) => new Uint8Array(b).map((x) => x ^ 255), invert: (m) => new Map([...m].map(([k, v]) => [v, k])), day: (d) => new Date(d.getTime() + 864e5), hex: (b) => b.toString('hex'), sym: Symbol('a'), none: null, isDate: (d) => d instanceof Date, url: (u) => u.searchParams.get('q'), kinds: { A: 1, B: 'x' } };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const s = require('./solution');
test('a', () => { assert.equal(s.sum([1n, 2n]), 3n); assert.deepEqual(s.bytes(new Uint8Array([0, 1])), new Uint8Array([255, 254])); assert.deepEqual(s.invert(new Map([['a', 1]])), new Map([[1, 'a']])); assert.deepEqual(s.day(new Date(0)), new Date(864e5)); assert.equal(s.hex(Buffer.from('ab')), '6162'); assert.equal(typeof s.sym, 'symbol'); assert.ok(Object.is(s.same(-0), -0)); assert.deepEqual(s.same([, 1]), [, 1]); assert.ok(s.isDate(new Date())); assert.equal(s.url(new URL('http://a.test/?q=1')), '1'); assert.equal(s.kinds.B, 'x'); assert.equal(s.none, null); assert.ok(/a/i.test(s.same('A'))); assert.deepEqual(s.same(new Set([1, [2]])), new Set([1, [2]])); });""",
        ('[v, k]', '[k, v]'), style="runner",
    ),
    'class hierarchy extended by the test': Piece(
        """class Shape { area() { throw new Error('abstract'); } describe() { return `${this.constructor.name} ${this.area().toFixed(1)}`; } }
class Square extends Shape { constructor(a) { super(); this.a = a; } area() { return this.a ** 2; } }
const total = (xs) => xs.reduce((s, x) => s + x.area(), 0);
module.exports = { Shape, Square, total };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Shape, Square, total } = require('./solution');
class Circle extends Shape { constructor(r) { super(); this.r = r; } area() { return 3 * this.r ** 2; } }
test('a', () => { assert.equal(new Square(2).describe(), 'Square 4.0'); const c = new Circle(2); assert.equal(c.area(), 12); assert.equal(c.describe(), 'Circle 12.0'); assert.equal(total([c, new Square(1)]), 13); assert.ok(c instanceof Shape && c instanceof Circle); assert.throws(() => new Shape().area(), /abstract/); });""",
        ('this.constructor.name', "'Shape'"), style="runner",
    ),
    'di container': Piece(
        """class Container { constructor() { this.f = new Map(); this.s = new Map(); } register(n, K, deps = []) { this.f.set(n, { K, deps }); return this; } get(n) { if (!this.f.has(n)) throw new Error(`unknown ${n}`); if (!this.s.has(n)) { const { K, deps } = this.f.get(n); this.s.set(n, new K(...deps.map((d) => this.get(d)))); } return this.s.get(n); } }
module.exports = { Container };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Container } = require('./solution');
class Repo { all() { return [1, 2]; } }
class Svc { constructor(repo) { this.repo = repo; } count() { return this.repo.all().length; } }
test('a', () => { const c = new Container().register('repo', Repo).register('svc', Svc, ['repo']); assert.equal(c.get('svc').count(), 2); assert.strictEqual(c.get('svc'), c.get('svc')); assert.ok(c.get('svc') instanceof Svc); assert.strictEqual(c.get('svc').repo, c.get('repo')); assert.throws(() => c.get('x'), /unknown x/); });""",
        ('return this.s.get(n)', 'return this.f.get(n)'), style="runner",
    ),
    'middleware pipeline': Piece(
        """function compose(ms) { return (ctx) => { let i = -1; const go = async (n) => { if (n <= i) throw new Error('next() called twice'); i = n; const m = ms[n]; if (m) await m(ctx, () => go(n + 1)); }; return go(0); }; }
module.exports = { compose };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { compose } = require('./solution');
test('a', async () => { const log = []; const ctx = { user: null }; await compose([async (c, next) => { log.push(1); await next(); log.push(4); }, async (c, next) => { c.user = 'x'; log.push(2); await next(); log.push(3); }])(ctx); assert.deepEqual(log, [1, 2, 3, 4]); assert.equal(ctx.user, 'x'); await assert.rejects(compose([async (c, n) => { await n(); await n(); }])({}), /twice/); });""",
        ('if (n <= i)', 'if (n < 0)'), style="runner",
    ),
    'streams': Piece(
        """const { Transform, Readable } = require('node:stream');
class Lines extends Transform { constructor() { super({ readableObjectMode: true }); this.rest = ''; } _transform(c, e, cb) { const parts = (this.rest + c).split('\\n'); this.rest = parts.pop(); parts.forEach((l) => this.push(l)); cb(); } _flush(cb) { if (this.rest) this.push(this.rest); cb(); } }
async function count(stream) { let n = 0; for await (const c of stream) n += c.length; return n; }
module.exports = { Lines, count };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Lines, count } = require('./solution');
const { Readable } = require('node:stream');
test('a', async () => { const l = new Lines(); const got = []; l.on('data', (x) => got.push(x)); l.write('a\\nb'); l.end('c\\nd'); await new Promise((r) => l.on('end', r)); assert.deepEqual(got, ['a', 'bc', 'd']); assert.equal(await count(Readable.from(['ab', 'c'])), 3); });""",
        ('if (this.rest) this.push(this.rest);', ''), style="runner",
    ),
    'does not change its input': Piece(
        """'use strict';
function sortBy(xs, key) { return [...xs].sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0); }
function deepFreeze(o) { Object.values(o).forEach((v) => typeof v === 'object' && v && deepFreeze(v)); return Object.freeze(o); }
module.exports = { sortBy, deepFreeze };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { sortBy, deepFreeze } = require('./solution');
test('a', () => { const xs = Object.freeze([{ a: 2 }, { a: 1 }]); assert.deepEqual(sortBy(xs, (x) => x.a), [{ a: 1 }, { a: 2 }]); assert.equal(xs[0].a, 2); const o = deepFreeze({ a: { b: 1 } }); assert.ok(Object.isFrozen(o) && Object.isFrozen(o.a)); });""",
        ('[...xs]', 'xs'), style="runner",
    ),
    'big arrays': Piece(
        """function sortInPlace(xs) { return xs.sort((a, b) => a - b); }
module.exports = { sortInPlace };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { sortInPlace } = require('./solution');
test('a', () => { const xs = Array.from({ length: 200000 }, (_, i) => (i * 7919) % 200003); assert.strictEqual(sortInPlace(xs), xs); for (let i = 1; i < xs.length; i++) if (xs[i - 1] > xs[i]) assert.fail('order'); });""",
        ('a - b', 'b - a'), style="runner",
    ),
    'unit of work with logger': Piece(
        """class Uow { constructor(db, log = console) { this.db = db; this.log = log; } async run(f) { const tx = await this.db.begin(); try { const r = await f(tx); await tx.commit(); this.log.info('committed'); return r; } catch (e) { await tx.rollback(); this.log.error(`rolled back: ${e.message}`); throw e; } } }
module.exports = { Uow };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { Uow } = require('./solution');
test('a', async () => { const log = []; const tx = { async commit() { log.push('commit'); }, async rollback() { log.push('rollback'); }, rows: [], insert(r) { this.rows.push(r); return this.rows.length; } }; const db = { begin: mock.fn(async () => tx) }; const logger = { info: (m) => log.push(m), error: (m) => log.push(m) }; const u = new Uow(db, logger); assert.equal(await u.run(async (t) => { assert.strictEqual(t, tx); return t.insert({ a: 1 }); }), 1); await assert.rejects(u.run(async () => { throw new Error('no'); }), /no/); assert.deepEqual(log, ['commit', 'committed', 'rollback', 'rolled back: no']); assert.deepEqual(tx.rows, [{ a: 1 }]); assert.equal(db.begin.mock.callCount(), 2); });""",
        ('await tx.rollback();', ''), style="runner",
    ),
    'mocked console and random': Piece(
        """function pick(xs) { console.warn('picking'); return xs[Math.floor(Math.random() * xs.length)]; }
module.exports = { pick };
""",
        """const { test, mock } = require('node:test');
const assert = require('node:assert/strict');
const { pick } = require('./solution');
test('a', (t) => { const w = t.mock.method(console, 'warn', () => {}); t.mock.method(Math, 'random', () => 0.5); assert.equal(pick(['a', 'b', 'c']), 'b'); assert.equal(w.mock.callCount(), 1); assert.deepEqual(w.mock.calls[0].arguments, ['picking']); });""",
        ("console.warn('picking');", ''), style="runner",
    ),
}  # fmt: skip
"""fakes, clocks, identity, what goes on by itself"""

TYPESCRIPT: dict[str, Piece] = {
    'vitest fn': Piece(
        """export async function notify(users: { id: number; email?: string }[], send: (to: string, body: string) => Promise<void>, log: { warn(m: string): void }) { let n = 0; for (const u of users) { if (!u.email) { log.warn(`no email for ${u.id}`); continue; } await send(u.email, 'hi'); n++; } return n; }
""",
        """import { describe, it, expect, vi, beforeEach } from 'vitest';
import { notify } from './solution';
describe('notify', () => { let send: any; beforeEach(() => { send = vi.fn().mockResolvedValue(undefined); }); it('sends', async () => { const log = { warn: vi.fn() }; expect(await notify([{ id: 1, email: 'a' }, { id: 2 }], send, log)).toBe(1); expect(send).toHaveBeenCalledTimes(1); expect(send).toHaveBeenCalledWith('a', 'hi'); expect(log.warn).toHaveBeenCalledWith(expect.stringContaining('2')); }); it('fails', async () => { send.mockRejectedValueOnce(new Error('smtp')); await expect(notify([{ id: 1, email: 'a' }], send, { warn() {} })).rejects.toThrow('smtp'); }); });""",
        ('n++;', ''), style="runner",
    ),
    'vitest fake timers': Piece(
        """export function throttle<A extends unknown[]>(f: (...a: A) => void, ms: number) { let last = -Infinity; return (...a: A) => { const now = Date.now(); if (now - last >= ms) { last = now; f(...a); } }; }
export const delay = (ms: number) => new Promise<void>((r) => setTimeout(r, ms));
""",
        """import { it, expect, vi, beforeEach, afterEach } from 'vitest';
import { throttle, delay } from './solution';
beforeEach(() => { vi.useFakeTimers(); }); afterEach(() => { vi.useRealTimers(); });
it('throttles', () => { const f = vi.fn(); const t = throttle(f, 100); t(1); t(2); vi.advanceTimersByTime(100); t(3); expect(f.mock.calls).toEqual([[1], [3]]); });
it('delays', async () => { let done = false; const p = delay(1000).then(() => { done = true; }); expect(done).toBe(false); await vi.advanceTimersByTimeAsync(1000); await p; expect(done).toBe(true); });""",
        ('now - last >= ms', 'now - last > ms + 5'), style="runner",
    ),
    'jest fn': Piece(
        """export class Cache<T> { private m = new Map<string, { v: T; at: number }>(); constructor(private load: (k: string) => Promise<T>, private ttl: number, private now: () => number = Date.now) {} async get(k: string): Promise<T> { const e = this.m.get(k); if (e && this.now() - e.at < this.ttl) return e.v; const v = await this.load(k); this.m.set(k, { v, at: this.now() }); return v; } }
""",
        """import { describe, it, expect, jest, beforeEach } from '@jest/globals';
import { Cache } from './solution';
describe('Cache', () => { it('loads once', async () => { const load = jest.fn(async (k: string) => ({ k })); let t = 0; const c = new Cache(load, 10, () => t); const a = await c.get('x'); expect(await c.get('x')).toBe(a); expect(load).toHaveBeenCalledTimes(1); t = 11; await c.get('x'); expect(load).toHaveBeenNthCalledWith(2, 'x'); expect(load.mock.calls).toHaveLength(2); expect(a).toMatchObject({ k: 'x' }); }); });""",
        ('< this.ttl', '< 0'), style="runner",
    ),
    'jest spy': Piece(
        """export const clock = { now: () => 1 }; export function stamp(o: object) { return { ...o, at: clock.now(), id: Math.floor(Math.random() * 10) }; }
""",
        """import { describe, it, expect, jest, beforeEach } from '@jest/globals';
import * as s from './solution';
it('stamps', () => { jest.spyOn(Math, 'random').mockReturnValue(0.55); expect(s.stamp({ a: 1 })).toEqual({ a: 1, at: expect.any(Number), id: 5 }); jest.restoreAllMocks(); expect(s.stamp({ a: [1, { b: 2 }] })).toMatchObject({ a: [1, { b: 2 }], at: 1 }); });""",
        ('at: clock.now()', "at: '1'"), style="runner",
    ),
    'it.each and asymmetric': Piece(
        """export function grade(n: number): string { if (n < 0 || n > 100) throw new RangeError('out of range'); return n >= 90 ? 'A' : n >= 50 ? 'B' : 'C'; } export const report = (ns: number[]) => ({ id: 'r-' + ns.length, rows: ns.map((n) => ({ n, grade: grade(n) })), made: new Date() });
""",
        """import { describe, it, expect } from 'vitest';
import { grade, report } from './solution';
describe.each([[95, 'A'], [50, 'B'], [0, 'C']])('grade %d', (n, g) => { it(`is ${g}`, () => { expect(grade(n as number)).toBe(g); }); });
it.each([{ n: -1 }, { n: 101 }])('refuses $n', ({ n }) => { expect(() => grade(n)).toThrow(RangeError); });
it('reports', () => { expect(report([95])).toEqual({ id: expect.stringMatching(/^r-\\d$/), rows: expect.arrayContaining([expect.objectContaining({ grade: 'A' })]), made: expect.any(Date) }); expect(report([1]).rows).toContainEqual({ n: 1, grade: 'C' }); expect(report([])).toHaveProperty('rows', []); });""",
        ('>= 90', '> 96'), style="runner",
    ),
    'abstract class': Piece(
        """export abstract class Job { runs = 0; abstract work(): Promise<string>; async run(): Promise<string> { this.runs++; return `[${await this.work()}]`; } } export class Scheduler { private jobs: Job[] = []; add(j: Job): this { this.jobs.push(j); return this; } async all() { return Promise.all(this.jobs.map((j) => j.run())); } }
""",
        """import { test, mock } from 'node:test';
import assert from 'node:assert/strict';
import { Job, Scheduler } from './solution';
class Echo extends Job { constructor(private readonly w: string) { super(); } async work() { return this.w; } }
test('a', async () => { const j = new Echo('x'); assert.deepEqual(await new Scheduler().add(j).add(new Echo('y')).all(), ['[x]', '[y]']); assert.equal(j.runs, 1); });""",
        ('this.runs++;', ''), style="runner",
    ),
    'repo interface': Piece(
        """export interface Repo<T> { find(id: string): Promise<T | undefined>; save(t: T): Promise<void>; }
export interface User { id: string; name: string; }
export class UserService { constructor(private readonly repo: Repo<User>) {} async rename(id: string, name: string): Promise<User> { const u = await this.repo.find(id); if (!u) throw new Error(`no user ${id}`); const next = { ...u, name }; await this.repo.save(next); return next; } }
""",
        """import { test, mock } from 'node:test';
import assert from 'node:assert/strict';
import { UserService, type Repo, type User } from './solution';
class MemoryRepo implements Repo<User> { private rows = new Map<string, User>(); constructor(...us: User[]) { us.forEach((u) => this.rows.set(u.id, u)); } async find(id: string) { return this.rows.get(id); } async save(u: User) { this.rows.set(u.id, u); } }
test('a', async () => { const r = new MemoryRepo({ id: '1', name: 'a' }); assert.deepEqual(await new UserService(r).rename('1', 'b'), { id: '1', name: 'b' }); assert.equal((await r.find('1'))!.name, 'b'); await assert.rejects(new UserService(r).rename('2', 'x'), /no user 2/); });""",
        ('await this.repo.save(next);', ''), style="runner",
    ),
    'plugin registry': Piece(
        """export interface Plugin { name: string; setup?(api: { addHook(n: string, f: (x: string) => string): void }): void | Promise<void>; } export class Host { private hooks = new Map<string, ((x: string) => string)[]>(); readonly loaded: string[] = []; async use(p: Plugin) { await p.setup?.({ addHook: (n, f) => { this.hooks.set(n, [...(this.hooks.get(n) ?? []), f]); } }); this.loaded.push(p.name); return this; } run(n: string, x: string) { return (this.hooks.get(n) ?? []).reduce((a, f) => f(a), x); } }
""",
        """import { test, mock } from 'node:test';
import assert from 'node:assert/strict';
import { Host, type Plugin } from './solution';
class Upper implements Plugin { name = 'upper'; ready = false; setup(api: any) { this.ready = true; api.addHook('t', (x: string) => x.toUpperCase()); } }
test('a', async () => { const u = new Upper(); const h = await new Host().use(u); await h.use({ name: 'bang', setup(api) { api.addHook('t', (x) => x + '!'); } }); assert.equal(h.run('t', 'a'), 'A!'); assert.deepEqual(h.loaded, ['upper', 'bang']); assert.ok(u.ready); });""",
        ('[...(this.hooks.get(n) ?? []), f]', '[f]'), style="runner",
    ),
    'discriminated reducer': Piece(
        """export type Item = { sku: string; qty: number }; export type State = { items: Item[]; coupon?: string }; export type Action = { type: 'add'; sku: string } | { type: 'remove'; sku: string } | { type: 'coupon'; code: string }; export function reduce(s: State, a: Action): State { switch (a.type) { case 'add': { const hit = s.items.find((i) => i.sku === a.sku); return { ...s, items: hit ? s.items.map((i) => i === hit ? { ...i, qty: i.qty + 1 } : i) : [...s.items, { sku: a.sku, qty: 1 }] }; } case 'remove': return { ...s, items: s.items.filter((i) => i.sku !== a.sku) }; case 'coupon': return s.coupon === a.code ? s : { ...s, coupon: a.code }; } }
""",
        """import { test, mock } from 'node:test';
import assert from 'node:assert/strict';
import { reduce, type State } from './solution';
test('a', () => { const s0: State = { items: [{ sku: 'a', qty: 1 }, { sku: 'b', qty: 1 }] }; const s1 = reduce(s0, { type: 'add', sku: 'a' }); assert.deepEqual(s1.items[0], { sku: 'a', qty: 2 }); assert.equal(s0.items[0].qty, 1); assert.strictEqual(s1.items[1], s0.items[1]); const s2 = reduce(s1, { type: 'coupon', code: 'x' }); assert.strictEqual(reduce(s2, { type: 'coupon', code: 'x' }), s2); });""",
        ('=== a.code ? s :', '=== 1 ? s :'), style="runner",
    ),
}  # fmt: skip
"""the words of vitest and jest, and classes of tests that the code is given"""
