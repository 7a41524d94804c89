// Counts the tests of a file: those of node:test, and of the vitest and jest words.
//
// Rule 1: a test counts when its function ran to its end; what is skipped does not count.
"use strict";

const fs = require("node:fs");
const realAssert = require("node:assert");
const { inspect } = require("node:util");

let isPart, Like, remembered, told, mocks; // loaded where a test has their words

const live = [];
const running = () => live;

// Who ends a test that takes too long is told which begins or has ended.
function step(name, isBegun) {
  if (isBegun) live.push(name);
  else live.splice(live.indexOf(name), 1);
  fs.writeSync(5, `${isBegun ? "+" : "-"}${name.replace(/\s+/g, " ").slice(0, 100)}\n`);
}

function watched(inner, count, fail) {
  const made = (...args) => {
    const at = args.findIndex((it) => typeof it === "function");
    if (at < 0) return inner(...args);
    const act = args[at];
    const name = typeof args[0] === "string" ? args[0] : act.name || "a test";
    const run = async (t) => {
      count.seen += 1;
      step(name, true);
      try { await act(t); } catch (e) {
        fail(`${name}: ${e?.message ?? e}`);
        throw e;
      } finally { step(name, false); }
      count.passed += 1;
    };
    const called = (t, done) => {
      count.seen += 1;
      step(name, true);
      act(t, (e) => {
        step(name, false);
        if (e) fail(`${name}: ${e}`);
        else count.passed += 1;
        done(e);
      });
    };
    args[at] = act.length > 1 ? called : run;
    return inner(...args);
  };
  return Object.assign(made, { skip: inner.skip, todo: inner.todo, only: made });
}

function watch(count, fail) {
  const nodeTest = require("node:test");
  const it = watched(nodeTest.it, count, fail);
  const test = watched(nodeTest.test, count, fail);
  return Object.assign(test, { ...nodeTest, it, test, default: test });
}

const queue = [];
let group = { name: "", before: [], after: [], beforeAll: [], afterAll: [], up: null };

// Between a name and what is done there may be options.
const deed = (rest) => rest.find((one) => typeof one === "function");

function describe(name, ...rest) {
  const act = deed(rest);
  const up = group;
  group = { name: `${up.name}${name} > `, before: [], after: [], beforeAll: [], afterAll: [], up };
  try { act(); } finally { group = up; }
}

function it(name, ...rest) {
  const act = deed(rest);
  if (act) queue.push({ name: group.name + name, act, group });
}

const skip = () => {};
it.todo = describe.todo = skip;
for (const word of [it, describe]) {
  word.skip = skip;
  word.only = word.concurrent = word.sequential = word;
  word.skipIf = (isOut) => (isOut ? skip : word);
  word.runIf = (isIn) => (isIn ? word : skip);
  word.each = (rows, ...cells) => (name, ...rest) => {
    const act = deed(rest);
    rowsOf(rows, cells).forEach((row, at) =>
      word(`${name} ${at}`, () => act(...(Array.isArray(row) ? row : [row]))));
  };
}

// A table in a template: its first line names the columns.
function rowsOf(rows, cells) {
  if (!rows.raw) return rows;
  const names = rows[0].trim().split("\n")[0].split("|").map((one) => one.trim());
  return Array.from({ length: Math.floor(cells.length / names.length) }, (_, at) =>
    Object.fromEntries(names.map((name, n) => [name, cells[at * names.length + n]])));
}

function matchers(value, is) {
  const say = (held, words) => {
    if (held !== is) throw new realAssert.AssertionError({
      message: `expected ${inspect(value)} ${is ? "" : "not "}${words}` });
  };
  const same = (check, other) => {
    try { check(value, told(other, value)); return true; } catch (e) {
      if (e instanceof realAssert.AssertionError) return false;
      throw e;
    }
  };
  const thrown = () => { try { value(); } catch (e) { return { e }; } return null; };
  const fits = (e, what) => what === undefined
    || (typeof what === "function" ? e instanceof what
      : what instanceof RegExp ? what.test(e?.message ?? String(e))
        : what instanceof Like ? what.fits(e) : String(e?.message ?? e).includes(what?.message ?? what));
  return {
    toBe: (other) => say(Object.is(value, other), `to be ${inspect(other)}`),
    toEqual: (other) => say(same(realAssert.deepStrictEqual, other)
      || same(looseEqual, other), `to equal ${inspect(other)}`),
    toStrictEqual: (other) => say(same(realAssert.deepStrictEqual, other), `to equal ${inspect(other)}`),
    toBeCloseTo: (other, digits = 2) => say(typeof value === "number"
      && Math.abs(value - other) < 10 ** -digits / 2, `to be close to ${other}`),
    toBeTruthy: () => say(Boolean(value), "to be truthy"),
    toBeFalsy: () => say(!value, "to be falsy"),
    toBeNull: () => say(value === null, "to be null"),
    toBeUndefined: () => say(value === undefined, "to be undefined"),
    toBeDefined: () => say(value !== undefined, "to be defined"),
    toBeNaN: () => say(Number.isNaN(value), "to be NaN"),
    toBeInstanceOf: (kind) => say(value instanceof kind, `to be a ${kind.name}`),
    toBeGreaterThan: (other) => say(plain(value) > other, `to be greater than ${other}`),
    toBeGreaterThanOrEqual: (other) => say(plain(value) >= other, `to be at least ${other}`),
    toBeLessThan: (other) => say(plain(value) < other, `to be less than ${other}`),
    toBeLessThanOrEqual: (other) => say(plain(value) <= other, `to be at most ${other}`),
    toHaveLength: (length) => say(value.length === length, `to have length ${length}`),
    toContain: (item) => say(typeof value === "string" || Array.isArray(value)
      ? value.includes(item) : value instanceof Set && value.has(item), `to contain ${inspect(item)}`),
    toContainEqual: (item) => say([...value].some((one) => equal(one, item)), `to contain ${inspect(item)}`),
    toMatch: (what) => say(typeof value === "string"
      && (what instanceof RegExp ? what.test(value) : value.includes(what)), `to match ${what}`),
    toHaveProperty: (name, ...other) => {
      const isPath = !Array.isArray(name) && !(name in Object(value));
      const keys = isPath ? String(name).split(/[.[\]]+/).filter(Boolean) : [name].flat();
      const owner = keys.slice(0, -1).reduce((it, key) => it?.[key], value);
      const key = keys.at(-1);
      say(owner !== null && owner !== undefined && key in Object(owner)
        && (!other.length || equal(owner[key], other[0])), `to have ${name}`);
    },
    toMatchObject: (other) => say(isPart(value, other, equal), `to match ${inspect(other)}`),
    toBeTypeOf: (kind) => say(typeof value === kind, `to be a ${kind}`),
    toBeOneOf: (those) => say([...those].some((it) => equal(value, it)), `to be one of ${inspect(those)}`),
    toSatisfy: (holds) => say(Boolean(holds(value)), "to satisfy that"),
    ...remembered(value, say, equal),
    toThrow: (what) => {
      const got = thrown();
      say(got !== null && fits(got.e, what), `to throw ${what === undefined ? "" : inspect(what)}`);
    },
    toThrowError(what) { this.toThrow(what); },
  };
}

