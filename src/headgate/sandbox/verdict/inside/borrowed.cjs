// Stands in the code's process for functions, classes and objects of the tests.
//
// Rule 1: a method of the tests runs where it was written; `this` goes along by number.
"use strict";

const { builtin } = require("./builtins.cjs");

function lendingOf(values, ask) {
  const isTheirs = (it) => it !== null && ["object", "function"].includes(typeof it)
    && values.numbers.has(it);

  // An object by the prototype that its class has here.
  values.shaped = (body) => {
    const [kind, up, known] = body;
    if (kind === "proto" && known) return Object.create(builtin(known));
    const proto = values.protoOf(up);
    return Object.create(proto ?? Object.prototype);
  };
  values.protoOf = (frame) => {
    if (frame === null || frame === undefined) return null;
    return frame[0] === "base" ? values.held.things.get(frame[1]).prototype : values.decode(frame);
  };
  values.filledProto = (it, [, , , maker, members]) => {
    if (maker) {
      Object.defineProperty(it, "constructor", { value: values.decode(maker), writable: true,
        configurable: true });
    }
    for (const [name, ...parts] of members) {
      const [value, get, set] = parts.map((one) => (one ? values.decode(one) : undefined));
      const key = name.startsWith("@") ? Symbol[name.slice(1)] : name;
      const how = value ? { value, writable: true } : { get, set };
      Object.defineProperty(it, key, { ...how, configurable: true });
    }
  };
  values.described = () => [null, "", null, []];
  values.above = () => null;
  values.isLending = isTheirs;
  values.accessed = (it, key, [, get, set]) => Object.defineProperty(it, key, {
    get: values.decode(get), set: set ? values.decode(set) : undefined, enumerable: true,
    configurable: true });
  values.classesOf = classesOf;
  values.classed = (e, frame) => {
    const proto = values.protoOf(frame);
    if (proto) Object.setPrototypeOf(e, proto);
  };

  // Of an error the code's classes, and what they add to it.
  function classesOf(e, errors) {
    const kinds = [];
    const members = new Map();
    for (let it = Object.getPrototypeOf(e); it && it !== Error.prototype;
      it = Object.getPrototypeOf(it)) {
      const kind = Object.hasOwn(it, "constructor") ? it.constructor : null;
      if (typeof kind !== "function" || errors[kind.name] === kind) continue;
      if (kind.name === "AssertionError" && e.code === "ERR_ASSERTION") continue;
      kinds.push(values.keep(kind));
      if (kind.name === "DOMException") continue;
      for (const name of Object.getOwnPropertyNames(it)) {
        if (["constructor", "name", "message", "stack"].includes(name) || members.has(name)) continue;
        // what a getter of the tests says is their own business
        const isLent = isTheirs(Object.getOwnPropertyDescriptor(it, name).get);
        if (!isLent && !Object.hasOwn(e, name)) members.set(name, values.encode(e[name]));
      }
    }
    return [kinds, [...members]];
  }

  function functionOf([, number, kind, name, proto, length, own]) {
    const made = function (...args) {
      return ask(new.target ? "new" : "call", number, [new.target ? undefined : this, ...args]);
    };
    values.know(number, made);
    Object.defineProperty(made, "name", { value: name, configurable: true });
    Object.defineProperty(made, "length", { value: length, configurable: true });
    const shape = values.protoOf(proto);
    if (shape) made.prototype = shape;
    else if (kind === "class") made.prototype = {};
    const above = shape && Object.getPrototypeOf(shape);
    if (above && typeof above.constructor === "function" && above !== Object.prototype) {
      Object.setPrototypeOf(made, above.constructor);
    }
    for (const [key, frame] of own) {
      Object.defineProperty(made, key, { value: values.decode(frame), writable: true,
        enumerable: true, configurable: true });
    }
    return made;
  }

  return { functionOf };
}

module.exports = { lendingOf };
