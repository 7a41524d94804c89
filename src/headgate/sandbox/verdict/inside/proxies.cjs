// Lets a test use the code's functions and objects, which stay in the other process.
//
// Rule 1: an object of the code never stands in for a plain value: what a string, array or
// number would have answered, its own methods do not answer.
// Rule 2: what is refused is remembered: a test that swallows the refusal does not pass either.
"use strict";

const { isProxy } = require("node:util").types;
const { put } = require("./bodies.cjs");
const { Gone, Values } = require("./values.cjs");
const { builtin } = require("./builtins.cjs");
const { Deciding, OWN } = require("./deciding.cjs");
const { EVIL, Lending, NOBODY, receiver, Unfit } = require("./lending.cjs");

const OF_ALL = new Set(["apply", "call", "bind"]);
const PLAIN_OF = new Set(["length", "name", "prototype", "arguments", "caller"]);
const { setTimeout: later, setImmediate: soon } = globalThis;
const SLOWEST_MS = 4;

// A value whose frame is made.
class Written {
  constructor(frame) { this.frame = frame; }
}

class Side {
  constructor(wire, text) {
    this.wire = wire;
    this.made = new Map();
    this.deciding = new Deciding();
    this.ended = null;
    this.unfit = "";
    this.depth = 0;
    this.due = null; // set where checks stand outside of tests
    this.awaited = new Map();
    this.wrappers = new Set(); // functions that the code made of one that has a `this`
    this.isWrapping = false;
    this.raised = () => {};
    this.before = () => {};
    this.isWaiting = () => true;
    const values = new Values((it) => this.keep(it), (frame) => this.meet(frame));
    this.values = values;
    this.numbers = values.numbers;
    this.lending = new Lending(values, text);
    values.isLending = () => true;
    values.above = (it) => this.lending.encodeProto(Object.getPrototypeOf(it));
    values.described = (it) => this.lending.described(it);
    values.classesOf = (e) => this.above(e);
    values.classed = (e, classes) => this.classed(e, classes);
    values.met = (it) => {
      // a prototype of the tests is nobody's value
      if (values.records.get(it)?.kind === "proto") throw new Gone("the code sent no value");
      if (values.records.has(it)) values.mentioned.add(it);
      return it;
    };
    values.accessed = () => { throw new Gone("the code sent no value"); };
    values.shaped = values.accessed;
  }

  keep(it) {
    if (this.numbers.has(it)) return ["yours", this.numbers.get(it)];
    if (it === NOBODY || it === globalThis) return ["undefined"];
    if (typeof it === "symbol") throw this.unable("a symbol");
    if (it instanceof Promise) return this.owe(it);
    if (typeof it === "function") return this.keepFunction(it);
    if (it instanceof AbortSignal) return this.keepSignal(it);
    if (!this.lending.isLent(it)) throw this.unable(`a ${it?.constructor?.name || "Proxy"}`);
    return this.values.share(it, "instance");
  }

  unable(what) {
    this.unfit ||= `${what} cannot be handed to the code from apart: hand it plain data, functions `
      + "or objects of classes that the tests declare";
    return new Unfit(this.unfit);
  }

  keepFunction(it) {
    if (EVIL.has(it)) throw this.unable(it.name || "eval");
    const source = Function.prototype.toString.call(it);
    const isClass = source.startsWith("class");
    this.isWrapping ||= !isClass && (isProxy(it) || /\bthis\b/.test(source));
    const isNew = !this.values.held.numbers.has(it);
    const number = this.values.held.add(it);
    const isWritten = isNew && this.lending.text.includes(source);
    return ["held", number, isClass ? "class" : "function", String(it.name ?? ""),
      this.lending.classOf(it), Number(it.length) || 0, isWritten ? this.statics(it) : []];
  }

  // What a function or class has of its own: as it is when it is handed over first.
  statics(it) {
    const found = [];
    for (const [key, own] of Object.entries(Object.getOwnPropertyDescriptors(it))) {
      if (!("value" in own) || PLAIN_OF.has(key) || key.startsWith("_") || EVIL.has(own.value)) continue;
      const frame = this.tried(own.value);
      if (frame !== undefined) found.push([key, frame]);
    }
    return found;
  }

  // Its frame; none of what cannot be handed over.
  tried(value) {
    const { unfit, values, isWrapping } = this;
    const { last } = values.held;
    try { return values.encode(value); } catch (e) {
      if (!(e instanceof Unfit)) throw e;
      this.unfit = unfit;
      values.unsay(last);
      return undefined;
    } finally { this.isWrapping = isWrapping; }
  }

