// Names the builtins whose objects a test may hand over, and what the language itself makes.
//
// Rule 1: both sides have them under the same names; the members are lent all the same.
"use strict";

const EventEmitter = require("node:events");
const stream = require("node:stream");

const CLASSES = [EventEmitter, EventTarget, AbortController, AbortSignal, URL, URLSearchParams,
  Headers, Request, Response, Blob, FormData, TextEncoder, TextDecoder, ReadableStream,
  WritableStream, Map, Set, Date, Error, TypeError, RangeError, Array, stream.Stream,
  stream.Readable, stream.Writable, stream.Duplex, stream.Transform, stream.PassThrough];
const BUILTINS = new Map(CLASSES.map((it) => [it.name, it.prototype]));
for (const [name, it] of [
  ["Generator", Object.getPrototypeOf(function* () {}).prototype],
  ["AsyncGenerator", Object.getPrototypeOf(async function* () {}).prototype],
  ["ArrayIterator", Object.getPrototypeOf([].values())],
  ["MapIterator", Object.getPrototypeOf(new Map().values())],
  ["SetIterator", Object.getPrototypeOf(new Set().values())],
]) BUILTINS.set(name, it);

module.exports = { BUILTINS };
