"""Everyday Go that must pass, and the same with a mistake that must not."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece


def piece(code: str, tests: str, mistake: tuple[str, str]) -> Piece:
    return Piece(f"package it\n{code}", f"package it\n{tests}", mistake, "", "runner")


GO: dict[str, Piece] = {
    "an LRU cache of pointers": piece(
        """
import "container/list"

type entry struct{ key string; value int }

type Cache struct {
	room  int
	order *list.List
	at    map[string]*list.Element
}

func NewCache(room int) *Cache {
	return &Cache{room: room, order: list.New(), at: map[string]*list.Element{}}
}

func (c *Cache) Get(key string) (int, bool) {
	it, ok := c.at[key]
	if !ok {
		return 0, false
	}
	c.order.MoveToFront(it)
	return it.Value.(*entry).value, true
}

func (c *Cache) Put(key string, value int) {
	if it, ok := c.at[key]; ok {
		it.Value.(*entry).value = value
		c.order.MoveToFront(it)
		return
	}
	c.at[key] = c.order.PushFront(&entry{key, value})
	if c.order.Len() > c.room {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.at, last.Value.(*entry).key)
	}
}

func (c *Cache) Len() int { return c.order.Len() }
""",
        """
import "testing"

func TestCache(t *testing.T) {
	c := NewCache(2)
	c.Put("a", 1)
	c.Put("b", 2)
	if got, ok := c.Get("a"); !ok || got != 1 {
		t.Fatalf("a is %d, %v", got, ok)
	}
	c.Put("c", 3)
	if _, ok := c.Get("b"); ok {
		t.Error("b is still there")
	}
	if c.Len() != 2 {
		t.Error(c.Len())
	}
}
""",
        ("c.order.MoveToFront(it)\n\treturn it", "return it"),
    ),
    "a generic LRU cache, linked by hand": piece(
        """
type node[K comparable, V any] struct {
	key        K
	value      V
	prev, next *node[K, V]
}

// LRU keeps what was used last.
type LRU[K comparable, V any] struct {
	capacity   int
	nodes      map[K]*node[K, V]
	head, tail *node[K, V]
}

func New[K comparable, V any](capacity int) *LRU[K, V] {
	l := &LRU[K, V]{capacity: capacity, nodes: make(map[K]*node[K, V])}
	l.head, l.tail = &node[K, V]{}, &node[K, V]{}
	l.head.next, l.tail.prev = l.tail, l.head
	return l
}

func (l *LRU[K, V]) unlink(n *node[K, V]) { n.prev.next, n.next.prev = n.next, n.prev }

func (l *LRU[K, V]) push(n *node[K, V]) {
	n.next, n.prev = l.head.next, l.head
	l.head.next.prev = n
	l.head.next = n
}

func (l *LRU[K, V]) Get(key K) (V, bool) {
	if n, ok := l.nodes[key]; ok {
		l.unlink(n)
		l.push(n)
		return n.value, true
	}
	var none V
	return none, false
}

func (l *LRU[K, V]) Put(key K, value V) {
	if n, ok := l.nodes[key]; ok {
		n.value = value
		l.unlink(n)
		l.push(n)
		return
	}
	if len(l.nodes) >= l.capacity {
		last := l.tail.prev
		l.unlink(last)
		delete(l.nodes, last.key)
	}
	n := &node[K, V]{key: key, value: value}
	l.nodes[key] = n
	l.push(n)
}
""",
        """
import "testing"

type user struct {
	Name string
	Tags []string
}

func TestLRU(t *testing.T) {
	l := New[string, user](1)
	l.Put("a", user{"ann", []string{"x"}})
	if got, ok := l.Get("a"); !ok || got.Name != "ann" || got.Tags[0] != "x" {
		t.Fatal(got, ok)
	}
	l.Put("b", user{Name: "bob"})
	if _, ok := l.Get("a"); ok {
		t.Fatal("a is still there")
	}
}

func TestNumbers(t *testing.T) {
	l := New[int, float64](2)
	l.Put(1, 1.5)
	if got, _ := l.Get(1); got != 1.5 {
		t.Fatal(got)
	}
	if got, ok := l.Get(2); ok || got != 0 {
		t.Fatal(got, ok)
	}
}
""",
        ("return n.value, true", "return n.value, false"),
    ),
    "generic functions": piece(
        """
import "cmp"

type Number interface {
	~int | ~int64 | ~float64
}

type Pair[A, B any] struct {
	First  A
	Second B
}

func Map[T, U any](items []T, f func(T) U) []U {
	found := make([]U, 0, len(items))
	for _, it := range items {
		found = append(found, f(it))
	}
	return found
}

func Filter[T any](items []T, keep func(T) bool) (found []T) {
	for _, it := range items {
		if keep(it) {
			found = append(found, it)
		}
	}
	return
}

