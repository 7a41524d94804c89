// Carries values between a judge and the JavaScript it judges, rebuilt as true builtins.
//
// Rule 1: a frame is JSON; nothing in it is evaluated, and its tags are all known here.
// Rule 2: what is no plain value stays where it is and goes by number.
// Rule 3: builtins are taken once, before any other code can replace them.
"use strict";

const fs = require("node:fs");
const { isProxy } = require("node:util").types;
const TYPED = ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
  "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array",
  "BigUint64Array"];
const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
const LARGEST = 256 * 1024 * 1024;

class Gone extends Error {}

class Wire {
  constructor(fd) { this.fd = fd; }

  send(frame) {
    const body = Buffer.from(JSON.stringify(frame));
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(body.length));
    const whole = [head, body];
    for (let it = 0; it < whole.length; it += 1) { // no iterator: code may have replaced it
      const part = whole[it];
      let at = 0;
      while (at < part.length) {
        try { at += fs.writeSync(this.fd, part, at); } catch (e) {
          if (e.code !== "EAGAIN") throw new Gone("the process of the code has ended");
        }
      }
    }
  }

  receive() {
    const size = Number(this.exactly(8).readBigUInt64LE());
    if (size > LARGEST) throw new Gone("the code sent a value larger than is taken");
    try { return JSON.parse(this.exactly(size).toString()); } catch (e) {
      if (e instanceof Gone) throw e;
      throw new Gone("the code sent what is no frame");
    }
  }

  exactly(size) {
    const data = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      let taken = 0;
      try { taken = fs.readSync(this.fd, data, at, size - at, null); } catch (e) {
        if (e.code === "EAGAIN") continue;
      }
      if (!taken) throw new Gone("the process of the code has ended");
      at += taken;
    }
    return data;
  }
}

class Held {
  constructor() { this.things = new Map(); this.numbers = new Map(); }

  add(thing) {
    if (!this.numbers.has(thing)) {
      this.numbers.set(thing, this.numbers.size + 1);
      this.things.set(this.numbers.size, thing);
    }
    return this.numbers.get(thing);
  }
}

// The containers of one exchange, by the same number on both sides.
class Known {
  constructor() { this.things = []; this.numbers = new Map(); }
  add(thing) { this.numbers.set(thing, this.things.length); this.things.push(thing); }
}

class Values {
  constructor(keep, meet) {
    this.keep = keep;
    this.meet = meet;
    this.kinds = new WeakMap(); // an error rebuilt here -> the code's classes it is of
  }

  encode(value, known) {
    switch (typeof value) {
      case "string": case "boolean": return value;
      case "undefined": return ["undefined"];
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? value
          : ["number", Object.is(value, -0) ? "-0" : String(value)];
      case "bigint": return ["bigint", value.toString()];
      case "object": return value === null ? null : this.encodeObject(value, known);
      default: return this.keep(value);
    }
  }

  encodeObject(value, known) {
    const number = known.numbers.get(value);
    if (number !== undefined) return ["same", number];
    if (Array.isArray(value)) {
      known.add(value);
      return ["array", Array.from({ length: value.length }, (_, at) =>
        at in value ? this.encode(value[at], known) : ["hole"])];
    }
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    if (value instanceof Map) {
      known.add(value);
      return ["map", Array.from(Map.prototype.entries.call(value), ([a, b]) =>
        [this.encode(a, known), this.encode(b, known)])];
    }
    if (value instanceof Set) {
      known.add(value);
      return ["set", Array.from(Set.prototype.values.call(value), (it) =>
        this.encode(it, known))];
    }
    if (value instanceof Date) return ["date", Date.prototype.getTime.call(value)];
    if (value instanceof RegExp) return ["regexp", value.source, value.flags];
    if (value instanceof Error) return this.encodeError(value, known);
    if (Buffer.isBuffer(value)) return ["buffer", value.toString("base64")];
    if (TYPED.includes(kind) && ArrayBuffer.isView(value)) {
      known.add(value);
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return ["typed", kind, bytes.toString("base64")];
    }
    const proto = Object.getPrototypeOf(value);
    if (!isProxy(value) && (proto === Object.prototype || proto === null)) {
      known.add(value);
      return ["object", proto === null, Object.keys(value).map((key) =>
        [key, this.encode(value[key], known)])];
    }
    return this.keep(value);
  }

