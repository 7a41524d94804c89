// Holds the JavaScript under test: serves the judge's calls over descriptor 3.
//
// Rule 1: whatever happens here, only values come of it: the judge decides elsewhere.
// Rule 2: nothing moves by itself: what waits goes on when the judge gives a turn.
"use strict";

const { pathToFileURL } = require("node:url");
const path = require("node:path");
const fs = require("node:fs");
const { createRequire, syncBuiltinESMExports } = require("node:module");
const { Values, Wire } = require("./values.cjs");
const { lendingOf } = require("./borrowed.cjs");
const { nameOf } = require("./builtins.cjs");
const { Globals } = require("./globals.cjs");

const wire = new Wire(3);
const { setImmediate: soon, queueMicrotask: micro, process: { nextTick, getActiveResourcesInfo,
  _getActiveHandles } } = globalThis;
const waiting = getActiveResourcesInfo.bind(process);
const open = _getActiveHandles.bind(process);
// What it prints goes to pipes too, and a pipe is also what it may wait for: a Unix socket.
const isActive = () => waiting().some((it) => it !== "PipeWrap" && it !== "TTYWrap")
  || open().some((it) => it._isStdio !== true);
const ROUNDS = 3;
const scopes = new Map();
const owed = new Map();
const signals = new Map();
let settled = [];

const values = new Values(keep, meet);
const borrowed = lendingOf(values, ask);
const globals = new Globals(globalThis, syncBuiltinESMExports);
const { held } = values;

function keep(it) {
  if (values.numbers.has(it)) return ["yours", values.numbers.get(it)];
  let kind = "object";
  if (typeof it === "function") kind = isClass(it) ? "class" : "function";
  else if (typeof it === "symbol") kind = "symbol";
  else if (it instanceof Promise) return keepPromise(it);
  const maker = typeof it === "function" ? it : makerOf(it);
  const made = kind === "object" && typeof maker === "function" ? held.add(maker) : 0;
  return ["held", held.add(it), kind, String(maker?.name ?? "Object"), made];
}

// Of a plain object that is kept, none: it is of no class.
function makerOf(it) {
  return Object.getPrototypeOf(it) === Object.prototype ? null : it.constructor;
}

// What computes as it is read, or hears what is written, would lose that as data.
values.isKept = (it) => Object.getPrototypeOf(it) === Object.prototype
  && Object.keys(it).some((key) => {
    const { get, set } = Object.getOwnPropertyDescriptor(it, key);
    return (get ?? set) && !values.isLending(get ?? set);
  });

function isClass(it) {
  return Function.prototype.toString.call(it).startsWith("class");
}

// The judge is told what came of it with the next turn.
function keepPromise(it) {
  const isNew = !held.numbers.has(it);
  const number = held.add(it);
  if (isNew) {
    const say = (isKept) => (value) => { settled.push([number, isKept, value]); };
    Promise.prototype.then.call(it, say(true), say(false));
  }
  const own = isNew ? Object.keys(it).map((key) => [key, values.encode(it[key])]) : [];
  return ["held", number, "promise", "", 0, own];
}

function meet(frame) {
  const [tag, number] = frame;
  if (values.theirs.has(number)) return values.theirs.get(number);
  if (tag === "promised") return known(number, new Promise((resolve, reject) => {
    owed.set(number, { resolve, reject });
  }));
  if (tag === "signal") return signal(frame);
  return borrowed.functionOf(frame);
}

function known(number, it) {
  values.know(number, it);
  return it;
}

function signal([, number, isAborted, reason]) {
  const own = new AbortController();
  signals.set(number, own);
  if (isAborted) own.abort(values.decode(reason));
  return known(number, own.signal);
}

function settle(number, isKept, value) {
  const { resolve, reject } = owed.get(number);
  owed.delete(number);
  (isKept ? resolve : reject)(value);
}

function ask(op, number, args) {
  const frames = args.map((it) => values.encode(it));
  wire.send(["ask", op, number, frames, values.changes()]);
  for (;;) {
    const frame = wire.receive();
    if (frame[0] === "ask") { serve(frame); continue; }
    const value = values.decode(frame[1]);
    values.amend(frame[2]);
    if (frame[0] === "raise") throw value;
    return value;
  }
}

