// Writes out what containers hold, one level at a time, and fills them from that.
//
// Rule 1: what is rebuilt is a true builtin; of an object only its own data are written.
// Rule 2: objects of the tests' own classes keep their data; methods and accessors are lent.
"use strict";

const TYPED = ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
  "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array",
  "BigUint64Array"];
const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
const KNOWN = ["iterator", "asyncIterator"];
const FROZEN = 1;

class Gone extends Error {}

function kindOf(value) {
  if (Array.isArray(value)) return "array";
  const proto = Object.getPrototypeOf(value);
  if (value instanceof Map) return proto === Map.prototype ? "map" : "";
  if (value instanceof Set) return proto === Set.prototype ? "set" : "";
  if (value instanceof Error) return "error";
  if (ArrayBuffer.isView(value)) return Buffer.isBuffer(value) || named(value) ? "typed" : "";
  return proto === Object.prototype || proto === null ? "object" : "";
}

function named(value) {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return TYPED.includes(kind) ? kind : "";
}

const bodies = {
  array: (v, it) => [Object.isFrozen(it) ? FROZEN : 0, Array.from({ length: it.length }, (_, at) =>
    at in it ? v.encode(it[at]) : ["hole"])],
  map: (v, it) => [Array.from(Map.prototype.entries.call(it), ([a, b]) =>
    [v.encode(a), v.encode(b)])],
  set: (v, it) => [Array.from(Set.prototype.values.call(it), (one) => v.encode(one))],
  typed: (v, it) => [Buffer.isBuffer(it) ? "Buffer" : named(it),
    Buffer.from(it.buffer, it.byteOffset, it.byteLength).toString("base64")],
  object: (v, it) => [Object.getPrototypeOf(it) === null, Object.isFrozen(it) ? FROZEN : 0,
    KNOWN.filter((name) => typeof it[Symbol[name]] === "function")
      .map((name) => [name, v.encode(it[Symbol[name]])]),
    Object.keys(it).map((key) => [key, property(v, it, key)])],
  instance: (v, it) => [v.above(it), instanceKeys(it).map((key) => [key, property(v, it, key)])],
  proto: (v, it) => v.described(it),
  error: errorBody,
};

function bodyOf(values, value, kind) { return [kind, ...bodies[kind](values, value)]; }

// What begins with "_" is nobody's business but the class's own.
function instanceKeys(it) { return Object.keys(it).filter((key) => !key.startsWith("_")); }

function property(v, it, key) {
  const own = Object.getOwnPropertyDescriptor(it, key);
  if (own.get && v.isLending(own.get)) {
    return ["accessor", v.encode(own.get), own.set ? v.encode(own.set) : null];
  }
  return v.encode(it[key]);
}

function errorBody(v, it) {
  const hidden = ["cause", "errors"].filter((key) => Object.hasOwn(it, key));
  const own = [...new Set([...Object.keys(it), ...hidden])].filter((key) => key !== "stack")
    .map((key) => [key, v.encode(it[key])]);
  const base = Object.keys(ERRORS).find((name) => name !== "Error"
    && it instanceof ERRORS[name]) || "Error";
  return [base, String(it.name), String(it.message), v.classesOf(it, ERRORS), own];
}

function made(v, body) {
  switch (body[0]) {
    case "array": return [];
    case "map": return new Map();
    case "set": return new Set();
    case "object": return body[1] ? Object.create(null) : {};
    case "typed": {
      const bytes = Buffer.from(String(body[2]), "base64");
      if (body[1] === "Buffer") return bytes;
      if (!TYPED.includes(body[1])) throw new Gone("the code sent an unknown array");
      return new globalThis[body[1]](new Uint8Array(bytes).buffer);
    }
    case "error": {
      const it = new (Object.hasOwn(ERRORS, body[1]) ? ERRORS[body[1]] : Error)(String(body[3]));
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
  Object.defineProperty(thing, key,
    { value, writable: true, enumerable: true, configurable: true });
}

function hide(thing, key) { Object.defineProperty(thing, key, { enumerable: false }); }

const fills = {
  array(v, it, [, isFrozen, items]) {
    it.length = 0;
    for (let at = 0; at < items.length; at += 1) {
      const one = items[at];
      if (!(Array.isArray(one) && one[0] === "hole")) it[at] = v.decode(one);
    }
    it.length = items.length;
    if (isFrozen) Object.freeze(it);
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
  object(v, it, [, , isFrozen, symbols, entries]) {
    for (const [name, one] of symbols) {
      if (!KNOWN.includes(name)) throw new Gone("the code sent no value");
      put(it, Symbol[name], v.decode(one));
      hide(it, Symbol[name]);
    }
    data(v, it, entries, Object.keys(it));
    if (isFrozen) Object.freeze(it);
  },
  instance(v, it, [, , entries]) {
    if (entries.some(([key]) => String(key).startsWith("_"))) throw new Gone("the code sent what is not its business");
    data(v, it, entries, instanceKeys(it));
  },
  proto(v, it, body) { v.filledProto(it, body); },
  error(v, it, [, , name, , classes, own]) {
    data(v, it, own, Object.keys(it));
    put(it, "name", String(name));
    for (const key of ["name", "cause", "errors"]) if (Object.hasOwn(it, key)) hide(it, key);
    v.classed(it, classes);
  },
};

function data(v, it, entries, before) {
  const fresh = entries.map(([key, frame]) => [String(key), frame]);
  const keys = new Set(fresh.map(([key]) => key));
  for (const key of before) if (!keys.has(key)) delete it[key];
  for (const [key, frame] of fresh) {
    const own = Object.getOwnPropertyDescriptor(it, key);
    if (Array.isArray(frame) && frame[0] === "accessor") {
      if (!own) v.accessed(it, key, frame);
    } else if (own && own.get) v.decode(frame);
    else if (own && !own.enumerable && !["cause", "errors"].includes(key)) v.decode(frame);
    else put(it, key, v.decode(frame));
  }
}

function filled(v, it, body) {
  if (Object.isFrozen(it) && body[0] !== "typed") return;
  fills[body[0]](v, it, body);
}

module.exports = { Gone, bodyOf, filled, kindOf, made, put };