  encodeError(value, known) {
    const hidden = Object.hasOwn(value, "cause") ? ["cause"] : [];
    const own = [...new Set([...Object.keys(value), ...hidden])].filter((key) => key !== "stack")
      .map((key) => [key, this.encode(value[key], known)]);
    const base = Object.keys(ERRORS).find((it) => it !== "Error"
      && value instanceof ERRORS[it]) || "Error";
    const kinds = [];
    for (let it = Object.getPrototypeOf(value); it && it !== Error.prototype;
      it = Object.getPrototypeOf(it)) {
      const kind = Object.hasOwn(it, "constructor") ? it.constructor : null;
      if (typeof kind === "function" && ERRORS[kind.name] !== kind) kinds.push(this.keep(kind));
    }
    return ["error", base, String(value.name), String(value.message), own, kinds];
  }

  // What a known container holds, one level of it written out.
  inside(thing, known) {
    const number = known.numbers.get(thing);
    const length = known.things.length;
    known.numbers.delete(thing);
    try { return this.encodeObject(thing, known); } finally {
      for (const extra of known.things.splice(length)) known.numbers.delete(extra);
      known.numbers.set(thing, number);
    }
  }

  decode(frame, known) {
    if (!Array.isArray(frame)) {
      if (frame !== null && typeof frame === "object") throw new Gone("the code sent no value");
      return frame;
    }
    const take = Object.hasOwn(TAKES, frame[0]) ? TAKES[frame[0]] : null;
    try {
      return take ? take(this, frame, known) : this.meet(frame);
    } catch (e) {
      if (e instanceof Gone) throw e;
      throw new Gone(`the code sent what is no ${frame[0]}`);
    }
  }

  amend(thing, frame, known) {
    const length = known.things.length;
    const fresh = this.decode(frame, known);
    for (const extra of known.things.splice(length)) known.numbers.delete(extra);
    if (Array.isArray(thing)) thing.splice(0, thing.length, ...fresh);
    else if (thing instanceof Map) {
      thing.clear();
      for (const [key, value] of fresh) thing.set(key, value);
    } else if (thing instanceof Set) {
      thing.clear();
      for (const value of fresh) thing.add(value);
    } else if (ArrayBuffer.isView(thing)) thing.set(fresh);
    else {
      for (const key of Object.keys(thing)) if (!Object.hasOwn(fresh, key)) delete thing[key];
      for (const key of Object.keys(fresh)) put(thing, key, fresh[key]);
    }
  }
}

// As own data: a key called __proto__ is a key like any other.
function put(thing, key, value) {
  Object.defineProperty(thing, key,
    { value, writable: true, enumerable: true, configurable: true });
}

const TAKES = {
  undefined: () => undefined,
  number: (v, f) => Number(f[1]),
  bigint: (v, f) => BigInt(f[1]),
  same(v, f, known) {
    if (!(f[1] in known.things)) throw new Gone("the code sent what was never given");
    return known.things[f[1]];
  },
  array(v, f, known) {
    const made = [];
    known.add(made);
    f[1].forEach((it, at) => {
      if (!(Array.isArray(it) && it[0] === "hole")) made[at] = v.decode(it, known);
    });
    made.length = f[1].length;
    return made;
  },
  object(v, f, known) {
    const made = f[1] ? Object.create(null) : {};
    known.add(made);
    for (const [key, it] of f[2]) put(made, String(key), v.decode(it, known));
    return made;
  },
  map(v, f, known) {
    const made = new Map();
    known.add(made);
    for (const [key, it] of f[1]) made.set(v.decode(key, known), v.decode(it, known));
    return made;
  },
  set(v, f, known) {
    const made = new Set();
    known.add(made);
    for (const it of f[1]) made.add(v.decode(it, known));
    return made;
  },
  date: (v, f) => new Date(f[1] === null ? NaN : Number(f[1])),
  regexp: (v, f) => new RegExp(String(f[1]), String(f[2])),
  buffer: (v, f) => Buffer.from(String(f[1]), "base64"),
  typed(v, f, known) {
    if (!TYPED.includes(f[1])) throw new Gone("the code sent an unknown array");
    const bytes = new Uint8Array(Buffer.from(String(f[2]), "base64"));
    const made = new globalThis[f[1]](bytes.buffer);
    known.add(made);
    return made;
  },
  error(v, f, known) {
    const made = new (ERRORS[f[1]] || Error)(String(f[3]));
    put(made, "name", String(f[2]));
    Object.defineProperty(made, "name", { enumerable: false });
    for (const [key, it] of f[4]) put(made, String(key), v.decode(it, known));
    if (Object.hasOwn(made, "cause")) Object.defineProperty(made, "cause", { enumerable: false });
    const kinds = Array.from(f[5], (it) => v.decode(it, known));
    if (kinds.length) Object.defineProperty(made, "constructor", { value: kinds[0] });
    v.kinds.set(made, kinds);
    return made;
  },
};

module.exports = { Gone, Held, Known, Values, Wire };
