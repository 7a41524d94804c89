// Writes out what containers hold, one level at a time, and fills them from that.
//
// Rule 1: what is rebuilt is a true builtin; of an object only its own data are written.
// Rule 2: objects of the tests' own classes keep their data; methods and accessors are lent.
"use strict";

const { isDate, isRegExp } = require("node:util").types;

const TYPED = ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
  "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array",
  "BigUint64Array"];
const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError,
  AggregateError };
const KNOWN = ["iterator", "asyncIterator"];
// How much of an object may still be changed.
const [OPEN, FROZEN, SEALED, SHUT] = [0, 1, 2, 3];
const CLOSING = { [FROZEN]: Object.freeze, [SEALED]: Object.seal, [SHUT]: Object.preventExtensions };
const FIXED = 1;

class Gone extends Error {}

function kindOf(value) {
  if (Array.isArray(value)) return "array";
  const proto = Object.getPrototypeOf(value);
  if (value instanceof Map) return proto === Map.prototype ? "map" : "";
  if (value instanceof Set) return proto === Set.prototype ? "set" : "";
  if (value instanceof Error) return "error";
  if (isDate(value)) return "date";
  if (isRegExp(value)) return "regexp";
  if (value instanceof URL) return "url";
  if (value instanceof ArrayBuffer) return "buffer";
  if (ArrayBuffer.isView(value)) return Buffer.isBuffer(value) || named(value) ? "typed" : "";
  return proto === Object.prototype || proto === null ? "object" : "";
}

function named(value) {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return TYPED.includes(kind) ? kind : "";
}

function closed(it) {
  if (Object.isExtensible(it)) return OPEN;
  if (Object.isFrozen(it)) return FROZEN;
  return Object.isSealed(it) ? SEALED : SHUT;
}

// The texts of a template as they were written.
function raw(it) { return Object.hasOwn(it, "raw") && Array.isArray(it.raw); }

const bodies = {
  array: (v, it) => [closed(it), raw(it) ? v.encode(it.raw) : null, Array.from({ length: it.length }, (_, at) =>
    at in it ? v.encode(it[at]) : ["hole"])],
  map: (v, it) => [Array.from(Map.prototype.entries.call(it), ([a, b]) =>
    [v.encode(a), v.encode(b)])],
  set: (v, it) => [Array.from(Set.prototype.values.call(it), (one) => v.encode(one))],
  typed: (v, it) => [Buffer.isBuffer(it) ? "Buffer" : named(it),
    Buffer.from(it.buffer, it.byteOffset, it.byteLength).toString("base64")],
  date: (_, it) => [Date.prototype.getTime.call(it)],
  regexp: (_, it) => [it.source, it.flags, it.lastIndex],
  url: (_, it) => [String(it)],
  buffer: (_, it) => [Buffer.from(it).toString("base64")],
  object: (v, it) => [Object.getPrototypeOf(it) === null, closed(it),
    KNOWN.filter((name) => typeof it[Symbol[name]] === "function")
      .map((name) => [name, v.encode(it[Symbol[name]])]),
    Object.keys(it).map((key) => entry(v, it, key))],
  instance: (v, it) => [v.above(it), closed(it), instanceKeys(it).map((key) => entry(v, it, key))],
  proto: (v, it) => v.described(it),
  error: errorBody,
};

function bodyOf(values, value, kind) { return [kind, ...bodies[kind](values, value)]; }

// What begins with "_" is nobody's business but the class's own.
function instanceKeys(it) { return Object.keys(it).filter((key) => !key.startsWith("_")); }

function entry(v, it, key) {
  const own = Object.getOwnPropertyDescriptor(it, key);
  if (own.get && v.isLending(own.get)) {
    return [key, ["accessor", v.encode(own.get), own.set ? v.encode(own.set) : null]];
  }
  const frame = v.encode(it[key]);
  return own.writable === false ? [key, frame, FIXED] : [key, frame];
}

function baseOf(it) {
  if (it.code === "ERR_ASSERTION" && it instanceof require("node:assert").AssertionError) return "AssertionError";
  return Object.keys(ERRORS).find((name) => name !== "Error" && it instanceof ERRORS[name]) || "Error";
}

function errorBody(v, it) {
  const hidden = ["cause", "errors"].filter((key) => Object.hasOwn(it, key));
  const own = [...new Set([...Object.keys(it), ...hidden])].filter((key) => key !== "stack")
    .map((key) => [key, v.encode(it[key])]);
  return [baseOf(it), String(it.name), String(it.message), v.classesOf(it, ERRORS), own];
}

function errorOf(base, message) {
  if (base === "AggregateError") return new AggregateError([], message);
  if (base === "AssertionError") return new (require("node:assert").AssertionError)({ message });
  return new (Object.hasOwn(ERRORS, base) ? ERRORS[base] : Error)(message);
}

