"""Code whose tests ask what shares memory with what, and the same with the usual mistake."""

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece


def python(code: str, tests: str, mistake: tuple[str, str]) -> Piece:
    return Piece(code, f"from solution import *\n{tests}", mistake, "", "runner")


PYTHON: dict[str, Piece] = {
    "items are given as a copy": python(
        """
class Stack:
    def __init__(self): self._items = []
    def push(self, it): self._items.append(it)
    def items(self): return list(self._items)
""",
        """
def test_items():
    s = Stack()
    s.push(1)
    got = s.items()
    got.append(2)
    assert s.items() == [1]
""",
        ("return list(self._items)", "return self._items"),
    ),
    "a snapshot stays as it was": python(
        """
class Counter:
    def __init__(self): self._counts = {}
    def add(self, name): self._counts[name] = self._counts.get(name, 0) + 1
    def snapshot(self): return dict(self._counts)
""",
        """
def test_snapshot():
    c = Counter()
    c.add("a")
    seen = c.snapshot()
    c.add("a")
    assert seen == {"a": 1}
    assert c.snapshot() == {"a": 2}
""",
        ("return dict(self._counts)", "return self._counts"),
    ),
    "what is nested is copied too": python(
        """
import copy

DEFAULTS = {"retry": {"times": 1}}

def config(): return copy.deepcopy(DEFAULTS)
""",
        """
def test_config():
    mine = config()
    mine["retry"]["times"] = 9
    assert config()["retry"]["times"] == 1
""",
        ("copy.deepcopy(DEFAULTS)", "dict(DEFAULTS)"),
    ),
    "what is kept for later is copied": python(
        """
class Batches:
    def __init__(self): self._parts = []
    def add(self, *, items): self._parts.append(list(items))
    def all(self): return [it for part in self._parts for it in part]
""",
        """
def test_batches():
    items = [1, 2]
    b = Batches()
    b.add(items=items)
    items.append(3)
    assert b.all() == [1, 2]
""",
        ("append(list(items))", "append(items)"),
    ),
    "a fake's own list stays in its order": python(
        """
class Service:
    def __init__(self, repo): self.repo = repo
    def names(self): return sorted(self.repo.all())
""",
        """
class Fake:
    def __init__(self): self.items = ["b", "a"]
    def all(self): return self.items

def test_names():
    fake = Fake()
    assert Service(fake).names() == ["a", "b"]
    assert fake.items == ["b", "a"]
""",
        (
            "return sorted(self.repo.all())",
            "found = self.repo.all(); found.sort(); return found",
        ),
    ),
    "a batch that was handed over is not used again": python(
        """
def batches(items, size, flush):
    batch = []
    for it in items:
        batch.append(it)
        if len(batch) == size:
            flush(batch)
            batch = []
    if batch:
        flush(batch)
""",
        """
def test_batches():
    got = []
    batches([1, 2, 3, 4, 5], 2, lambda batch: got.append(batch))
    assert got == [[1, 2], [3, 4], [5]]
""",
        ("            batch = []", "            batch.clear()"),
    ),
    "what is awaited is a copy": python(
        """
import asyncio

class Log:
    def __init__(self): self._lines = []
    async def add(self, line):
        await asyncio.sleep(0)
        self._lines.append(line)
    async def lines(self):
        await asyncio.sleep(0)
        return list(self._lines)
""",
        """
import asyncio

def test_log():
    async def main():
        log = Log()
        await log.add("a")
        got = await log.lines()
        got.clear()
        return await log.lines()
    assert asyncio.run(main()) == ["a"]
""",
        ("return list(self._lines)", "return self._lines"),
    ),
    "a view stays one, and objects in it are themselves": python(
        """
import collections
import dataclasses

@dataclasses.dataclass
class Item:
    name: str
    tags: list

class Repo:
    def __init__(self):
        self.by = collections.defaultdict(list)
        self.latest = collections.deque(maxlen=2)
    def add(self, it):
        self.by[it.name].append(it)
        self.latest.append(it)
    def raw(self): return self.by
    def recent(self): return self.latest
    def __getitem__(self, name): return self.by[name]
    def __setitem__(self, name, items): self.by[name] = items
""",
        """
def test_repo():
    r = Repo()
    for name in "aab":
        r.add(Item(name, []))
    assert r["a"] is r["a"] and len(r["a"]) == 2
    r.raw()["c"]
    assert set(r.raw()) == {"a", "b", "c"}
    assert [it.name for it in r.recent()] == ["a", "b"] and r.recent().maxlen == 2
    r["a"].append(Item("d", ["x"]))
    assert r["a"][-1].tags == ["x"] and r["a"][-1] is r.raw()["a"][-1]
    mine = [1]
    r["m"] = mine
    mine.append(2)
    r["m"].append(3)
    assert r["m"] == mine == [1, 2, 3]
""",
        (
            "def __getitem__(self, name): return self.by[name]",
            "def __getitem__(self, name): return list(self.by[name])",
        ),
    ),
}


def javascript(code: str, tests: str, mistake: tuple[str, str]) -> Piece:
    head = "const test = require('node:test');\nconst assert = require('node:assert');\n"
    return Piece(code, head + tests, mistake, "", "runner")


JAVASCRIPT: dict[str, Piece] = {
    "a snapshot stays as it was": javascript(
        """
class Counter {
  #counts = {};
  add(name) { this.#counts[name] = (this.#counts[name] ?? 0) + 1; }
  snapshot() { return { ...this.#counts }; }
}
module.exports = { Counter };
""",
        """
const { Counter } = require('./solution.js');
test('snapshot', () => {
  const c = new Counter();
  c.add('a');
  const seen = c.snapshot();
  c.add('a');
  seen.b = 1;
  assert.deepStrictEqual([seen, c.snapshot()], [{ a: 1, b: 1 }, { a: 2 }]);
});
""",
        ("{ ...this.#counts }", "this.#counts"),
    ),
    "what is nested is copied too": javascript(
        """
const DEFAULTS = { retry: { times: 1 } };
const config = () => structuredClone(DEFAULTS);
module.exports = { config };
""",
        """
const { config } = require('./solution.js');
test('config', () => {
  const mine = config();
  mine.retry.times = 9;
  assert.strictEqual(config().retry.times, 1);
});
""",
        ("structuredClone(DEFAULTS)", "({ ...DEFAULTS })"),
    ),
}
