// Carries values between a judge and the JavaScript it judges, rebuilt as true builtins.
//
// Rule 1: a frame is JSON; nothing in it is evaluated, and its tags are all known here.
// Rule 2: what is no plain value stays where it is and goes by number.
// Rule 3: builtins are taken once, before any other code can replace them.
// Rule 4: a container that has crossed is one container for both: what one side changes in it goes
// with the next message, for those of up to 2000 items that crossed last, and for those mentioned.
// What crossed in one message is watched as one, until 48 others have come since.
"use strict";

const fs = require("node:fs");
const { isProxy } = require("node:util").types;
const { kindOf, bodyOf, made, filled } = require("./bodies.cjs");
const WATCHED = 48;
const MOST_WATCHED = 1000;
const ITEMS = 2000;
const MOST = 20000;
const LARGEST = 256 * 1024 * 1024;

const { Gone } = require("./bodies.cjs");

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
  constructor() { this.things = new Map(); this.numbers = new Map(); this.last = 0; }

  add(thing) {
    if (!this.numbers.has(thing)) {
      this.last += 1;
      this.numbers.set(thing, this.last);
      this.things.set(this.last, thing);
    }
    return this.numbers.get(thing);
  }
}

class Values {
  constructor(keep, meet) {
    this.keep = keep;
    this.meet = meet;
    this.held = new Held();
    this.theirs = new Map(); // their number -> what stands for it here
    this.numbers = new WeakMap(); // and back
    this.records = new Map(); // a container of both -> what the other side was told of it
    this.watched = new Map(); // a container -> the message it came with
    this.message = 0;
    this.mentioned = new Set();
    this.touched = [];
    this.forgotten = [];
    this.isKept = () => false; // what goes by number although it looks like data
    this.kinds = new WeakMap(); // an error rebuilt here -> the code's classes it is of
  }

  encode(value) {
    switch (typeof value) {
      case "string": case "boolean": return value;
      case "undefined": return ["undefined"];
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? value
          : ["number", Object.is(value, -0) ? "-0" : String(value)];
      case "bigint": return ["bigint", value.toString()];
      case "object": return value === null ? null : this.encodeObject(value);
      default: return this.keep(value);
    }
  }

  encodeObject(value) {
    if (this.numbers.has(value)) return ["yours", this.mention(value, this.numbers)];
    if (this.records.has(value)) return ["mine", this.mention(value, this.held.numbers)];
    const kind = isProxy(value) || this.isKept(value) ? "" : kindOf(value);
    return kind ? this.share(value, kind) : this.keep(value);
  }

  mention(value, numbers) {
    const record = this.records.get(value);
    if (record) {
      this.mentioned.add(value);
      if (record.isSmall) this.watch(value);
    }
    return numbers.get(value);
  }

  watch(value) {
    this.watched.delete(value);
    this.watched.set(value, this.message);
    if (this.watched.size > MOST_WATCHED) this.watched.delete(this.watched.keys().next().value);
  }

  // Lets go of what came with the oldest messages.
  relax() {
    this.message += 1;
    while (this.watched.size > WATCHED) {
      const [oldest] = this.watched.values();
      const together = [];
      for (const [it, message] of this.watched) {
        if (message !== oldest) break;
        together.push(it);
      }
      if (this.watched.size - together.length < WATCHED) return;
      for (const it of together) this.watched.delete(it);
    }
  }

  share(value, kind) {
    const number = this.held.add(value);
    const record = { kind, last: "", isSmall: false };
    this.records.set(value, record);
    const frame = ["share", number, bodyOf(this, value, kind)];
    this.note(value);
    return frame;
  }

  // What the other side knows of it from now on.
  note(value) {
    const record = this.records.get(value);
    const body = bodyOf(this, value, record.kind);
    record.last = JSON.stringify(body);
    record.isSmall = record.kind !== "proto" && !(body.at(-1)?.length > ITEMS);
    if (record.isSmall) this.watch(value);
  }