  // The code gets a signal of its own, which ends as soon as this one does.
  keepSignal(it) {
    const isNew = !this.values.held.numbers.has(it);
    const number = this.values.held.add(it);
    if (isNew && !it.aborted) {
      it.addEventListener("abort", () => this.ask("abort", number, [it.reason]), { once: true });
    }
    return ["signal", number, it.aborted, it.aborted ? this.values.encode(it.reason) : null];
  }

  // A promise of the test: the code is told when it is settled.
  owe(it) {
    const isNew = !this.values.held.numbers.has(it);
    const number = this.values.held.add(it);
    const settle = (isKept) => (value) => {
      try {
        this.ask("settle", number, [isKept, value]);
        this.turn("tick");
      } catch { /* told by what awaits it */ }
    };
    if (isNew) it.then(settle(true), settle(false));
    return ["promised", number];
  }

  meet(frame) {
    const [tag, number, kind, name, maker, own] = frame;
    if (tag !== "held" || !Number.isInteger(number)) throw new Gone("the code sent no value");
    if (this.values.theirs.has(number)) return this.values.theirs.get(number);
    const it = this.make(number, kind, String(name), maker);
    this.values.know(number, it);
    if (kind === "promise") this.added(it, own);
    return it;
  }

  // What the code has put on a promise, such as a way to cancel it.
  added(promise, own) {
    for (const [key, frame] of own) {
      const value = this.values.decode(frame);
      if (!(key in Promise.prototype)) put(promise, String(key), value);
    }
  }

  make(number, kind, name, maker) {
    if (kind === "promise") {
      const owed = {};
      owed.promise = new Promise((resolve, reject) => Object.assign(owed, { resolve, reject }));
      this.awaited.set(number, owed);
      this.due?.promised(owed.promise);
      return owed.promise;
    }
    if (kind === "symbol") return Symbol(name);
    const isObject = kind === "object";
    const target = isObject ? {} : function () {};
    if (kind === "function" && this.isWrapping) this.wrappers.add(number);
    if (kind === "class") target.prototype = this.shape(number);
    return new Proxy(target, this.traps(number, isObject, name, maker));
  }

  traps(number, isObject, name, maker) {
    const ask = (op, ...args) => this.ask(op, number, args);
    const it = () => this.values.theirs.get(number);
    const { deciding } = this;
    const applied = (self, args, isSaid) => {
      deciding.mean(it());
      const isKnown = this.isTheirs(self);
      const keys = isKnown ? deciding.call(self, it(), this.values.records.has(self), args) : [];
      const turned = deciding.turned(keys);
      if (keys.includes("then")) this.due?.thened(args);
      if (!turned) deciding.moves += 1;
      const value = ask("call", this.onto(self, isSaid || this.wrappers.has(number)), args);
      if (turned) deciding.same(self, turned, args, value);
      return value;
    };
    const saying = {
      call: (self, ...args) => applied(self, args, true),
      apply: (self, args) => applied(self, Array.from(args ?? []), true),
      bind: (self, ...first) => (...rest) => applied(self, [...first, ...rest], true),
    };
    return {
      apply: (_, self, args) => applied(self, args, false),
      construct: (_, args, target) => {
        deciding.moves += 1;
        const made = target === it() ? ask("new", args) : this.derive(number, args, target);
        if (this.numbers.has(made)) deciding.mean(made);
        return made;
      },
      get: (target, key) => {
        if (key === "prototype" && !isObject) return target.prototype;
        if (!isObject && OF_ALL.has(key)) return saying[key];
        if (OWN.has(key)) return Object.prototype[key];
        if (key === "constructor" && isObject) return this.meet(["held", maker, "class", name]);
        const isSymbol = typeof key === "symbol";
        const value = isSymbol ? this.symbol(key, number, ask) : ask("get", key);
        deciding.read(it(), name, key === Symbol.toPrimitive ? "@toPrimitive" : key, value);
        return value;
      },
      set: (_, key, value) => {
        deciding.mean(it());
        deciding.moves += 1;
        return typeof key === "string" && ask("set", key, value) === true;
      },
      defineProperty: (_, key, own) => typeof key === "string" && ask("set", key, own.value) === true,
      has: (_, key) => typeof key === "string" && deciding.has(name, key, ask),
      deleteProperty: (_, key) => ask("delete", key) === true,
      ownKeys: (target) => {
        deciding.listed.add(it());
        return [...new Set([
          ...Reflect.ownKeys(target), ...ask("keys").filter((one) => typeof one === "string")])];
      },
      getOwnPropertyDescriptor: (target, key) => {
        const own = Reflect.getOwnPropertyDescriptor(target, key);
        if (own || typeof key !== "string" || !ask("keys").includes(key)) return own;
        return { value: ask("get", key), writable: true, enumerable: true, configurable: true };
      },
      getPrototypeOf: (target) => this.derived?.get(number)
        ?? (isObject && maker ? this.shape(maker) : Reflect.getPrototypeOf(target)),
      isExtensible: (target) => {
        const isFirst = isObject && Reflect.isExtensible(target);
        if (isFirst && ask("frozen") === true) this.freeze(it(), target);
        return Reflect.isExtensible(target);
      },
    };
  }

