// Names the builtins whose objects a test may hand over, and what the language itself makes.
//
// Rule 1: both sides have them under the same names; the members are lent all the same.
// Rule 2: none is loaded before an object of a class of that name is handed over.
"use strict";

const own = Object.getOwnPropertyDescriptor;
const named = (names, from) => names.split(" ").map((name) => [name, () => from()[name]]);
const CLASSES = new Map([
  ...named("EventTarget AbortController AbortSignal URL URLSearchParams Headers Request Response "
    + "Blob FormData TextEncoder TextDecoder ReadableStream WritableStream Map Set Date Error "
    + "TypeError RangeError Array", () => globalThis),
  ...named("EventEmitter", () => require("node:events")),
  ...named("Stream Readable Writable Duplex Transform PassThrough", () => require("node:stream")),
]);
const MADE = new Map([
  ["Generator", Object.getPrototypeOf(function* () {}).prototype],
  ["AsyncGenerator", Object.getPrototypeOf(async function* () {}).prototype],
  ["ArrayIterator", Object.getPrototypeOf([].values())],
  ["MapIterator", Object.getPrototypeOf(new Map().values())],
  ["SetIterator", Object.getPrototypeOf(new Set().values())],
]);
const NAMES = new Map([...MADE].map(([name, it]) => [it, name]));

function builtin(name) { return MADE.get(name) ?? CLASSES.get(name)?.().prototype; }

// The name of a prototype; "" of what is no builtin.
function nameOf(proto) {
  if (!NAMES.has(proto)) {
    const maker = own(proto, "constructor")?.value;
    const name = typeof maker === "function" ? own(maker, "name")?.value : "";
    NAMES.set(proto, CLASSES.has(name) && builtin(name) === proto ? name : "");
  }
  return NAMES.get(proto);
}

module.exports = { builtin, nameOf };
