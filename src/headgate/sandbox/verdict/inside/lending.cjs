// Lends objects of the tests: their data is shared, their methods and accessors go by number.
//
// Rule 1: lent are objects whose classes are written in the tests' files or are known here; of
// anything else nothing is handed over, and the test is told so.
// Rule 2: of a class the code gets the methods and may make objects of it; members that begin with
// "_" are kept from it.
"use strict";

const { isProxy } = require("node:util").types;
const { nameOf } = require("./builtins.cjs");

const SYMBOLS = ["iterator", "asyncIterator", "toPrimitive"];
const EVIL = new Set([Function, eval, (async () => {}).constructor, (function* () {}).constructor,
  (async function* () {}).constructor, Proxy, Reflect, Object, Function.prototype.call,
  Function.prototype.apply, Function.prototype.bind]);

const TIMERS = new Set(["Timeout", "Immediate"]);

const refuse = (what) => (_, key) => {
  throw new TypeError(`Cannot ${what} properties of undefined (${String(key)})`);
};
// Where the code calls a method on nothing, a sloppy function would have the global object.
const NOBODY = new Proxy(Object.freeze(Object.create(null)), { get: refuse("read"),
  set: refuse("set"), has: refuse("look for"), defineProperty: refuse("set"),
  deleteProperty: refuse("delete"), ownKeys: refuse("list") });

function receiver(it, self) {
  if (self !== undefined && self !== null) return self;
  if (isProxy(it)) return NOBODY;
  const isStrict = Object.hasOwn(it, "prototype") && !Object.hasOwn(it, "arguments");
  return !isStrict && /\bthis\b/.test(Function.prototype.toString.call(it)) ? NOBODY : self;
}

class Unfit extends TypeError {}

class Lending {
  constructor(values, text) {
    this.values = values;
    this.text = text;
    this.own = new Map();
    this.bases = new Map(); // an object that stands for a prototype of the code's -> its class
  }

  // Whether a prototype belongs to a class or function that the tests' files hold.
  isOwn(proto) {
    if (!this.own.has(proto)) {
      const maker = Object.hasOwn(proto, "constructor") ? proto.constructor : null;
      this.own.set(proto, typeof maker === "function"
        ? TIMERS.has(maker.name) || this.text.includes(Function.prototype.toString.call(maker)) : this.isMade(proto));
    }
    return this.own.get(proto);
  }

  // Object.create(methods), and what generators of the tests make.
  isMade(proto) {
    const up = Object.getPrototypeOf(proto);
    return up === Object.prototype || up === null || nameOf(up) !== "";
  }

  isLent(it) {
    let proto = Object.getPrototypeOf(it);
    while (proto && this.isOwn(proto) && !nameOf(proto) && proto !== Object.prototype) {
      proto = Object.getPrototypeOf(proto);
    }
    return proto === null || proto === Object.prototype || nameOf(proto) !== ""
      || this.bases.has(proto);
  }

  encodeProto(proto) {
    if (proto === null || proto === Object.prototype) return null;
    if (this.bases.has(proto)) return ["base", this.bases.get(proto)];
    if (!this.values.records.has(proto)) return this.values.share(proto, "proto");
    return ["mine", this.values.held.numbers.get(proto)];
  }

  // What a prototype is made of: the one above it, its builtin's name, its class, its members.
  described(proto) {
    const known = nameOf(proto);
    const members = this.membersOf(proto);
    const taken = new Set(members.map(([name]) => name));
    let up = Object.getPrototypeOf(proto);
    for (; known && up && up !== Object.prototype; up = Object.getPrototypeOf(up)) {
      for (const it of this.membersOf(up)) {
        if (!taken.has(it[0])) members.push(it);
        taken.add(it[0]);
      }
    }
    const maker = Object.hasOwn(proto, "constructor") ? proto.constructor : null;
    return [known ? null : this.encodeProto(up), known,
      !known && typeof maker === "function" ? this.values.encode(maker) : null, members];
  }

  membersOf(proto) {
    const found = [];
    const names = [...Object.getOwnPropertyNames(proto).map((it) => [it, it]),
      ...SYMBOLS.map((it) => [Symbol[it], `@${it}`])];
    for (const [key, name] of names) {
      const own = Object.getOwnPropertyDescriptor(proto, key);
      if (!own || key === "constructor" || name.startsWith("_")) continue;
      const parts = [own.value, own.get, own.set].map((it) =>
        typeof it === "function" && !EVIL.has(it) ? this.values.encode(it) : null);
      if (parts.some(Boolean)) found.push([name, ...parts]);
    }
    return found;
  }

  // A class of the tests, or one known here, may be asked for objects; others only be called.
  classOf(it) {
    const own = Object.getOwnPropertyDescriptor(it, "prototype");
    const proto = own && own.value;
    if (!proto || typeof proto !== "object") return null;
    return (nameOf(proto) || this.isOwn(proto)) && this.isLent(proto) ? this.encodeProto(proto) : null;
  }
}

module.exports = { EVIL, Lending, NOBODY, receiver, Unfit };