function perform(op, number, args) {
  const it = held.things.get(number);
  switch (op) {
    case "has": return look(args[0], args[1]) !== "undefined";
    case "read": return read(args[0], args[1]);
    case "names": return names(args[0]);
    case "settle": return settle(number, args[0], args[1]);
    case "abort": return signals.get(number).abort(args[0]);
    case "global": return globals.put(args[0], args[1]);
    case "restore": return globals.restore(args[0]);
    case "env": return surround(args[0]);
    case "call": return Reflect.apply(it, args[0], args[1]);
    case "new": return Reflect.construct(it, args[0]);
    case "derive": return Reflect.construct(it, args.slice(1), args[0]);
    case "member": return Reflect.get(it.prototype, args[0]);
    case "method": return method(it.prototype, args[0]);
    case "reshape": return reshape(it.prototype, args[0], args[1]);
    case "base": return base(it.prototype);
    case "frozen": return Object.isFrozen(it);
    case "get": return Reflect.get(Object(it), key(args[0]));
    case "set": return Reflect.set(it, key(args[0]), args[1]);
    case "in": return Reflect.has(it, key(args[0]));
    case "delete": return Reflect.deleteProperty(it, key(args[0]));
    case "keys": return Object.keys(it);
    case "is": return args[0] instanceof it;
    default: throw new TypeError(`nobody does ${op}`);
  }
}

function method(proto, name) {
  const own = Object.getOwnPropertyDescriptor(proto, name);
  return typeof own?.value === "function" ? own.value : undefined;
}

function reshape(proto, name, value) {
  if (value === undefined) return Reflect.deleteProperty(proto, name);
  return Reflect.defineProperty(proto, name, { value, writable: true, configurable: true });
}

// The name of the nearest builtin that a class is of.
function base(proto) {
  for (let it = proto; it; it = Object.getPrototypeOf(it)) if (nameOf(it)) return nameOf(it);
  return "";
}

function surround(env) {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
}

// Well-known symbols travel by name.
function key(it) {
  return Array.isArray(it) ? Symbol[it[0]] : it;
}

function look(file, name) { return scopes.get(file).look(`typeof ${name}`); }

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
    return;
  }
  const code = fs.readFileSync(full, "utf8");
  const module = { exports: {} };
  const made = new Function("exports", "require", "module", "__filename", "__dirname",
    `${code}\n;return (__hg_text) => eval(__hg_text);`);
  const eye = made.call(module.exports, module.exports, createRequire(full), module, full,
    path.dirname(full));
  scopes.set(file, { exports: module.exports, look: eye });
}

function lookIn(exports, text) {
  if (typeof exports.__hg_look === "function") return exports.__hg_look(text);
  const name = text.replace(/^typeof /, "");
  return text === name ? exports[name] : typeof exports[name];
}

function answer(kind, value, mentioned = []) {
  let frame;
  try { frame = values.encode(value); } catch (e) {
    kind = "raise";
    frame = values.encode(new Error(String(e?.message ?? e)));
  }
  for (const it of mentioned) values.mentioned.add(it);
  wire.send([kind, frame, values.changes()]);
}

function serve([, op, number, frames, changes]) {
  const args = frames.map((it) => values.decode(it));
  values.amend(changes);
  const mentioned = [...values.mentioned];
  let kind = "value";
  let result;
  try { result = perform(op, number, args); } catch (e) {
    kind = "raise";
    result = e;
  }
  answer(kind, result, mentioned);
}

// What the code's promises have become, and whether it waits for anything by itself.
function tell() {
  const found = settled.map(([number, isKept, value]) => {
    try { return [number, isKept, values.encode(value)]; } catch (e) {
      return [number, false, values.encode(new Error(String(e?.message ?? e)))];
    }
  });
  settled = [];
  wire.send(["ran", found, isActive(), values.changes()]);
}

function drained(done, rounds = ROUNDS) {
  if (rounds === 0) done();
  else micro(() => nextTick(() => drained(done, rounds - 1)));
}

// Calls are answered at once, one inside of the other; only a turn lets anything else go on.
function next() {
  for (;;) {
    const frame = wire.receive();
    const [, op, , frames, changes] = frame;
    const go = () => drained(() => { tell(); next(); });
    if (op === "load") {
      const [file, isModule] = frames;
      load(file, isModule).then(() => answer("value", null), (e) => answer("raise", e)).then(next);
      return;
    }
    if (op === "tick" || op === "turn") {
      values.amend(changes);
      if (op === "tick") go();
      else soon(go);
      return;
    }
    serve(frame);
  }
}

process.on("unhandledRejection", () => {});
process.on("uncaughtException", (e) => {
  if (e?.constructor?.name === "Gone") process.exit(1);
  console.error(e);
  process.exit(1);
});
next();
