// Lets a test use the code's functions and objects, which stay in the other process.
//
// Rule 1: an object of the code never stands in for a plain value: what a string, array or
// number would have answered, its own methods do not answer.
// Rule 2: what is refused is remembered: a test that swallows the refusal does not pass either.
"use strict";

const { Gone, Held, Known, Values } = require("./values.cjs");

const ASKING = new Set(("startsWith endsWith includes indexOf lastIndexOf every some equals match "
  + "test has search localeCompare find findIndex isEqual").split(" "));

class Side {
  constructor(wire) {
    this.wire = wire;
    this.held = new Held();
    this.numbers = new WeakMap();
    this.made = new Map();
    this.meant = new Set();
    this.names = new Set();
    this.suspicion = [];
    this.ended = null;
    this.raised = () => {};
    this.values = new Values((it) => this.keep(it), (frame) => this.meet(frame));
  }

  refuse(words) {
    if (!this.suspicion.includes(words)) this.suspicion.push(words);
    return new Error(words);
  }

  stoodIn(name, key) {
    return this.refuse(`an object of the code's (${name}) stood where a plain value was due: `
      + `its own .${key}() would have decided`);
  }

  // A plain object with a function by such a name is no plain value either.
  checked(value, seen = new Set()) {
    if (value === null || typeof value !== "object" || seen.has(value) || this.numbers.has(value)) {
      return value;
    }
    seen.add(value);
    for (const key of Object.keys(value)) {
      if (ASKING.has(key) && typeof value[key] === "function") throw this.stoodIn("Object", key);
      this.checked(value[key], seen);
    }
    return value;
  }

  keep(it) {
    if (this.numbers.has(it)) return ["yours", this.numbers.get(it)];
    if (typeof it === "symbol") throw new TypeError("a symbol is not handed to the code");
    if (it instanceof Promise) return this.owe(it);
    return ["held", this.held.add(it)];
  }

  // A promise of the test: the code is told when it is settled.
  owe(it) {
    const number = this.held.add(it);
    const settle = (isKept) => (value) => {
      try { this.ask("settle", number, [isKept, value]); } catch { /* told by what awaits it */ }
    };
    it.then(settle(true), settle(false));
    return ["promised", number];
  }

  meet(frame) {
    const [tag, number, kind, name, maker] = frame;
    if (tag === "yours" && this.held.things.has(number)) return this.held.things.get(number);
    if (tag !== "held" || !Number.isInteger(number)) throw new Gone("the code sent no value");
    if (!this.made.has(number)) this.made.set(number, this.make(number, kind, name, maker));
    return this.made.get(number);
  }

  make(number, kind, name, maker) {
    if (kind === "promise") return this.promise(number);
    if (kind === "symbol") return Symbol(String(name));
    const isObject = kind === "object";
    const target = isObject ? {} : kind === "class" ? class {} : function () {};
    const made = new Proxy(target, this.traps(number, isObject, String(name), maker));
    this.numbers.set(made, number);
    return made;
  }

  promise(number) {
    return new Promise((resolve, reject) => {
      setImmediate(() => this.askLater("await", number).then(resolve, reject));
    });
  }

  traps(number, isObject, name, maker) {
    const ask = (op, ...args) => this.ask(op, number, args);
    return {
      apply: (_, self, args) => ask("call", this.numbers.has(self ?? args) ? self : undefined, args),
      construct: (_, args) => {
        const it = ask("new", args);
        if (this.numbers.has(it)) this.meant.add(this.numbers.get(it));
        return it;
      },
      get: (target, key) => {
        if (ASKING.has(key) && !this.names.has(name) && !this.meant.has(number)) {
          throw this.stoodIn(name, key);
        }
        if (key === "prototype" && !isObject) return this.shape(target, number);
        if (key === "constructor" && isObject) return this.meet(["held", maker, "class", name]);
        if (typeof key === "symbol") return this.symbol(key, number, ask);
        return ask("get", key);
      },
      set: (_, key, value) => typeof key === "string" && ask("set", key, value) === true,
      has: (_, key) => typeof key === "string" && ask("in", key) === true,
      deleteProperty: (_, key) => ask("delete", key) === true,
      ownKeys: (target) => [...new Set([
        ...Reflect.ownKeys(target), ...ask("keys").filter((it) => typeof it === "string")])],
      getOwnPropertyDescriptor: (target, key) => {
        const own = Reflect.getOwnPropertyDescriptor(target, key);
        if (own || typeof key !== "string" || !ask("keys").includes(key)) return own;
        return { value: ask("get", key), writable: true, enumerable: true, configurable: true };
      },
      getPrototypeOf: (target) => isObject && maker
        ? this.shape(null, maker) : Reflect.getPrototypeOf(target),
    };
  }

