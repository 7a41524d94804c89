// Names what a test may replace for everybody (timers, clock, fetch …), and replaces it for the code.
//
// Rule 1: what the test puts in a global's place is lent to the code, and stands there until the
// test takes it back.
"use strict";

let timers = null;
const own = (of, name) => [of, name];
const WATCHED = {
  setTimeout: own("", "setTimeout"), clearTimeout: own("", "clearTimeout"),
  setInterval: own("", "setInterval"), clearInterval: own("", "clearInterval"),
  setImmediate: own("", "setImmediate"), clearImmediate: own("", "clearImmediate"),
  fetch: own("", "fetch"), Date: own("", "Date"), "Date.now": own("Date", "now"),
  "Math.random": own("Math", "random"), "performance.now": own("performance", "now"),
  "crypto.randomUUID": own("crypto", "randomUUID"),
  ...Object.fromEntries(["log", "info", "warn", "error", "debug"].map((it) =>
    [`console.${it}`, own("console", it)])),
};

const SLOW = new Map([["crypto.randomUUID", "randomUUID"], ["performance.now", "performance"]]);

class Globals {
  // Nothing is watched for whoever has no tests; what takes long to load, only if they name it.
  constructor(world, sync, text) {
    this.world = world;
    this.sync = sync;
    this.watched = text === undefined ? [] : Object.keys(WATCHED)
      .filter((name) => !SLOW.has(name) || text.includes(SLOW.get(name)));
    this.first = new Map(this.watched.map((name) => [name, this.get(name)]));
    this.last = new Map(this.first);
  }

  at(name) {
    const [of, key] = WATCHED[name];
    return [of ? this.world[of] : this.world, key];
  }

  get(name) {
    const [of, key] = this.at(name);
    return of?.[key];
  }

  // What has been replaced, or put back, since this was asked last.
  *replaced() {
    for (const name of this.watched) {
      const it = this.get(name);
      if (it === this.last.get(name)) continue;
      this.last.set(name, it);
      // a clock that was replaced brings its own now()
      if (name === "Date.now" && this.world.Date !== this.first.get("Date")) continue;
      yield [name, it, it === this.first.get(name)];
    }
  }

  put(name, it) {
    const [of, key] = this.at(name);
    if (!this.first.has(name)) this.first.set(name, this.get(name));
    this.set(of, key, name === "Date" ? this.clock(it) : it);
  }

  restore(name) {
    if (!this.first.has(name)) return;
    const [of, key] = this.at(name);
    this.set(of, key, this.first.get(name));
  }

  set(of, key, it) {
    Object.defineProperty(of, key, { value: it, writable: true, configurable: true, enumerable: true });
    if (of === this.world && key in (timers ??= require("node:timers"))) {
      timers[key] = it;
      this.sync();
    }
  }

  // A Date of the code's own that asks the test's what time it is.
  clock(now) {
    const First = this.first.get("Date");
    return class Date extends First {
      constructor(...args) { super(...(args.length ? args : [now()])); }
      static now() { return now(); }
      static [Symbol.hasInstance](it) { return it instanceof First; }
    };
  }
}

module.exports = { Globals };
