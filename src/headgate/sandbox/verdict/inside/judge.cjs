// Judges JavaScript: runs the tests here and the code elsewhere, and reports what it saw.
//
// Rule 1: console.assert throws here, and every assertion is counted as it begins and passes.
// Rule 2: the report is written when the tests have nothing left to do, on a descriptor that
// only the judge has.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { createRequire, Module } = require("node:module");
const { pathToFileURL } = require("node:url");
const { inspect, promisify } = require("node:util");
const realAssert = require("node:assert");
const { Wire } = require("./values.cjs");
const { Side } = require("./proxies.cjs");
const { Globals } = require("./globals.cjs");

shutHome();
const told = JSON.parse(fs.readFileSync(path.join(__dirname, "told.json"), "utf8"));
const count = { seen: 0, passed: 0, failure: "" };
let output = "";
let isReported = false;
const side = new Side(new Wire(3), written(path.join(__dirname, "tree")));
const words = side.lending.text;
const none = { running: () => [], open: (...args) => require("./suite.cjs").open(...args) };
const suite = told.style === "asserts" ? none : require("./suite.cjs");
let isDone = false;

// The code can write where HOME leads: no module of the tests is looked for there.
function shutHome() {
  const { HOME } = process.env;
  delete process.env.HOME;
  Module._initPaths();
  if (HOME !== undefined) process.env.HOME = HOME;
}

// All that the tests' files hold: by that their own classes are known.
function written(folder) {
  if (!fs.existsSync(folder)) return "";
  return fs.readdirSync(folder, { recursive: true }).filter((it) => /\.[mc]?js$/.test(it))
    .map((it) => fs.readFileSync(path.join(folder, it), "utf8")).join("\n") + told.support;
}

// An assertion of the test fails also if the code that called it swallows that.
side.raised = (e) => { if (e instanceof realAssert.AssertionError) fail(worded(e)); };

function fail(words) { count.failure ||= String(words).slice(0, 600); }

function worded(e) {
  if (!(e instanceof Error)) return `${inspect(e, { depth: 1 })} was thrown`;
  const at = /\((?:file:\/\/)?([^()]*:\d+):\d+\)/.exec(e.stack ?? "");
  return `${e.name}: ${e.message}${at ? ` (${path.basename(at[1])})` : ""}`;
}

function counted(act) {
  return (...args) => {
    count.seen += 1;
    const settle = (e) => { fail(worded(e)); throw e; };
    let result;
    try { result = act(...args); } catch (e) { settle(e); }
    if (result && typeof result.then === "function") {
      return result.then((it) => { count.passed += 1; return it; }, settle);
    }
    count.passed += 1;
    return result;
  };
}

function countedAssert(inner, made = (...args) => ok(...args)) {
  const ok = counted(inner);
  for (const [name, it] of Object.entries(inner)) {
    made[name] = name === "strict" || typeof it !== "function" || name === "AssertionError"
      ? it : counted(it);
  }
  return made;
}

// In test files the unit is the test: an assertion may be expected to fail there.
function assertions() {
  if (told.style !== "asserts") return realAssert;
  const made = countedAssert(realAssert);
  made.strict = countedAssert(realAssert.strict);
  return made;
}

const assert = assertions();
const say = (...args) => {
  if (output.length < 4096) output += `${args.map((it) => inspect(it)).join(" ")}\n`;
};
const quiet = { ...console, log: say, info: say, warn: say, error: say, debug: say, table: say };
quiet.assert = counted((held, ...words) => {
  if (!held) throw new realAssert.AssertionError({ message: words.map(String).join(" ") || "console.assert" });
});

function report() {
  if (isReported) return;
  isReported = true;
  let ending = "failed";
  const doubts = side.deciding.doubts();
  if (side.ended) {
    ending = "ended";
    count.failure = side.ended + (count.seen ? ` at check ${count.seen}` : " before the first check");
  } else if (side.unfit) {
    ending = "untestable";
    count.failure = side.unfit;
  } else if (doubts.length) fail(doubts[0]);
  else if (side.due?.isDue()) fail("a check waits for what never comes");
  else if (!isDone || suite.running().length) {
    fail(`${suite.running()[0] ?? "the tests"}: waits for what never comes`);
  }
  else if (!count.failure && !process.exitCode) {
    ending = count.seen === 0 ? "no_checks" : count.seen === count.passed ? "passed" : "failed";
    if (ending === "failed") fail("a check began and never passed");
  } else fail(`the tests set exit code ${process.exitCode}`);
  fs.writeFileSync(4, JSON.stringify({ ending, ...count, suspicion: doubts, apart: true, output }));
}

process.on("exit", report);
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (e) => { fail(worded(e)); process.exit(1); });
}

function requireOf(file) {
  const inner = createRequire(file);
  return (name) => {
    const plain = name.replace(/^node:/, "");
    if (plain === "assert") return assert;
    if (plain === "assert/strict") return assert.strict;
    if (name === "vitest" || name === "@jest/globals") return suite.open(count, fail);
    const known = told.candidate.find((it) => path.resolve(it) === path.resolve(path.dirname(file), name)
      || path.resolve(it.replace(/\.\w+$/, "")) === path.resolve(path.dirname(file), name));
    return known ? standin(known) : inner(name);
  };
}

function standin(file) {
  const it = side.ask("read", 0, [file, "*"]);
  side.deciding.mean(it);
  return it;
}

