class Right {
  constructor(capacity) {
    if (capacity < 1) throw new RangeError("capacity");
    this.capacity = capacity;
    this.kept = new Map();
  }

  get(key) {
    if (!this.kept.has(key)) return null;
    const value = this.kept.get(key);
    this.kept.delete(key);
    this.kept.set(key, value);
    return value;
  }

  put(key, value) {
    this.kept.delete(key);
    if (this.kept.size === this.capacity) this.kept.delete(this.kept.keys().next().value);
    this.kept.set(key, value);
  }
}

class ForgetsTheOldest extends Right {
  get(key) { return this.kept.get(key) ?? null; }
}

class SortsNumbersFirst extends Right {
  constructor(capacity) {
    super(capacity);
    this.plain = {};
  }

  get(key) { return this.plain[key] ?? null; }

  put(key, value) {
    this.plain[key] = value;
    const keys = Object.keys(this.plain);
    if (keys.length > this.capacity) delete this.plain[keys[0]];
  }
}

class TakesNothingForMissing extends Right {
  get(key) { return super.get(key) || null; }
}

module.exports = { right: Right, wrong: { ForgetsTheOldest, SortsNumbersFirst, TakesNothingForMissing } };
