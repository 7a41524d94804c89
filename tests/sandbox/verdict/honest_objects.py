"""JavaScript whose tests ask what an object is: its `this`, class, time, and what may be changed."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

HEAD = """"use strict";
const { test, mock } = require("node:test");
const assert = require("node:assert/strict");
"""


def node(code: str, tests: str, mistake: tuple[str, str]) -> Piece:
    return Piece(code, HEAD + tests, mistake, "", "runner")


def words(code: str, tests: str, mistake: tuple[str, str]) -> Piece:
    """Of vitest and jest."""
    return Piece(code, tests, mistake, "", "runner")


JAVASCRIPT: dict[str, Piece] = {
    "a date is not changed": node(
        "exports.addDays = (d, n) => { const c = new Date(d); c.setDate(c.getDate() + n); return c; };",
        """const { addDays } = require("./solution");
test("a", () => {
  const d = new Date(0);
  assert.equal(addDays(d, 2).getTime(), 2 * 86_400_000);
  assert.equal(d.getTime(), 0);
});""",
        ("const c = new Date(d);", "const c = d;"),
    ),
    "a date is given as a copy": node(
        "exports.Event = class { #at; constructor(at) { this.#at = new Date(at); } get at() { return new Date(this.#at); } };",
        """const { Event } = require("./solution");
test("a", () => {
  const start = new Date(7);
  const e = new Event(start);
  start.setTime(9);
  e.at.setTime(5);
  assert.equal(e.at.getTime(), 7);
});""",
        ("return new Date(this.#at)", "return this.#at"),
    ),
    "a date is kept as it is": node(
        "exports.keep = (at) => ({ at });",
        """const { keep } = require("./solution");
test("a", () => { const d = new Date(3); assert.equal(keep(d).at, d); });""",
        ("({ at })", "({ at: new Date(at) })"),
    ),
    "an address is not changed": node(
        "exports.page = (u, n) => { const c = new URL(u); c.searchParams.set('page', n); return c; };",
        """const { page } = require("./solution");
test("a", () => {
  const u = new URL("http://x/a");
  assert.equal(page(u, 2).href, "http://x/a?page=2");
  assert.equal(u.href, "http://x/a");
});""",
        ("const c = new URL(u);", "const c = u;"),
    ),
    "a pattern is left where it was": node(
        "exports.count = (re, s) => { const own = new RegExp(re); let n = 0; while (own.exec(s)) n += 1; return n; };",
        """const { count } = require("./solution");
test("a", () => {
  const re = /a/g;
  assert.equal(count(re, "banana"), 3);
  re.lastIndex = 2;
  count(re, "banana");
  assert.equal(re.lastIndex, 2);
});""",
        ("new RegExp(re)", "re"),
    ),
    "sixty records are changed": node(
        "exports.Service = class { constructor(all) { this.all = all; } bump() { for (const it of this.all) it.v += 1; } };",
        """const { Service } = require("./solution");
test("a", () => {
  const all = Array.from({ length: 60 }, () => ({ v: 0 }));
  const service = new Service(all);
  service.bump();
  assert.ok(all.every((it) => it.v === 1));
  all[0].v = 5;
  service.bump();
  assert.deepEqual([all[0].v, all[59].v], [6, 2]);
});""",
        ("of this.all) it.v", "of structuredClone(this.all)) it.v"),
    ),
    "an error of the test with a getter": node(
        "exports.statusOf = (e) => (e.retryable ? e.status : 0);",
        """const { statusOf } = require("./solution");
class DbError extends Error { status = 503; get retryable() { return this.status > 500; } }
test("a", () => { assert.equal(statusOf(new DbError("x")), 503); });""",
        ("e.status : 0", "500 : 0"),
    ),
    "a wrapper keeps its this": node(
        "exports.once = (f) => { let is = false, got; return function (...a) { if (!is) { is = true; got = f.apply(this, a); } return got; }; };",
        """const { once } = require("./solution");
test("a", () => {
  const o = { n: 5, get: once(function (m) { this.n += m; return this.n; }) };
  assert.equal(o.get(1), 6);
  assert.equal(o.get(1), 6);
  assert.equal(o.n, 6);
});""",
        ("f.apply(this, a)", "f(...a)"),
    ),
    "call, apply and bind": node(
        "exports.who = function (m) { return this.n + m; };",
        """const { who } = require("./solution");
test("a", () => {
  assert.equal(who.call({ n: 2 }, 3), 5);
  assert.equal(who.apply({ n: 2 }, [4]), 6);
  assert.equal(who.bind({ n: 2 }, 5)(), 7);
});""",
        ("this.n + m", "2 * m"),
    ),
    "a method is replaced": node(
        "exports.counting = (o, name) => { const f = o[name]; o[name] = function (...a) { o.calls = (o.calls ?? 0) + 1; return f.apply(this, a); }; };",
        """const { counting } = require("./solution");
