class Right {
  constructor(limit, window) {
    if (limit < 0 || window <= 0) throw new RangeError("limit");
    this.limit = limit;
    this.window = window;
    this.seen = new Map();
  }

  edge(it, now) { return it > now - this.window; }

  allow(key, now) {
    const times = (this.seen.get(key) ?? []).filter((it) => this.edge(it, now));
    this.seen.set(key, times);
    if (times.length >= this.limit) return false;
    times.push(now);
    return true;
  }
}

class HoldsTheEdge extends Right {
  edge(it, now) { return it >= now - this.window; }
}

class HasOneWindowForAll extends Right {
  allow(key, now) { return super.allow("", now); }
}

class CountsWhatItRefused extends Right {
  allow(key, now) {
    const held = super.allow(key, now);
    if (!held) this.seen.get(key).push(now);
    return held;
  }
}

module.exports = { right: Right, wrong: { HoldsTheEdge, HasOneWindowForAll, CountsWhatItRefused } };
