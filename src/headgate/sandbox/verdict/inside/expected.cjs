// Reads what a test expects in the words of vitest and jest: any number, at least these keys …
//
// Rule 1: a word is held against the value by rules of ours; nothing of the value is called.
"use strict";

const { isMock } = require("./mocks.cjs");

class Like {
  constructor(words, fits) { this.words = words; this.fits = fits; }
}

const NONE = Symbol("what does not fit");
const isThing = (it) => it !== null && typeof it === "object";
const TYPES = new Map([[String, "string"], [Number, "number"], [Boolean, "boolean"],
  [BigInt, "bigint"], [Symbol, "symbol"], [Function, "function"]]);

function words(equal) {
  const text = (of) => (it) => typeof it === "string" && of(it);
  const has = (one) => (it) => isThing(it)
    && Object.keys(one).every((key) => key in it && equal(it[key], one[key]));
  const holds = (items) => (it) => Array.isArray(it)
    && items.every((item) => it.some((one) => equal(one, item)));
  const list = {
    any: (kind) => (it) => TYPES.has(kind) ? typeof it === TYPES.get(kind)
      : kind === Object ? isThing(it) : it instanceof kind,
    anything: () => (it) => it !== null && it !== undefined,
    objectContaining: has,
    arrayContaining: holds,
    stringContaining: (part) => text((it) => it.includes(part)),
    stringMatching: (how) => text((it) => new RegExp(how).test(it)),
    closeTo: (near, digits = 2) => (it) => typeof it === "number"
      && Math.abs(it - near) < 10 ** -digits / 2,
  };
  const made = {};
  const not = {};
  for (const [name, of] of Object.entries(list)) {
    made[name] = (...args) => new Like(name, of(...args));
    not[name] = (...args) => new Like(`not.${name}`, (it) => !of(...args)(it));
  }
  return { ...made, not };
}

// The expected value, with what fits put in the place of each word.
function told(expected, value) {
  if (expected instanceof Like) return expected.fits(value) ? value : NONE;
  if (!isThing(expected)) return expected;
  if (Array.isArray(expected)) {
    const made = expected.map((it, at) => told(it, Array.isArray(value) ? value[at] : undefined));
    return made.some((it, at) => it !== expected[at]) ? made : expected;
  }
  if (Object.getPrototypeOf(expected) !== Object.prototype) return expected;
  const made = {};
  let isSame = true;
  for (const key of Object.keys(expected)) {
    made[key] = told(expected[key], isThing(value) ? value[key] : undefined);
    isSame &&= made[key] === expected[key];
  }
  return isSame ? expected : made;
}

function isPart(value, expected, equal) {
  if (Array.isArray(expected)) {
    return Array.isArray(value) && value.length === expected.length
      && expected.every((it, at) => isPart(value[at], it, equal));
  }
  if (isThing(expected) && Object.getPrototypeOf(expected) === Object.prototype) {
    return isThing(value) && Object.keys(expected).every((key) => key in value
      && isPart(value[key], expected[key], equal));
  }
  return equal(value, expected);
}

// Of what is held against a mock's memory.
function remembered(mock, say, equal) {
  if (!isMock(mock)) return {};
  const { calls } = mock.mock;
  const like = (call, args) => call !== undefined && equal([...call], args);
  const values = () => mock.mock.results.filter((it) => it.type === "return").map((it) => it.value);
  const made = {
    toHaveBeenCalled: () => say(calls.length > 0, "to have been called"),
    toHaveBeenCalledOnce: () => say(calls.length === 1, "to have been called once"),
    toHaveBeenCalledTimes: (n) => say(calls.length === n, `to have been called ${n} times, not ${calls.length}`),
    toHaveBeenCalledWith: (...args) => say(calls.some((it) => like(it, args)), "to have been called like that"),
    toHaveBeenCalledExactlyOnceWith: (...args) => say(calls.length === 1 && like(calls[0], args), "to have been called once like that"),
    toHaveBeenLastCalledWith: (...args) => say(like(calls.at(-1), args), "to have been called like that last"),
    toHaveBeenNthCalledWith: (n, ...args) => say(like(calls[n - 1], args), `to have been called like that at ${n}`),
    toHaveReturnedWith: (value) => say(values().some((it) => equal(it, value)), "to have returned that"),
    toHaveReturnedTimes: (n) => say(values().length === n, `to have returned ${n} times`),
    toHaveReturned: () => say(values().length > 0, "to have returned"),
  };
  return made;
}

module.exports = { isPart, Like, remembered, told, words };
