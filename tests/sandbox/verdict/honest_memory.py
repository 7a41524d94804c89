"""Code whose tests ask what shares memory with what, and the same with the usual mistake."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece
from tests.sandbox.verdict.honest_go import piece

GO: dict[str, Piece] = {
    "items are given as a copy": piece(
        """
import "sync"

type Stack struct { lock sync.Mutex; items []int }

func (s *Stack) Push(n int) { s.lock.Lock(); defer s.lock.Unlock(); s.items = append(s.items, n) }
func (s *Stack) Items() []int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return append([]int(nil), s.items...)
}
""",
        """
import "testing"

func TestItems(t *testing.T) {
	s := &Stack{}
	s.Push(1)
	s.Push(2)
	got := s.Items()
	got[0] = 99
	if again := s.Items(); again[0] != 1 || len(again) != 2 {
		t.Fatalf("the stack was changed from outside: %v", again)
	}
}
""",
        ("return append([]int(nil), s.items...)", "return s.items"),
    ),
    "what a list is made of is copied": piece(
        """
type Playlist struct { songs []string; at int }

func NewPlaylist(songs []string) *Playlist {
	own := make([]string, len(songs))
	copy(own, songs)
	return &Playlist{songs: own}
}

func (p *Playlist) Next() string {
	song := p.songs[p.at%len(p.songs)]
	p.at++
	return song
}
""",
        """
import "testing"

func TestNext(t *testing.T) {
	songs := []string{"a", "b"}
	p := NewPlaylist(songs)
	songs[1] = "changed"
	if one, two := p.Next(), p.Next(); one != "a" || two != "b" {
		t.Fatal(one, two)
	}
}
""",
        ("copy(own, songs)", "own = songs"),
    ),
    "a snapshot stays as it was": piece(
        """
import "maps"

type Counter struct { counts map[string]int }

func NewCounter() *Counter { return &Counter{counts: map[string]int{}} }
func (c *Counter) Add(name string) { c.counts[name]++ }
func (c *Counter) Snapshot() map[string]int { return maps.Clone(c.counts) }
""",
        """
import "testing"

func TestSnapshot(t *testing.T) {
	c := NewCounter()
	c.Add("a")
	seen := c.Snapshot()
	c.Add("a")
	c.Add("b")
	if len(seen) != 1 || seen["a"] != 1 {
		t.Fatalf("the snapshot moved: %v", seen)
	}
	seen["c"] = 7
	if now := c.Snapshot(); len(now) != 2 || now["a"] != 2 {
		t.Fatalf("the counter was changed from outside: %v", now)
	}
}
""",
        ("return maps.Clone(c.counts)", "_ = maps.Clone(c.counts); return c.counts"),
    ),
    "chunks do not share the input": piece(
        """
func Chunk[T any](items []T, size int) [][]T {
	var chunks [][]T
	for start := 0; start < len(items); start += size {
		end := start + size
		if end > len(items) {
			end = len(items)
		}
		chunks = append(chunks, append([]T(nil), items[start:end]...))
	}
	return chunks
}
""",
        """
import (
	"reflect"
	"testing"
)

func TestChunk(t *testing.T) {
	items := []int{1, 2, 3, 4, 5}
	chunks := Chunk(items, 2)
	if !reflect.DeepEqual(chunks, [][]int{{1, 2}, {3, 4}, {5}}) {
		t.Fatal(chunks)
	}
	chunks[1][0] = 99
	if items[2] != 3 {
		t.Fatalf("the input was changed: %v", items)
	}
}
""",
        ("append([]T(nil), items[start:end]...)", "items[start:end]"),
    ),
    "appending to a part leaves the rest": piece(
        """
func Head(items []int, n int) []int { return items[:n:n] }
""",
        """
import "testing"

func TestHead(t *testing.T) {
	items := []int{1, 2, 3}
	head := Head(items, 1)
	_ = append(head, 99)
	if items[1] != 2 {
		t.Fatalf("the rest was written over: %v", items)
	}
	head[0] = 7
	if items[0] != 7 {
		t.Fatal("it is said to be a view")
	}
}
""",
        ("items[:n:n]", "items[:n]"),
    ),
    "a new slice also where nothing is to be done": piece(
        """