// Names that neither the tests nor the language know are the code's.
function scope(file) {
  const own = { require: requireOf(file), console: quiet, assert, module: { exports: {} },
    exports: {}, candidate: undefined, __hg_default: (it) => it?.default ?? it };
  const asked = new Map();
  const find = (key) => {
    if (!asked.has(key)) asked.set(key, side.ask("has", 0, [told.main, key]) === true);
    return asked.get(key);
  };
  const value = new Map();
  const take = (key) => {
    if (!value.has(key)) value.set(key, side.ask("read", 0, [told.main, key]));
    return value.get(key);
  };
  if (told.entry && find(told.entry)) own.candidate = take(told.entry);
  return new Proxy(own, {
    has: (target, key) => typeof key === "string"
      && (Object.hasOwn(target, key) || key === told.entry || (!(key in globalThis) && key !== "arguments" && find(key))),
    get: (target, key) => {
      if (typeof key === "symbol") return undefined;
      return Object.hasOwn(target, key) ? target[key] : take(key);
    },
  });
}

async function runAsserts() {
  const { Awaited } = require("./awaited.cjs");
  side.due = new Awaited(() => Array.from(side.awaited.values(), (it) => it.promise));
  const text = told.files.map((it) =>
    fs.readFileSync(path.join(__dirname, "tree", it), "utf8")).join("\n");
  const isChecked = told.entry && /\bcheck\s*=|function\s+check\b/.test(text)
    && !/^\s*check\s*\(/m.test(text);
  const body = `with (__hg) { return (async function () {\n${told.support}\n${text}\n`
    + `${isChecked ? "return check(candidate);" : ""}\n})(); }`;
  const run = new Function("__hg", body);
  await run(scope(path.resolve("tests.cjs")));
}

// Beside the tests lie modules that lead to the code's, under the names the tests import.
function makeStandins() {
  globalThis.__hg_standin = standin;
  const isNode = words.includes("__hg_node");
  globalThis.__hg_suite = !isNode || words.includes("__hg_suite") ? suite.open(count, fail) : {};
  for (const [name, it] of Object.entries(globalThis.__hg_suite)) globalThis[name] ??= it;
  const lay = (file, from, names, whole = "__hg_it.default") => {
    const place = path.join(__dirname, "tree", file);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    const lines = [...new Set(names)].filter((it) => /^[A-Za-z_$][\w$]*$/.test(it))
      .map((it) => it === "default" ? `export default ${whole};`
        : `export const ${it} = __hg_it.${it};`);
    fs.writeFileSync(place, `const __hg_it = ${from};\n${lines.join("\n")}\n`);
  };
  globalThis.__hg_node = isNode ? suite.watch(count, fail) : {};
  for (const name of ["__hg_suite", "__hg_node"]) {
    lay(`${name}.mjs`, `globalThis.${name}`, Object.keys(globalThis[name]));
    const place = path.join(__dirname, "tree", `${name}.cjs`);
    fs.writeFileSync(place, `module.exports = globalThis.${name};\n`);
  }
  for (const file of told.candidate) {
    const from = `globalThis.__hg_standin(${JSON.stringify(file)})`;
    const names = side.ask("names", 0, [file]);
    if (told.modules.includes(file)) lay(`${file}.mjs`, from, names);
    else lay(`${file}.mjs`, from, [...names, "default"], "__hg_it");
    fs.writeFileSync(path.join(__dirname, "tree", `${file}.cjs`), `module.exports = ${from};\n`);
  }
}

async function runFiles() {
  makeStandins();
  for (const file of told.files) {
    await import(pathToFileURL(path.join(__dirname, "tree", file)));
  }
  await suite.finish(count, fail);
}

async function main() {
  fs.writeSync(5, "r");
  for (const name of told.names) if (!(name in globalThis)) side.deciding.names.add(name);
  for (const file of told.candidate) {
    side.ask("load", 0, [file, told.modules.includes(file)]);
  }
  watchGlobals();
  side.isWaiting = () => told.style === "asserts" || !isDone || suite.running().length > 0;
  await (told.style === "asserts" ? runAsserts() : runFiles());
}

// A timer of the tests comes after those of the code that are due.
function paced(inner) {
  return Object.assign((act, ...rest) => inner(typeof act === "function" ? (...args) => {
    side.turn("turn");
    return act(...args);
  } : act, ...rest), { [promisify.custom]: (...args) => inner[promisify.custom](...args)
    .then((it) => { side.turn("turn"); return it; }) });
}

function watchGlobals() {
  for (const name of ["setTimeout", "setImmediate"]) globalThis[name] = paced(globalThis[name]);
  const globals = new Globals(globalThis, () => {}, words);
  const { env } = process;
  let isEnvNew = false;
  const heard = (act) => (...args) => { isEnvNew = true; return act(...args); };
  process.env = new Proxy(env, { set: heard((of, key, it) => { of[key] = it; return true; }),
    deleteProperty: heard(Reflect.deleteProperty), defineProperty: heard(Reflect.defineProperty) });
  side.before = (op) => {
    if (["global", "restore", "env"].includes(op)) return;
    if (isEnvNew) {
      isEnvNew = false;
      side.ask("env", 0, [{ ...env }]);
    }
    for (const [name, it, isFirst] of globals.replaced()) {
      if (isFirst) side.ask("restore", 0, [name]);
      else side.ask("global", 0, [name, name === "Date" ? () => globalThis.Date.now() : it]);
    }
  };
}

main().then(() => { isDone = true; }, (e) => { isDone = true; fail(worded(e)); });