test("a", () => {
  const o = { n: 4, twice() { return this.n * 2; } };
  counting(o, "twice");
  assert.equal(o.twice(), 8);
  assert.equal(o.calls, 1);
});""",
        ("f.apply(this, a)", "f(...a)"),
    ),
    "how many a function takes": node(
        "exports.curry = (f) => { const on = (got) => (got.length >= f.length ? f(...got) : (it) => on([...got, it])); return on([]); };",
        """const { curry } = require("./solution");
test("a", () => { assert.equal(curry((a, b, c) => a + b * c)(1)(2)(3), 7); });""",
        (">= f.length", "> f.length"),
    ),
    "what a function has of its own": node(
        "exports.order = (all) => { const out = []; const add = (f) => { (f.deps ?? []).forEach((n) => add(all[n])); if (!out.includes(f.label)) out.push(f.label); }; Object.values(all).forEach(add); return out; };",
        """const { order } = require("./solution");
const part = (label, deps) => Object.assign(() => label, { label, deps });
test("a", () => { assert.deepEqual(order({ a: part("a", ["b"]), b: part("b") }), ["b", "a"]); });""",
        ("(f.deps ?? [])", "[]"),
    ),
    "static data of the test's class": node(
        "exports.Model = class { static table = ''; static make() { return new this(); } where() { return this.constructor.table; } };",
        """const { Model } = require("./solution");
class User extends Model { static table = "users"; x = 1; }
test("a", () => {
  assert.equal(new User().where(), "users");
  assert.equal(User.make().x, 1);
  assert.ok(User.make() instanceof User);
});""",
        ("return this.constructor.table", "return Model.table"),
    ),
    "a promise that can be cancelled": node(
        "exports.job = () => { let no; const it = new Promise((_, n) => { no = n; }); return Object.assign(it, { cancel: () => no(new Error('cancelled')) }); };",
        """const { job } = require("./solution");
test("a", async () => {
  const it = job();
  it.cancel();
  await assert.rejects(it, /cancelled/);
});""",
        ("new Error('cancelled')", "new Error('over')"),
    ),
    "an object that is frozen": node(
        "exports.Money = class Money { constructor(n) { this.n = n; Object.freeze(this); } plus(o) { return new Money(this.n + o.n); } };",
        """const { Money } = require("./solution");
test("a", () => {
  const m = new Money(1);
  assert.ok(Object.isFrozen(m));
  assert.throws(() => { m.n = 2; }, TypeError);
  assert.equal(m.plus(new Money(2)).n, 3);
});""",
        ("Object.freeze(this);", ""),
    ),
    "a property that stays": node(
        "exports.make = () => Object.defineProperty({ a: 1 }, 'id', { value: 7, enumerable: true });",
        """const { make } = require("./solution");
test("a", () => {
  const o = make();
  o.a = 5;
  assert.throws(() => { o.id = 8; }, TypeError);
  assert.deepEqual(o, { a: 5, id: 7 });
});""",
        ("{ value: 7, enumerable: true }", "{ value: 7, enumerable: true, writable: true }"),
    ),
    "an object that hears what is set": node(
        "exports.make = (told) => { let n = 0; return { get n() { return n; }, set n(v) { n = Math.max(0, v); told(n); } }; };",
        """const { make } = require("./solution");
test("a", () => {
  const seen = [];
  const o = make((n) => seen.push(n));
  o.n = 4;
  o.n = -4;
  assert.equal(o.n, 0);
  assert.deepEqual(seen, [4, 0]);
  assert.deepEqual(o, { n: 0 });
});""",
        ("Math.max(0, v)", "v"),
    ),
    "a class of a builtin": node(
        """const { EventEmitter } = require("node:events");
exports.Bus = class extends EventEmitter { say(it) { this.emit("said", it); } };
exports.Registry = class extends Map { need(k) { if (!this.has(k)) throw new RangeError(k); return this.get(k); } };""",
        """const { EventEmitter } = require("node:events");
const { Bus, Registry } = require("./solution");
test("a", () => {
  const bus = new Bus();
  const seen = [];
  bus.on("said", (it) => seen.push(it));
  bus.say(1);
  assert.ok(bus instanceof EventEmitter);
  assert.deepEqual(seen, [1]);
  const r = new Registry([["a", 1]]);
  assert.ok(r instanceof Map);
  assert.equal(r.need("a"), 1);
  assert.throws(() => r.need("b"), RangeError);
});""",
        (
            "extends Map { need",
            "{ constructor(all) { this.all = new Map(all); } has(k) { return this.all.has(k); } get(k) { return this.all.get(k); } need",
        ),
    ),
    "errors of many and of assert": node(
        """const assert = require("node:assert");
exports.all = async (fs) => { const got = await Promise.allSettled(fs.map((f) => f())); const bad = got.filter((it) => it.status === "rejected").map((it) => it.reason); if (bad.length) throw new AggregateError(bad, `${bad.length} failed`); };
exports.must = (it) => { assert.ok(it, "must be"); };""",
        """const { all, must } = require("./solution");
