// Holds the JavaScript under test: serves the judge's calls over descriptor 3.
//
// Rule 1: whatever happens here, only values come of it: the judge decides elsewhere.
"use strict";

const { pathToFileURL } = require("node:url");
const path = require("node:path");
const fs = require("node:fs");
const { createRequire } = require("node:module");
const { Held, Known, Values, Wire } = require("./values.cjs");

const wire = new Wire(3);
const held = new Held();
const met = new Map();
const lent = new Map();
const { setTimeout: later, setImmediate: soon, Date: { now } } = globalThis;
const PATIENCE_MS = 5;
const values = new Values(keep, meet);
const scopes = new Map();

function keep(it) {
  if (met.has(it)) return ["yours", met.get(it)];
  let kind = "object";
  if (typeof it === "function") kind = isClass(it) ? "class" : "function";
  else if (typeof it === "symbol") kind = "symbol";
  else if (it instanceof Promise) kind = "promise";
  const maker = typeof it === "function" ? it : it.constructor;
  const made = kind === "object" && typeof maker === "function" ? held.add(maker) : 0;
  return ["held", held.add(it), kind, String(maker?.name ?? ""), made];
}

function isClass(it) {
  return Function.prototype.toString.call(it).startsWith("class");
}

// A promise of the test: the judge says when it is settled.
const owed = new Map();
let wake = () => {};

function promised(number) {
  return new Promise((resolve, reject) => { owed.set(number, { resolve, reject }); wake(); });
}

function settle(number, isKept, value) {
  const { resolve, reject } = owed.get(number);
  owed.delete(number);
  (isKept ? resolve : reject)(value);
}

// What comes of a promise; null while it does not settle by itself: it may wait for what the
// test does next, which moves only when the judge is not kept waiting.
async function outcome(it) {
  let found = null;
  it.then((value) => { found = ["value", value]; wake(); },
    (e) => { found = ["raise", e]; wake(); });
  const until = now() + PATIENCE_MS;
  for (;;) {
    if (owed.size) await new Promise((r) => later(r, 1));
    if (found || owed.size || now() >= until) return found;
    await new Promise((r) => { wake = r; soon(() => { if (found) r(); }); later(r, 1); });
  }
}

function meet(frame) {
  if (frame[0] === "yours") return held.things.get(frame[1]);
  if (frame[0] === "promised") return promised(frame[1]);
  const number = frame[1];
  // what the test hands over twice is one function here too: on(f), then off(f)
  if (!lent.has(number)) lent.set(number, (...args) => ask("call", number, args));
  met.set(lent.get(number), number);
  return lent.get(number);
}

function ask(op, number, args) {
  const known = new Known();
  wire.send(["ask", op, number, args.map((it) => values.encode(it, known))]);
  for (;;) {
    const frame = wire.receive();
    if (frame[0] === "ask") { serveNow(frame); continue; }
    const value = values.decode(frame[1], known);
    for (const [at, inside] of frame[2]) values.amend(known.things[at], inside, known);
    if (frame[0] === "raise") throw value;
    return value;
  }
}

function perform(op, number, args) {
  if (op === "load") return load(args[0], args[1]);
  if (op === "has") return has(args[0], args[1]);
  if (op === "read") return read(args[0], args[1]);
  if (op === "names") return names(args[0]);
  if (op === "settle") return settle(number, args[0], args[1]);
  const it = held.things.get(number);
  switch (op) {
    case "call": return Reflect.apply(it, args[0], args[1]);
    case "new": return Reflect.construct(it, args[0]);
    case "get": return Reflect.get(Object(it), key(args[0]));
    case "set": return Reflect.set(it, key(args[0]), args[1]);
    case "in": return Reflect.has(it, key(args[0]));
    case "delete": return Reflect.deleteProperty(it, key(args[0]));
    case "keys": return Object.keys(it);
    case "is": return args[0] instanceof it;
    case "symbol": return it.description;
    case "await": return it;
    default: throw new TypeError(`nobody does ${op}`);
  }
}

// Well-known symbols travel by name.
function key(it) {
  return Array.isArray(it) ? Symbol[it[0]] : it;
}

function has(file, name) {
  const scope = scopes.get(file);
  return scope.look(`typeof ${name}`) !== "undefined";
}

function read(file, name) {
  const scope = scopes.get(file);
  return name === "*" ? scope.exports : scope.look(name);
}

function names(file) {
  const { exports } = scopes.get(file);
  const is = exports !== null && ["object", "function"].includes(typeof exports);
  return is ? Object.keys(exports).concat("default" in exports ? ["default"] : []) : [];
}

async function load(file, isModule) {
  const full = path.resolve(file);
  if (isModule) {
    const exports = await import(pathToFileURL(full));
    scopes.set(file, { exports, look: (text) => lookIn(exports, text) });
    return null;
  }
  const code = fs.readFileSync(full, "utf8");
  const module = { exports: {} };
  const made = new Function("exports", "require", "module", "__filename", "__dirname",
    `${code}\n;return (__hg_text) => eval(__hg_text);`);
  const look = made.call(module.exports, module.exports, createRequire(full), module, full,
    path.dirname(full));
  scopes.set(file, { exports: module.exports, look });
  return null;
}

function lookIn(exports, text) {
  if (typeof exports.__hg_look === "function") return exports.__hg_look(text);
  const name = text.replace(/^typeof /, "");
  return text === name ? exports[name] : typeof exports[name];
}

function answer(kind, value, known, before) {
  let after = [];
  let frame;
  try {
    frame = values.encode(value, known);
    after = before.map((old, at) => [at, values.inside(known.things[at], known), old])
      .filter(([, now, old]) => JSON.stringify(now) !== JSON.stringify(old))
      .map(([at, now]) => [at, now]);
  } catch (e) {
    kind = "raise";
    frame = values.encode(new Error(String(e?.message ?? e)), new Known());
    after = [];
  }
  wire.send([kind, frame, after]);
}

function open(frame) {
  const [, op, number, frames] = frame;
  const known = new Known();
  const args = frames.map((it) => values.decode(it, known));
  const before = known.things.slice().map((it) => values.inside(it, known));
  return { op, number, args, known, before };
}

// While the code waits for an answer of its own nothing can be awaited.
function serveNow(frame) {
  if (frame[1] === "await") {
    wire.send(["pending", null, []]);
    return;
  }
  const { op, number, args, known, before } = open(frame);
  try { answer("value", perform(op, number, args), known, before); } catch (e) {
    answer("raise", e, known, before);
  }
}

async function serve(frame) {
  const { op, number, args, known, before } = open(frame);
  let kind = "value";
  let result;
  try {
    result = perform(op, number, args);
    if (op === "load") result = await result;
    if (op === "await") {
      const found = await outcome(Promise.resolve(result));
      if (found === null) {
        wire.send(["pending", null, []]);
        return;
      }
      [kind, result] = found;
    }
  } catch (e) {
    kind = "raise";
    result = e;
  }
  answer(kind, result, known, before);
}

process.on("unhandledRejection", () => {});
(async () => {
  for (;;) await serve(wire.receive());
})().catch(() => process.exit(1));
