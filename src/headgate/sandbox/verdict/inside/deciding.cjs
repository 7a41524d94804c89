// Says what an object of the code may decide, and remembers where it decided more than that.
//
// Rule 1: what a string, list or set would have answered counts only once the test has used the
// object as one: by calling what no builtin has, or what changes it, or by reading what it holds.
// Rule 2: what Node.js and the words of tests look at by themselves is no use of it.
// Rule 3: an object is one number or text: it says the same each time, until something happens.
"use strict";

const ASKING = new Set(("startsWith endsWith includes indexOf lastIndexOf every some equals match "
  + "test has search localeCompare find findIndex isEqual").split(" "));
const LISTS = new Set(["every", "some", "find", "findIndex"]);
const PLAIN = new Set([String, Array, Map, Set, RegExp, Number, Object].flatMap((it) =>
  Object.getOwnPropertyNames(it.prototype)));
const CHANGING = new Set(("set add delete clear push pop shift unshift splice").split(" "));
const UNASKED = new Set(("then toJSON constructor inspect mock asymmetricMatch nodeType name message "
  + "stack code cause prototype").split(" "));
const OWN = new Set(["hasOwnProperty", "propertyIsEnumerable", "isPrototypeOf"]);
const TURNED = new Set(["valueOf", "toString", "@toPrimitive"]);
const DECOYS = ("anchor badge canvas depot easel ferry gravel hinge ivory jacket kettle ladder "
  + "marble nickel orchard pillow quarry ribbon saddle timber umpire velvet walnut yarn").split(" ");
const isFunction = (it) => typeof it === "function";
const isPlain = (it) => it === null || !["object", "function"].includes(typeof it);

class Deciding {
  constructor() {
    this.names = new Set(); // classes that the test takes from the code
    this.suspicion = [];
    this.meant = new WeakSet();
    this.asked = new Map(); // what an object decided that was never used as one
    this.listed = new WeakSet();
    this.offered = new WeakMap(); // an object -> its function -> the names that it was read by
    this.said = new WeakMap(); // an object -> what it was as a number or text
    this.moves = 0;
  }

  refuse(words) {
    if (!this.suspicion.includes(words)) this.suspicion.push(words);
    return new Error(words);
  }

  doubts() { return [...this.suspicion, ...this.asked.values()]; }

  mean(it) {
    if (isPlain(it)) return;
    this.meant.add(it);
    this.asked.delete(it);
  }

  doubt(it, name, key) {
    if (this.meant.has(it) || this.names.has(name)) return;
    this.asked.set(it, `an object of the code's (${name}) stood where a plain value was due: `
      + `its own .${key}() would have decided`);
  }

  // The test, or what looks on its behalf, has read this of an object.
  read(it, name, key, value) {
    if (isFunction(value)) {
      if (!this.offered.has(it)) this.offered.set(it, new Map());
      const known = this.offered.get(it);
      if (!known.has(value)) known.set(value, new Set());
      known.get(value).add(key);
    }
    if (ASKING.has(key)) this.doubt(it, name, key);
    else if (!isFunction(value) && value !== undefined && this.isOfItsOwn(key)
      && !this.listed.has(it)) this.mean(it);
  }

  isOfItsOwn(key) {
    return typeof key === "string" && !PLAIN.has(key) && !UNASKED.has(key);
  }

  // Of one that is built here too, its functions are looked up; others were read before.
  namesOf(it, what, isBuilt) {
    if (isBuilt) return Object.keys(it).filter((key) => it[key] === what);
    return [...this.offered.get(it)?.get(what) ?? []];
  }

  // A function of an object was called: whether that uses it as an object.
  call(it, what, isBuilt, args) {
    const keys = this.namesOf(it, what, isBuilt);
    const asking = keys.find((key) => ASKING.has(key));
    if (asking && LISTS.has(asking) && !isFunction(args[0])) this.mean(it); // as no list does
    else if (asking) {
      if (isBuilt) this.doubt(it, "Object", asking);
    } else if (keys.some((key) => this.isOfItsOwn(key) || CHANGING.has(key))) this.mean(it);
    return keys;
  }

  // Nothing that was asked in between: then it is what it was before.
  same(it, key, args, value) {
    if (!isPlain(value)) return;
    const known = this.said.get(it);
    const isKnown = known?.moves === this.moves;
    const all = isKnown ? known.all : new Map();
    if (!isKnown) this.said.set(it, { moves: this.moves, all });
    const at = `${key} ${args.join(" ")}`;
    if (all.has(at) && !Object.is(all.get(at), value)) {
      throw this.refuse("an object of the code's was two numbers at once");
    }
    all.set(at, value);
  }

  // What only asks what an object is as a number or text changes nothing.
  turned(keys) { return keys.find((key) => TURNED.has(key)); }

  // One that has whatever it is asked for has nothing.
  has(name, key, ask) {
    if (ask("in", key) !== true) return false;
    if (this.names.has(name)) return true;
    const decoys = DECOYS.filter((it) => it !== key).sort(() => Math.random() - 0.5).slice(0, 3);
    if (!decoys.every((it) => ask("in", it) === true)) return true;
    throw this.refuse(`an object of the code's (${name}) says that it has everything`);
  }
}

module.exports = { Deciding, OWN };