  // What goes along as `this`. One of the test's does where the test says so, to what the code made
  // of a function that has a `this`, and to what its own class has of the code's: elsewhere a table
  // of cases would tell the code what is expected.
  onto(self, isDue) {
    if (this.isTheirs(self)) return self;
    const isObject = self !== null && typeof self === "object" && self !== globalThis;
    const isFit = isObject ? isDue && !isProxy(self) : typeof self === "function" && this.isDerived(self);
    const frame = isFit ? this.tried(self) : undefined;
    return frame && new Written(frame);
  }

  // What is frozen there is so here.
  freeze(it, target) {
    for (const key of Object.keys(it)) put(target, key, it[key]);
    Object.setPrototypeOf(target, Object.getPrototypeOf(it));
    Object.freeze(target);
  }

  isDerived(kind) {
    for (let it = kind; it; it = Object.getPrototypeOf(it)) if (this.numbers.has(it)) return true;
    return false;
  }

  // Of each class one object of ours, so that instanceof and deep equality see one prototype; what
  // a test's own class asks of it by `super`, and what it replaces there, is the code's.
  shape(maker) {
    const shapes = this.shapes ??= new Map();
    if (!shapes.has(maker)) {
      const ask = (op, ...args) => this.ask(op, maker, args);
      const isOurs = (key) => typeof key === "string" && key !== "constructor";
      const replace = (_, key, value) => isOurs(key) && ask("reshape", key, value) === true;
      let above;
      const made = new Proxy({}, {
        get: (_, key) => (isOurs(key) ? ask("member", key) : undefined),
        set: replace,
        defineProperty: (_, key, own) => replace(_, key, own.value),
        deleteProperty: (_, key) => replace(_, key),
        getOwnPropertyDescriptor: (_, key) => {
          const value = isOurs(key) ? ask("method", key) : undefined;
          return value && { value, writable: true, enumerable: false, configurable: true };
        },
        getPrototypeOf: () => above ??= builtin(ask("base")) ?? Object.prototype,
      });
      shapes.set(maker, made);
      this.lending.bases.set(made, maker);
    }
    return shapes.get(maker);
  }

  // A class of the tests that extends one of the code's: the code makes the object, and is lent
  // the methods.
  derive(number, args, target) {
    const made = this.ask("derive", number, [target, ...args]);
    if (this.numbers.has(made)) (this.derived ??= new Map()).set(this.numbers.get(made), target.prototype);
    return made;
  }

  isTheirs(it) {
    return it !== null && ["object", "function"].includes(typeof it) && this.numbers.has(it);
  }

  symbol(key, number, ask) {
    const name = { [Symbol.iterator]: "iterator", [Symbol.asyncIterator]: "asyncIterator",
      [Symbol.toPrimitive]: "toPrimitive", [Symbol.toStringTag]: "toStringTag" };
    if (key === Symbol.hasInstance) {
      return (it) => (this.values.kinds.get(it) ?? []).includes(this.values.theirs.get(number))
        || (this.isTheirs(it) && ask("is", it) === true);
    }
    return Object.hasOwn(name, key) ? ask("get", [name[key]]) : undefined;
  }

  // An error of the tests: its classes are lent like those of any object.
  above(e) {
    const proto = Object.getPrototypeOf(e);
    return this.lending.isOwn(proto) && this.lending.isLent(e) ? this.lending.encodeProto(proto) : null;
  }

  classed(e, classes) {
    if (!Array.isArray(classes)) return;
    const [kinds, members] = classes;
    const found = Array.from(kinds, (it) => this.values.decode(it));
    if (!this.numbers.has(e)) return;
    if (found.length) {
      Object.defineProperty(e, "constructor", { value: found[0], configurable: true });
    }
    this.values.kinds.set(e, found);
    for (const [key, it] of members) {
      const value = this.values.decode(it);
      Object.defineProperty(e, String(key), { value, configurable: true, writable: true });
    }
  }

  ask(op, number, args) {
    if (this.depth === 0) this.before(op);
    this.depth += 1;
    const { isWrapping } = this;
    this.isWrapping = false;
    try {
      this.send(op, number, args);
      for (;;) {
        const frame = this.receive(["ask", "value", "raise"]);
        if (frame[0] !== "ask") return this.take(frame);
        this.serve(frame);
      }
    } finally {
      this.isWrapping = isWrapping;
      this.depth -= 1;
      if (this.depth === 0) this.stir();
    }
  }