// As toEqual: what is undefined is as good as absent.
function looseEqual(one, other) {
  realAssert.deepStrictEqual(loosely(one), loosely(other));
}

function loosely(value, seen = new Map()) {
  if (value === null || typeof value !== "object") return value;
  if (seen.has(value)) return seen.get(value);
  const kept = (made, fill) => { seen.set(value, made); fill(made); return made; };
  if (Array.isArray(value)) {
    return kept([], (made) => { for (const it of value) made.push(loosely(it, seen)); });
  }
  if (value instanceof Map) {
    return kept(new Map(), (made) => {
      for (const [key, it] of value) made.set(loosely(key, seen), loosely(it, seen));
    });
  }
  if (value instanceof Set) {
    return kept(new Set(), (made) => { for (const it of value) made.add(loosely(it, seen)); });
  }
  if (Object.prototype.toString.call(value) !== "[object Object]") return value;
  return kept({}, (made) => {
    for (const key of Object.keys(value)) {
      if (value[key] !== undefined) made[key] = loosely(value[key], seen);
    }
  });
}

function equal(one, other) {
  try { looseEqual(one, told(other, one)); return true; } catch (e) {
    if (e instanceof realAssert.AssertionError) return false;
    throw e;
  }
}

function plain(value) {
  if (!["number", "bigint"].includes(typeof value)) throw new TypeError("a number was due");
  return value;
}

let said = 0;
let due = null;

function expect(value) {
  said += 1;
  return { ...matchers(value, true), not: matchers(value, false),
    resolves: settled(value, true, true), rejects: settled(value, false, true) };
}

// The words for what a promise becomes; of a function, what its promise does.
function settled(value, isKept, is) {
  const what = isKept ? "resolve" : "reject";
  const check = (name) => async (...args) => {
    let it;
    let wasKept = true;
    try { it = await (typeof value === "function" ? value() : value); } catch (e) {
      [it, wasKept] = [e, false];
    }
    if (wasKept !== isKept) {
      throw new realAssert.AssertionError({ message: `expected that to ${what}; it did not: ${inspect(it)}` });
    }
    const isThrowing = name.startsWith("toThrow");
    const act = () => { if (!isKept) throw it; };
    return matchers(isThrowing ? act : it, is)[name](...args);
  };
  return new Proxy({}, { get: (_, name) => {
    if (name === "not" && is) return settled(value, isKept, false);
    return name === "then" ? undefined : check(name);
  } });
}

function load() {
  const expected = require("./expected.cjs");
  mocks = require("./mocks.cjs");
  ({ isPart, Like, remembered, told } = expected);
  Object.assign(expect, expected.words(equal), {
    assertions: (n) => { due = (made) => made === n; },
    hasAssertions: () => { due = (made) => made > 0; },
  });
}

function open() {
  if (!mocks) load();
  const api = mocks.api();
  return { vi: api, jest: api, describe, it, test: it, suite: describe, expect,
    beforeEach: (act) => group.before.push(act), afterEach: (act) => group.after.push(act),
    beforeAll: (act) => group.beforeAll.push(act), afterAll: (act) => group.afterAll.push(act) };
}

function line(one) {
  const found = [];
  for (let at = one; at; at = at.up) found.unshift(at);
  return found;
}

async function finish(count, fail) {
  const begun = new Set();
  for (const { name, act, group: own } of queue) {
    const undo = [];
    count.seen += 1;
    step(name, true);
    try {
      for (const one of line(own)) {
        if (!begun.has(one)) for (const before of one.beforeAll) await before();
        begun.add(one);
        for (const before of one.before) undo.unshift(await before());
      }
      [said, due] = [0, null];
      await (act.length ? new Promise((resolve, reject) => {
        const done = (e) => (e ? reject(e) : resolve());
        done.fail = reject;
        act(done);
      }) : act());
      if (due && !due(said)) throw new Error(`${said} assertions were made`);
      for (const one of line(own).reverse()) for (const after of one.after) await after();
      for (const after of undo) if (typeof after === "function") await after();
      count.passed += 1;
    } catch (e) { fail(`${name}: ${e?.message ?? e}`); } finally { step(name, false); }
  }
  for (const one of begun) for (const after of one.afterAll) await after();
}

module.exports = { finish, open, running, watch };