  // What has changed since the other side was told.
  changes() {
    if (this.records.size > MOST) this.forget();
    const found = this.forgotten.splice(0);
    for (const it of new Set([...this.watched.keys(), ...this.mentioned])) {
      const record = this.records.get(it);
      if (!record || record.kind === "proto") continue;
      const body = bodyOf(this, it, record.kind);
      if (JSON.stringify(body) === record.last) continue;
      const isTheirs = this.numbers.has(it);
      found.push([isTheirs ? "yours" : "mine",
        isTheirs ? this.numbers.get(it) : this.held.numbers.get(it), body]);
      this.note(it);
    }
    this.mentioned.clear();
    this.relax();
    return found;
  }

  // What has got a number since, and was not sent after all, was never shared.
  unsay(last) {
    for (const [number, it] of this.held.things) {
      if (number <= last) continue;
      this.held.things.delete(number);
      this.held.numbers.delete(it);
      for (const known of [this.records, this.watched, this.mentioned]) known.delete(it);
    }
  }

  forget() {
    for (const [it, record] of this.records) {
      if (this.records.size <= MOST / 2) break;
      if (this.numbers.has(it) || this.watched.has(it)) continue;
      if (record.kind === "proto" || record.kind === "instance") continue;
      const number = this.held.numbers.get(it);
      this.forgotten.push(["forget", number]);
      this.records.delete(it);
      this.held.numbers.delete(it);
      this.held.things.delete(number);
    }
  }

  decode(frame) {
    if (!Array.isArray(frame)) {
      if (frame !== null && typeof frame === "object") throw new Gone("the code sent no value");
      return frame;
    }
    try { return this.taken(frame); } catch (e) {
      if (e instanceof Gone) throw e;
      throw new Gone(`the code sent what is no ${frame[0]}`);
    }
  }

  taken(frame) {
    const [tag, it, more] = frame;
    switch (tag) {
      case "undefined": return undefined;
      case "number": return Number(it);
      case "bigint": return BigInt(it);
      case "yours":
        if (!this.held.things.has(it)) throw new Gone("the code sent what was never given");
        return this.met(this.held.things.get(it));
      case "mine":
        if (!this.theirs.has(it)) throw new Gone("the code sent what was never given");
        return this.met(this.theirs.get(it));
      case "share": return this.accept(it, more);
      default: return this.meet(frame);
    }
  }

  met(it) {
    if (this.records.has(it)) this.mentioned.add(it);
    return it;
  }

  // A container that the other side shares: here it is one of ours, filled from its frame.
  accept(number, body) {
    if (!Number.isInteger(number) || this.theirs.has(number)) throw new Gone("the code sent no value");
    const it = made(this, body);
    this.know(number, it);
    this.records.set(it, { kind: body[0], last: "", isSmall: false });
    filled(this, it, body);
    this.touched.push(it);
    this.mentioned.add(it);
    return it;
  }

  know(number, it) {
    this.theirs.set(number, it);
    this.numbers.set(it, number);
  }

  // A message is taken: what it says has changed, changes; what it touched is given back.
  amend(changes) {
    for (const [tag, number, body] of changes) {
      const it = (tag === "yours" ? this.held.things : this.theirs).get(number);
      const record = this.records.get(it);
      if (!record) throw new Gone("the code sent what was never given");
      if (tag === "forget") {
        this.theirs.delete(number);
        this.numbers.delete(it);
        this.records.delete(it);
        this.watched.delete(it);
        continue;
      }
      if (body[0] !== record.kind) throw new Gone("the code sent another kind of value");
      filled(this, it, body);
      this.touched.push(it);
    }
    const touched = this.touched.splice(0).filter((it) => this.records.has(it));
    for (const it of touched) this.note(it);
    this.relax();
    return touched;
  }
}

module.exports = { Gone, Held, Values, Wire };
