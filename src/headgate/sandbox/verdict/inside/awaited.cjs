// Remembers what checks wait for: a check behind a promise that never comes was never made.
//
// Rule 1: only what a function that checks awaits is due; that something never comes may be tested.// Rule 2: this file is sloppy: a strict function may not see who called it.

const CHECKS = /\b(assert|expect|check|throw)\b/;
const isNative = (it) => /\{ \[native code\] \}$/.test(Function.prototype.toString.call(it));
const checks = (it) => CHECKS.test(Function.prototype.toString.call(it));

// Whether the function that awaits just now checks anything.
function hook(awaited) {
  require("node:v8").promiseHooks.onInit(function begun(_, parent) {
    if (awaited.isInThen || !awaited.known.has(parent)) return;
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (_, sites) => sites;
    const sites = new Error().stack;
    Error.prepareStackTrace = prepareStackTrace;
    const who = sites[1]?.getFunction();
    if (who && checks(who)) awaited.due.add(parent);
  });
}

class Awaited {
  constructor(pending) {
    this.pending = pending; // the promises of the code that are open
    this.known = new WeakSet();
    this.due = new Set();
    this.called = new Map(); // what was handed to a then() of the code's own -> its call
    this.isInThen = false;
    this.isHooked = false;
  }

  // A promise that stands for one of the code's.
  promised(it) {
    const awaited = this;
    this.known.add(it);
    Object.defineProperty(it, "then", { configurable: true, writable: true, value(...acts) {
      if (acts.some((act) => typeof act === "function" && !isNative(act) && checks(act))) awaited.due.add(it);
      awaited.isInThen = true;
      try { return Promise.prototype.then.apply(this, acts); } finally { awaited.isInThen = false; }
    } });
    if (this.isHooked) return;
    this.isHooked = true;
    hook(this);
  }

  // A then() of the code's own: one of these is to be called.
  thened(acts) {
    const them = acts.filter((it) => typeof it === "function" && (isNative(it) || checks(it)));
    for (const it of them) this.called.set(it, them);
  }

  came(act) {
    for (const it of this.called.get(act) ?? []) this.called.delete(it);
  }

  isDue() {
    return this.called.size > 0 || [...this.pending()].some((it) => this.due.has(it));
  }
}

module.exports = { Awaited };