test("a", async () => {
  const one = new Error("one");
  await assert.rejects(all([async () => { throw one; }, async () => 1]),
    (e) => e instanceof AggregateError && e.errors[0] === one && e.message === "1 failed");
  assert.throws(() => must(0), assert.AssertionError);
  assert.throws(() => must(0), { message: "must be", code: "ERR_ASSERTION" });
});""",
        ("new AggregateError(bad,", "Object.assign(new Error(), { errors: bad }, "),
    ),
    "text with places": node(
        "exports.sql = (texts, ...values) => ({ text: texts.reduce((a, t, n) => `${a}$${n}${t}`), raw: texts.raw.join('?'), values });",
        """const { sql } = require("./solution");
test("a", () => {
  assert.deepEqual(sql`a = ${1} and\\n b = ${2}`,
    { text: "a = $1 and\\n b = $2", raw: "a = ? and\\\\n b = ?", values: [1, 2] });
});""",
        ("texts.raw.join", "texts.join"),
    ),
    "bytes without a view": node(
        "exports.pack = (xs) => Uint16Array.from(xs).buffer; exports.sum = (b) => new Uint8Array(b).reduce((a, x) => a + x, 0);",
        """const { pack, sum } = require("./solution");
test("a", () => {
  assert.deepEqual([...new Uint16Array(pack([1, 500]))], [1, 500]);
  assert.equal(sum(new Uint8Array([1, 2, 3]).buffer), 6);
});""",
        ("Uint16Array.from(xs)", "Uint8Array.from(xs)"),
    ),
    "a method of the code's class is spied on": node(
        "exports.Client = class { get(p) { return `real ${p}`; } both(a, b) { return [this.get(a), this.get(b)]; } };",
        """const { Client } = require("./solution");
test("a", (t) => {
  const c = new Client();
  const spy = t.mock.method(c, "get", (p) => `fake ${p}`);
  assert.deepEqual(c.both("a", "b"), ["fake a", "fake b"]);
  assert.equal(spy.mock.callCount(), 2);
  spy.mock.restore();
  assert.equal(c.get("a"), "real a");
});
test("b", (t) => {
  t.mock.method(Client.prototype, "get", () => 7);
  assert.deepEqual(new Client().both("a", "b"), [7, 7]);
});""",
        ("this.get(b)", "this.get(a)"),
    ),
    "a repository is asked with a key": node(
        "exports.open = () => { const rows = new Map([[1, { id: 1 }]]); return { find: (id) => rows.get(id) }; };",
        """const { open } = require("./solution");
test("a", () => {
  assert.deepEqual(open().find(1), { id: 1 });
  assert.equal(open().find(2), undefined);
});""",
        ("rows.get(id)", "rows.get(1)"),
    ),
    "what a promise becomes": words(
        "class Late extends Error { constructor() { super('late'); this.code = 5; } }\n"
        "exports.Late = Late; exports.fail = async () => { throw new Late(); }; exports.four = async () => 4;",
        """const { describe, it, expect } = require("vitest");
const { Late, fail, four } = require("./solution");
it("fails", async () => {
  await expect(fail()).rejects.toBeInstanceOf(Late);
  await expect(fail()).rejects.toMatchObject({ code: 5 });
  await expect(fail()).rejects.toHaveProperty("code", 5);
  await expect(() => fail()).rejects.toThrow(Late);
  await expect(fail()).rejects.not.toThrow("early");
});
it("is kept", async () => {
  await expect(four()).resolves.not.toBe(5);
  await expect(four()).resolves.not.toThrow();
  await expect(four()).resolves.toBe(4);
});""",
        ("this.code = 5", "this.code = 6"),
    ),
    "tables, options, variables and ways": words(
        "exports.sum = (a, b) => a + b; exports.level = () => process.env.LEVEL ?? 'info'; exports.tree = () => ({ a: { b: [{ c: 3 }] } });",
        """const { beforeEach, describe, it, expect, vi } = require("vitest");
const { sum, level, tree } = require("./solution");
const undone = [];
beforeEach(() => () => undone.push(1));
it.each`
  a    | b    | expected
  ${1} | ${2} | ${3}
  ${2} | ${2} | ${4}
`("$a + $b", ({ a, b, expected }) => { expect(sum(a, b)).toBe(expected); });
it("has options", { timeout: 500 }, () => { expect(tree()).toHaveProperty("a.b[0].c", 3); });
it.skipIf(false)("is surrounded", () => {
  vi.stubEnv("LEVEL", "debug");
  expect(level()).toBe("debug");
  vi.unstubAllEnvs();
  expect(level()).toBe("info");
  expect(undone.length).toBe(3);
});
it.runIf(false)("is left out", () => { throw new Error("not this one"); });""",
        ("a + b", "b + b"),
    ),
}
