"""Go whose tests ask what shares memory with what, and the same with the usual mistake."""

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
    "what a map holds is copied too": piece(
        """
type Headers map[string][]string

func (h Headers) Clone() Headers {
	out := Headers{}
	for name, values := range h {
		out[name] = append([]string(nil), values...)
	}
	return out
}

func ByAge(ages map[int]*[]string) map[int]*[]string { return ages }
""",
        """
import "testing"

func TestClone(t *testing.T) {
	h := Headers{"a": {"1"}, "b": {"2", "3"}}
	c := h.Clone()
	c["b"][1] = "x"
	c["c"] = nil
	if len(h) != 2 || h["b"][1] != "3" {
		t.Fatal(h)
	}
	names := []string{"ada"}
	if got := ByAge(map[int]*[]string{7: &names}); got[7] != &names {
		t.Fatal(got)
	}
}
""",
        ("append([]string(nil), values...)", "values"),
    ),
    "a page is a copy, through an interface too": piece(
        """
type Page struct {
	Items []string
	Next  int
}

type Source interface{ Page(n int) Page }

type stored struct{ items []string }

func NewSource(items ...string) Source {
	return &stored{items: append([]string(nil), items...)}
}

func (s *stored) Page(n int) Page {
	return Page{Items: append([]string(nil), s.items[:n]...), Next: n}
}
""",
        """
import "testing"

func TestPage(t *testing.T) {
	items := []string{"a", "b", "c"}
	s := NewSource(items...)
	items[1] = "y"
	p := s.Page(2)
	p.Items[0] = "z"
	if q := s.Page(2); q.Items[0] != "a" || q.Items[1] != "b" || q.Next != 2 {
		t.Fatal(q)
	}
}
""",
        ("append([]string(nil), s.items[:n]...)", "s.items[:n]"),
    ),
    "a fake's own list stays in its order": piece(
        """
import "sort"

type Source interface{ Names() []string }

func Sorted(s Source) []string {
	out := append([]string(nil), s.Names()...)
	sort.Strings(out)
	return out
}
""",
        """
import "testing"

type fake struct{ names []string }

func (f *fake) Names() []string { return f.names }

func TestSorted(t *testing.T) {
	f := &fake{[]string{"b", "a"}}
	if got := Sorted(f); got[0] != "a" || f.names[0] != "b" {
		t.Fatal(got, f.names)
	}
}
""",
        ("append([]string(nil), s.Names()...)", "s.Names()"),
    ),
    "a batch that was handed over is not used again": piece(
        """
func Batches(items []int, size int, flush func(batch []int)) {
	var batch []int
	for _, it := range items {
		batch = append(batch, it)
		if len(batch) == size {
			flush(batch)
			batch = nil
		}
	}
	if len(batch) > 0 {
		flush(batch)
	}
}
""",
        """
import (
	"reflect"
	"testing"
)

func TestBatches(t *testing.T) {
	var got [][]int
	Batches([]int{1, 2, 3, 4, 5}, 2, func(batch []int) { got = append(got, batch) })
	if !reflect.DeepEqual(got, [][]int{{1, 2}, {3, 4}, {5}}) {
		t.Fatal(got)
	}
}
""",
        ("batch = nil", "batch = batch[:0]"),
    ),
}