function made(v, body) {
  switch (body[0]) {
    case "array": return [];
    case "map": return new Map();
    case "set": return new Set();
    case "object": return body[1] ? Object.create(null) : {};
    case "date": return new Date(NaN);
    case "regexp": return new RegExp(String(body[1]), String(body[2]));
    case "url": return new URL(String(body[1]));
    case "buffer": return new ArrayBuffer(Buffer.from(String(body[1]), "base64").length);
    case "typed": {
      const bytes = Buffer.from(String(body[2]), "base64");
      if (body[1] === "Buffer") return bytes;
      if (!TYPED.includes(body[1])) throw new Gone("the code sent an unknown array");
      return new globalThis[body[1]](new Uint8Array(bytes).buffer);
    }
    case "error": {
      const it = errorOf(body[1], String(body[3]));
      const stack = String(it.stack).split("\n").slice(1).join("\n");
      Object.defineProperty(it, "stack", { value: `${body[2]}: ${body[3]}\n${stack}`,
        writable: true, configurable: true });
      return it;
    }
    default: return v.shaped(body);
  }
}

// As own data: a key called __proto__ is a key like any other.
function put(thing, key, value) {
  const own = Object.getOwnPropertyDescriptor(thing, key);
  if (own ? own.configurable : Object.isExtensible(thing)) {
    Object.defineProperty(thing, key,
      { value, writable: true, enumerable: true, configurable: true });
  } else if (own?.writable) thing[key] = value;
}

function hide(thing, key) { Reflect.defineProperty(thing, key, { enumerable: false }); }

const fills = {
  array(v, it, [, how, asWritten, items]) {
    if (asWritten) {
      put(it, "raw", v.decode(asWritten));
      hide(it, "raw");
    }
    it.length = 0;
    for (let at = 0; at < items.length; at += 1) {
      const one = items[at];
      if (!(Array.isArray(one) && one[0] === "hole")) it[at] = v.decode(one);
    }
    it.length = items.length;
    close(it, how);
  },
  map(v, it, [, pairs]) {
    const fresh = pairs.map(([key, value]) => [v.decode(key), v.decode(value)]);
    Map.prototype.clear.call(it);
    for (const [key, value] of fresh) Map.prototype.set.call(it, key, value);
  },
  set(v, it, [, items]) {
    const fresh = items.map((one) => v.decode(one));
    Set.prototype.clear.call(it);
    for (const one of fresh) Set.prototype.add.call(it, one);
  },
  typed(v, it, [, , bytes]) {
    const fresh = Buffer.from(String(bytes), "base64");
    if (fresh.length !== it.byteLength) throw new Gone("the code sent another kind of value");
    new Uint8Array(it.buffer, it.byteOffset, it.byteLength).set(fresh);
  },
  date(_, it, [, time]) { Date.prototype.setTime.call(it, time === null ? NaN : Number(time)); },
  regexp(_, it, [, , , at]) { it.lastIndex = Number(at); },
  url(_, it, [, href]) { it.href = String(href); },
  buffer(_, it, [, bytes]) { new Uint8Array(it).set(Buffer.from(String(bytes), "base64")); },
  object(v, it, [, , how, symbols, entries]) {
    for (const [name, one] of symbols) {
      if (!KNOWN.includes(name)) throw new Gone("the code sent no value");
      put(it, Symbol[name], v.decode(one));
      hide(it, Symbol[name]);
    }
    data(v, it, entries, Object.keys(it));
    close(it, how);
  },
  instance(v, it, [, , how, entries]) {
    if (entries.some(([key]) => String(key).startsWith("_"))) throw new Gone("the code sent what is not its business");
    data(v, it, entries, instanceKeys(it));
    close(it, how);
  },
  proto(v, it, body) { v.filledProto(it, body); },
  error(v, it, [, , name, , classes, own]) {
    data(v, it, own, Object.keys(it));
    put(it, "name", String(name));
    for (const key of ["name", "cause", "errors"]) if (Object.hasOwn(it, key)) hide(it, key);
    v.classed(it, classes);
  },
};

function close(it, how) { if (how !== OPEN) CLOSING[how]?.(it); }

function data(v, it, entries, before) {
  const fresh = entries.map(([key, frame, fixed]) => [String(key), frame, fixed === FIXED]);
  const keys = new Set(fresh.map(([key]) => key));
  for (const key of before) if (!keys.has(key)) Reflect.deleteProperty(it, key);
  for (const [key, frame, isFixed] of fresh) {
    const own = Object.getOwnPropertyDescriptor(it, key);
    if (Array.isArray(frame) && frame[0] === "accessor") {
      if (!own) v.accessed(it, key, frame);
    } else if (own && own.get) v.decode(frame);
    else if (own && !own.enumerable && !["cause", "errors"].includes(key)) v.decode(frame);
    else put(it, key, v.decode(frame));
    if (isFixed && own?.writable !== false) fix(it, key);
  }
}

function fix(it, key) { Reflect.defineProperty(it, key, { writable: false }); }

function filled(v, it, body) {
  if (Object.isFrozen(it) && !["typed", "date"].includes(body[0])) return;
  fills[body[0]](v, it, body);
}

module.exports = { Gone, bodyOf, filled, kindOf, made, put };