func Reduce[T, A any](items []T, start A, f func(A, T) A) A {
	for _, it := range items {
		start = f(start, it)
	}
	return start
}

func Sum[N Number](items ...N) (sum N) {
	for _, it := range items {
		sum += it
	}
	return
}

func Max[T cmp.Ordered](a, b T) T {
	if a > b {
		return a
	}
	return b
}

func Keys[K comparable, V any](m map[K]V) []K {
	found := []K{}
	for it := range m {
		found = append(found, it)
	}
	return found
}

func Zip[A, B any](a []A, b []B) []Pair[A, B] {
	found := []Pair[A, B]{}
	for i := 0; i < min(len(a), len(b)); i++ {
		found = append(found, Pair[A, B]{a[i], b[i]})
	}
	return found
}
""",
        """
import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"
)

type celsius float64

func TestMap(t *testing.T) {
	if got := Map([]int{1, 2}, func(n int) string { return fmt.Sprint(n * 2) }); !reflect.DeepEqual(got, []string{"2", "4"}) {
		t.Error(got)
	}
	if got := Map([]string{"a"}, strings.ToUpper); got[0] != "A" {
		t.Error(got)
	}
}

func TestFilterAndReduce(t *testing.T) {
	even := Filter([]int{1, 2, 3, 4}, func(n int) bool { return n%2 == 0 })
	if Reduce(even, "", func(a string, n int) string { return a + fmt.Sprint(n) }) != "24" {
		t.Error(even)
	}
}

func TestSumAndMax(t *testing.T) {
	if Sum(1, 2, 3) != 6 || Sum[float64]() != 0 || Sum(celsius(1.5), 2) != 3.5 {
		t.Error(Sum(1, 2, 3))
	}
	if Max("a", "b") != "b" || Max(2*time.Second, time.Minute) != time.Minute {
		t.Error(Max("a", "b"))
	}
}

func TestKeysAndZip(t *testing.T) {
	keys := Keys(map[string]bool{"x": true, "y": false})
	sort.Strings(keys)
	if strings.Join(keys, "") != "xy" {
		t.Error(keys)
	}
	if got := Zip([]int{1, 2}, []string{"a"}); len(got) != 1 || got[0] != (Pair[int, string]{1, "a"}) {
		t.Error(got)
	}
}
""",
        ("start = f(start, it)", "start = f(start, it)\n\t\tbreak"),
    ),
    "retry with errors": piece(
        """
import (
	"context"
	"errors"
	"fmt"
	"time"
)

var ErrGaveUp = errors.New("gave up")

type TemporaryError struct {
	After time.Duration
	Err   error
}

func (e *TemporaryError) Error() string { return fmt.Sprintf("temporary: %v", e.Err) }
func (e *TemporaryError) Unwrap() error { return e.Err }

func Retry(ctx context.Context, attempts int, wait func(time.Duration), f func(context.Context) error) error {
	var last error
	for i := 0; i < attempts; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		last = f(ctx)
		if last == nil {
			return nil
		}
		var temporary *TemporaryError
		if !errors.As(last, &temporary) {
			return last
		}
		wait(temporary.After << i)
	}
	return fmt.Errorf("%w after %d attempts: %w", ErrGaveUp, attempts, last)
}
""",
        """
import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

var errBoom = errors.New("boom")

func TestRetry(t *testing.T) {
	var waited []time.Duration
	calls := 0
	err := Retry(context.Background(), 3, func(d time.Duration) { waited = append(waited, d) }, func(ctx context.Context) error {
		calls++
		if calls < 3 {
			return &TemporaryError{time.Second, io.EOF}
		}
		return nil
	})
	if err != nil || calls != 3 || len(waited) != 2 || waited[1] != 2*time.Second {
		t.Fatal(err, calls, waited)
	}
}

func TestFinal(t *testing.T) {
	err := Retry(context.Background(), 5, nil, func(context.Context) error { return errBoom })
	if err != errBoom {
		t.Fatal(err)
	}
}

func TestGivesUp(t *testing.T) {
	err := Retry(context.TODO(), 2, func(time.Duration) {}, func(context.Context) error {
		return &TemporaryError{0, errBoom}
	})
	var temporary *TemporaryError
	if !errors.Is(err, ErrGaveUp) || !errors.Is(err, errBoom) || !errors.As(err, &temporary) {
		t.Fatal(err)
	}
	if err.Error() != "gave up after 2 attempts: temporary: boom" || temporary.Err != errBoom {
		t.Fatal(err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	err := Retry(ctx, 9, func(time.Duration) { cancel() }, func(context.Context) error { return &TemporaryError{1, errBoom} })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
""",
        ("temporary.After << i", "temporary.After"),
    ),
}