  // Once the test has nothing more to say in one go, the code goes on too.
  stir() {
    if (this.isStirred) return;
    this.isStirred = true;
    queueMicrotask(() => {
      this.isStirred = false;
      this.turn("tick");
    });
    this.pump(0);
  }

  // While the code has timers, it is given turns; it keeps us alive only if somebody waits.
  pump(wait) {
    if (this.pumping || this.ended) return;
    const again = () => {
      this.pumping = null;
      const isMoved = this.turn("turn");
      if (isMoved || this.isBusy) this.pump(isMoved ? 0 : Math.min(SLOWEST_MS, wait + 1));
    };
    this.pumping = wait ? later(again, wait) : soon(again);
    if (!(this.isBusy && this.isWaiting()) && wait) this.pumping.unref();
  }

  turn(op) {
    if (this.ended || this.depth) return false;
    this.deciding.moves += 1;
    this.depth += 1;
    this.isWrapping = false;
    let isMoved = false;
    try {
      this.send(op, 0, []);
      for (;;) {
        const frame = this.receive(["ask", "ran"]);
        if (frame[0] === "ran") return this.settled(frame) || isMoved;
        isMoved = true;
        this.serve(frame);
      }
    } catch (e) {
      if (!this.ended) throw e;
      for (const { reject } of this.awaited.values()) reject(new Gone(this.ended));
      this.awaited.clear();
      return false;
    } finally { this.depth -= 1; }
  }

  settled([, found, isBusy, changes]) {
    this.isBusy = isBusy === true;
    const values = this.guarded(() => {
      const made = Array.from(found, ([number, isKept, frame]) => {
        if (!this.awaited.has(number)) throw new Gone("the code settled what nobody awaits");
        return [number, isKept === true, this.values.decode(frame)];
      });
      this.amend(changes);
      return made;
    });
    for (const [number, isKept, value] of values) {
      const { resolve, reject } = this.awaited.get(number);
      this.awaited.delete(number);
      (isKept ? resolve : reject)(value);
    }
    return values.length > 0;
  }

  amend(changes) { this.values.amend(changes); }

  // Functions that are told of once more are handed to nobody.
  changes() {
    const { isWrapping } = this;
    const found = this.values.changes();
    this.isWrapping = isWrapping;
    return found;
  }

  send(op, number, args) {
    const frames = args.map((it) => (it instanceof Written ? it.frame : this.values.encode(it)));
    const changes = this.changes();
    this.guarded(() => this.wire.send(["ask", op, number, frames, changes]));
  }

  receive(kinds) {
    const frame = this.guarded(() => this.wire.receive());
    if (!Array.isArray(frame) || !kinds.includes(frame[0])) throw this.end("the code sent what is no frame");
    return frame;
  }

  end(words) {
    this.ended ??= words;
    return new Gone(words);
  }

  take([kind, frame, changes]) {
    const value = this.guarded(() => {
      const it = this.values.decode(frame);
      this.amend(changes);
      return it;
    });
    if (kind === "raise") throw value;
    return value;
  }

  guarded(act) {
    try { return act(); } catch (e) { throw this.end(e.message); }
  }

  // The code may call what it was given, and make objects of classes it was given; nothing else.
  serve([, op, number, frames, changes]) {
    const it = this.values.held.things.get(number);
    if (!["call", "new"].includes(op) || typeof it !== "function" || EVIL.has(it)) {
      throw this.end("the code asked for what it was never given");
    }
    const [self, args] = this.guarded(() => {
      const made = this.values.decode(frames[0]);
      const given = frames.slice(1).map((one) => this.values.decode(one));
      this.amend(changes);
      return [made, given];
    });
    this.due?.came(it);
    const mentioned = [...this.values.mentioned];
    let kind = "value";
    let frame;
    try {
      const result = op === "new" ? this.fresh(it, args) : Reflect.apply(it, this.onWhom(it, self), args);
      frame = this.values.encode(result);
    } catch (e) {
      if (e instanceof Gone) throw e;
      this.raised(e);
      kind = "raise";
      frame = this.values.encode(e instanceof Unfit ? new TypeError(e.message) : e);
    }
    for (const one of mentioned) this.values.mentioned.add(one);
    this.wire.send([kind, frame, this.changes()]);
  }

  // Methods of the tests work on objects; neither their global one nor their functions are such.
  onWhom(it, self) {
    const isOurs = typeof self === "function" && this.values.held.numbers.has(self);
    return receiver(it, isOurs ? undefined : self);
  }

  fresh(it, args) {
    if (!this.lending.classOf(it)) throw this.end("the code asked for what it was never given");
    return Reflect.construct(it, args);
  }
}

module.exports = { Side };
