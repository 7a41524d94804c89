// Gives tests the mocks of vitest and jest: functions that remember, spies, a clock that stands.
//
// Rule 1: what a mock remembers stays with the tests; the code can only call it.
"use strict";

const { receiver } = require("./lending.cjs");
const { setImmediate: soon } = globalThis;

const STEPS = 20000;
const all = new Set();
const isMock = (it) => all.has(it); // never what it says of itself
let undo = [];
const surroundings = new Map(); // a variable -> what it was

function fn(first) {
  let usual = first;
  let once = [];
  const results = (it) => ["calls", "results", "contexts", "instances"].forEach((key) => { it[key] = []; });
  const mock = { get lastCall() { return mock.calls.at(-1); } };
  results(mock);
  const made = function (...args) {
    mock.calls.push(args);
    mock.contexts.push(this);
    mock.instances.push(this);
    const at = mock.results.push({ type: "incomplete", value: undefined }) - 1;
    const act = once.length ? once.shift() : usual;
    try {
      const value = new.target && act ? Reflect.construct(act, args) : act && Reflect.apply(act, receiver(act, this), args);
      mock.results[at] = { type: "return", value };
      return value;
    } catch (e) {
      mock.results[at] = { type: "throw", value: e };
      throw e;
    }
  };
  const say = (name, doing) => {
    made[name] = (value) => { usual = doing(value); return made; };
    made[`${name}Once`] = (value) => { once.push(doing(value)); return made; };
  };
  say("mockReturnValue", (value) => () => value);
  say("mockResolvedValue", (value) => async () => value);
  say("mockRejectedValue", (value) => async () => { throw value; });
  say("mockImplementation", (act) => act);
  const set = (name, act) => { made[name] = (...args) => { act(...args); return made; }; };
  let called = "vi.fn()";
  set("mockName", (name) => { called = name; });
  set("mockReturnThis", () => { usual = function () { return this; }; });
  set("mockClear", () => results(mock));
  set("mockReset", () => { results(mock); once = []; usual = made.isSpy ? first : undefined; });
  set("mockRestore", () => { made.mockReset(); made.putBack?.(); });
  made.getMockName = () => called;
  made.getMockImplementation = () => usual;
  made.mock = mock;
  made._isMockFunction = true;
  all.add(made);
  return made;
}

function spyOn(thing, name, access) {
  const own = Object.getOwnPropertyDescriptor(thing, name);
  if (access) {
    const spy = fn(own?.[access]);
    Object.defineProperty(thing, name, { configurable: true, ...own, [access]: spy });
    spy.putBack = () => Object.defineProperty(thing, name, own);
    return spy;
  }
  const old = thing[name];
  if (all.has(old)) return old;
  const spy = fn(function (...args) { return Reflect.apply(old, receiver(old, this), args); });
  spy.isSpy = true;
  spy.putBack = () => {
    if (own) Object.defineProperty(thing, name, own);
    else delete thing[name];
    if (thing[name] !== old) thing[name] = old;
  };
  if (own && !own.writable) Object.defineProperty(thing, name, { ...own, value: spy });
  else thing[name] = spy;
  return spy;
}

let timers = null; // they say that they are experimental: asked for only where a test does
const APIS = ["setTimeout", "setInterval", "setImmediate", "Date"];
let isFake = false;

function fake(apis, now = Date.now()) {
  timers ??= require("node:test").mock.timers;
  if (isFake) timers.reset();
  timers.enable({ apis, now: Number(now) });
  isFake = true;
}

function real() {
  if (isFake) timers.reset();
  isFake = false;
}

// Bit by bit, so that a callback sees the time that it was due at.
function* steps(ms) {
  const step = Math.max(1, Math.ceil(ms / STEPS));
  for (let left = ms; left > 0; left -= step) yield Math.min(step, left);
  if (ms === 0) yield 0;
}

async function settled() {
  for (let it = 0; it < 3; it += 1) await new Promise((resolve) => { soon(resolve); });
}

function surround(name, value) {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

function api() {
  const it = { fn, spyOn, isMockFunction: isMock,
    mocked: (one) => one,
    useFakeTimers: (how = {}) => {
      fake((how.toFake ?? APIS).filter((name) => APIS.includes(name)), how.now);
      return it;
    },
    useRealTimers: () => { real(); return it; },
    setSystemTime: (time) => {
      if (isFake) timers.setTime(Number(new Date(time)));
      else fake(["Date"], new Date(time));
      return it;
    },
    advanceTimersByTime: (ms) => { for (const one of steps(ms)) timers.tick(one); return it; },
    advanceTimersByTimeAsync: async (ms) => {
      let at = 0;
      await settled();
      for (const one of steps(ms)) {
        timers.tick(one);
        if (at < 50 || at % 10 === 0) await settled();
        at += 1;
      }
      await settled();
    },
    runAllTimers: () => { timers.runAll(); return it; },
    runAllTimersAsync: async () => { await settled(); timers.runAll(); await settled(); },
    clearAllMocks: () => { all.forEach((one) => one.mockClear()); return it; },
    resetAllMocks: () => { all.forEach((one) => one.mockReset()); return it; },
    restoreAllMocks: () => { all.forEach((one) => one.mockRestore()); return it; },
    stubGlobal: (name, value) => {
      const had = Object.getOwnPropertyDescriptor(globalThis, name);
      undo.push(() => had ? Object.defineProperty(globalThis, name, had) : delete globalThis[name]);
      globalThis[name] = value;
      return it;
    },
    stubEnv: (name, value) => {
      if (!surroundings.has(name)) surroundings.set(name, process.env[name]);
      surround(name, value);
      return it;
    },
    unstubAllEnvs: () => {
      surroundings.forEach((value, name) => surround(name, value));
      surroundings.clear();
      return it;
    },
    unstubAllGlobals: () => { undo.splice(0).reverse().forEach((act) => act()); return it; },
  };
  it.runOnlyPendingTimers = it.runAllTimers;
  it.runOnlyPendingTimersAsync = it.runAllTimersAsync;
  return it;
}

module.exports = { api, isMock };