func Unique(items []string) []string {
	seen, out := map[string]bool{}, make([]string, 0, len(items))
	for _, it := range items {
		if !seen[it] {
			seen[it] = true
			out = append(out, it)
		}
	}
	return out
}
""",
        """
import "testing"

func TestUnique(t *testing.T) {
	items := []string{"a", "b"}
	got := Unique(items)
	items[0] = "z"
	if got[0] != "a" || got[1] != "b" {
		t.Fatalf("the result is the argument: %v", got)
	}
}
""",
        ("\treturn out", "\tif len(out) == len(items) {\n\t\treturn items\n\t}\n\treturn out"),
    ),
    "a clone is another": piece(
        """
type Config struct {
	Name string
	Tags []string
	Limits map[string]int
}

func Clone(c *Config) *Config {
	other := *c
	other.Tags = append([]string(nil), c.Tags...)
	other.Limits = map[string]int{}
	for name, limit := range c.Limits {
		other.Limits[name] = limit
	}
	return &other
}
""",
        """
import "testing"

func TestClone(t *testing.T) {
	c := &Config{Name: "a", Tags: []string{"x"}, Limits: map[string]int{"n": 1}}
	d := Clone(c)
	if d == c {
		t.Fatal("it is the same")
	}
	d.Tags[0], d.Limits["n"] = "y", 2
	if c.Tags[0] != "x" || c.Limits["n"] != 1 {
		t.Fatalf("it is not deep: %v", c)
	}
}
""",
        ("other.Tags = append([]string(nil), c.Tags...)", ""),
    ),
    "what is found can be changed where it lies": piece(
        """
type User struct { ID int; Name string }

func Find(users []User, id int) *User {
	for i := range users {
		if users[i].ID == id {
			return &users[i]
		}
	}
	return nil
}
""",
        """
import "testing"

func TestFind(t *testing.T) {
	users := []User{{1, "a"}, {2, "b"}}
	Find(users, 2).Name = "c"
	if users[1].Name != "c" || Find(users, 3) != nil {
		t.Fatalf("%v", users)
	}
}
""",
        ("return &users[i]", "it := users[i]\n\t\t\treturn &it"),
    ),
    "options that are chained are one": piece(
        """
type Query struct { Table string; Limit int }

func From(table string) *Query { return &Query{Table: table} }
func (q *Query) Take(n int) *Query { q.Limit = n; return q }
""",
        """
import "testing"

func TestQuery(t *testing.T) {
	q := From("users")
	if q.Take(3) != q || q.Limit != 3 {
		t.Fatalf("%v", q)
	}
}
""",
        ("q.Limit = n; return q", "it := *q; it.Limit = n; return &it"),
    ),
    "many calls, and two at once in between": piece(
        """
import "sync"

type Log struct { lock sync.Mutex; lines []string }

func (l *Log) Add(parts []string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, it := range parts {
		l.lines = append(l.lines, it)
	}
}

func (l *Log) Lines() []string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return append([]string{}, l.lines...)
}
""",
        """
import (
	"strconv"
	"sync"
	"testing"
)

func TestLog(t *testing.T) {
	l := &Log{}
	parts := []string{"", ""}
	for i := 0; i < 300; i++ {
		parts[0], parts[1] = strconv.Itoa(i), "x"
		l.Add(parts)
	}
	var all sync.WaitGroup
	for n := 0; n < 8; n++ {
		all.Add(1)
		go func() {
			defer all.Done()
			mine := []string{strconv.Itoa(n)}
			for i := 0; i < 20; i++ {
				mine[0] = "g" + strconv.Itoa(n)
				l.Add(mine)
			}
		}()
	}
	all.Wait()
	got := l.Lines()
	if len(got) != 760 || got[0] != "0" || got[598] != "299" {
		t.Fatal(len(got), got[0], got[598])
	}
	got[0] = "changed"
	if again := l.Lines(); again[0] != "0" {
		t.Fatal("changed from outside")
	}
}
""",
        ("append([]string{}, l.lines...)", "l.lines"),
    ),
}


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