  // Of each class one object of ours, so that instanceof and deep equality see one prototype.
  shape(target, maker) {
    const shapes = this.shapes ??= new Map();
    if (!shapes.has(maker)) shapes.set(maker, target ? target.prototype ?? {} : {});
    return shapes.get(maker);
  }

  symbol(key, number, ask) {
    const name = { [Symbol.iterator]: "iterator", [Symbol.asyncIterator]: "asyncIterator",
      [Symbol.toPrimitive]: "toPrimitive", [Symbol.toStringTag]: "toStringTag" };
    if (key === Symbol.hasInstance) {
      return (it) => (this.values.kinds.get(it) ?? []).includes(this.made.get(number))
        || (this.numbers.has(it) && ask("is", it) === true);
    }
    return Object.hasOwn(name, key) ? ask("get", [name[key]]) : undefined;
  }

  ask(op, number, args) {
    const known = this.send(op, number, args);
    for (;;) {
      const frame = this.receive();
      if (frame[0] === "ask") this.serve(frame);
      else {
        const value = this.take(frame, known);
        return op === "read" ? value : this.checked(value);
      }
    }
  }

  async askLater(op, number) {
    let known = this.send(op, number, []);
    for (;;) {
      const frame = this.receive();
      if (frame[0] === "ask") this.serve(frame);
      else if (frame[0] === "pending") {
        await new Promise((r) => { setTimeout(r, 1); });
        known = this.send(op, number, []);
      } else return this.checked(this.take(frame, known));
    }
  }

  send(op, number, args) {
    const known = new Known();
    const frames = args.map((it) => this.values.encode(it, known));
    this.guard(() => this.wire.send(["ask", op, number, frames]));
    return known;
  }

  receive() {
    const frame = this.guard(() => this.wire.receive());
    const isFrame = Array.isArray(frame) && ["ask", "value", "raise", "pending"].includes(frame[0]);
    if (!isFrame) throw this.end("the code sent what is no frame");
    return frame;
  }

  guard(act) {
    try { return act(); } catch (e) { throw this.end(e.message); }
  }

  end(words) {
    this.ended ??= words;
    return new Gone(words);
  }

  take(frame, known) {
    return this.guardValue(() => {
      const sent = known.things.length;
      const value = this.values.decode(frame[1], known);
      for (const [at, inside] of frame[2]) {
        if (!Number.isInteger(at) || at < 0 || at >= sent) throw new Gone("the code sent no value");
        this.values.amend(known.things[at], inside, known);
      }
      if (frame[0] === "value") return [value, null];
      return [null, { value }];
    });
  }

  guardValue(act) {
    let value;
    let raised;
    try { [value, raised] = act(); } catch (e) { throw this.end(e.message); }
    if (raised) throw raised.value;
    return value;
  }

  // The code may call what it was given; nothing else of ours is served.
  serve(frame) {
    const [, op, number, frames] = frame;
    if (op !== "call" || !this.held.things.has(number)) {
      throw this.end("the code asked for what it was never given");
    }
    const known = new Known();
    let kind = "value";
    let result;
    try {
      const args = frames.map((it) => this.values.decode(it, known));
      const it = this.held.things.get(number);
      result = typeof it === "function" ? it(...args) : it;
    } catch (e) {
      if (e instanceof Gone) throw this.end(e.message);
      this.raised(e);
      kind = "raise";
      result = e;
    }
    this.wire.send([kind, this.values.encode(result, known), []]);
  }
}

module.exports = { Side };
