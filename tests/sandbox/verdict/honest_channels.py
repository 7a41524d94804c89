"""Everyday Go with goroutines, interfaces and streams, and the same with a mistake."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece
from tests.sandbox.verdict.honest_go import piece

GO: dict[str, Piece] = {
    "a counter shared by goroutines": piece(
        """
import "sync"

type Counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *Counter) Inc(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[name]++
}

func (c *Counter) Value(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[name]
}
""",
        """
import (
	"sync"
	"testing"
)

func TestCounter(t *testing.T) {
	var c Counter
	var wg sync.WaitGroup
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c.Inc("x")
		}()
	}
	wg.Wait()
	if c.Value("x") != 50 || c.Value("y") != 0 {
		t.Fatal(c.Value("x"))
	}
}
""",
        ("c.counts[name]++", "c.counts[name] = 1"),
    ),
    "a worker pool": piece(
        """
import "sync"

type Pool struct {
	jobs chan func()
	wg   sync.WaitGroup
}

func NewPool(workers int) *Pool {
	p := &Pool{jobs: make(chan func())}
	for i := 0; i < workers; i++ {
		p.wg.Add(1)
		go func() {
			defer p.wg.Done()
			for job := range p.jobs {
				job()
			}
		}()
	}
	return p
}

func (p *Pool) Submit(job func()) { p.jobs <- job }

func (p *Pool) Close() {
	close(p.jobs)
	p.wg.Wait()
}

func Process(workers int, items []int, f func(int) (int, error)) ([]int, error) {
	results, errs := make([]int, len(items)), make([]error, len(items))
	var wg sync.WaitGroup
	limit := make(chan struct{}, workers)
	for i, it := range items {
		wg.Add(1)
		go func(i, it int) {
			defer wg.Done()
			limit <- struct{}{}
			defer func() { <-limit }()
			results[i], errs[i] = f(it)
		}(i, it)
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

func Squares(in <-chan int) <-chan int {
	out := make(chan int)
	go func() {
		defer close(out)
		for n := range in {
			out <- n * n
		}
	}()
	return out
}

func Work(jobs <-chan int, results chan<- int) {
	for job := range jobs {
		results <- job + 1
	}
}
""",
        """
import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestPool(t *testing.T) {
	p := NewPool(3)
	var done atomic.Int64
	for i := 1; i <= 20; i++ {
		p.Submit(func() { done.Add(int64(i)) })
	}
	p.Close()
	if done.Load() != 210 {
		t.Fatal(done.Load())
	}
}

func TestProcess(t *testing.T) {
	var now, most int32
	got, err := Process(2, []int{1, 2, 3, 4}, func(n int) (int, error) {
		n2 := atomic.AddInt32(&now, 1)
		if n2 > atomic.LoadInt32(&most) {
			atomic.StoreInt32(&most, n2)
		}
		defer atomic.AddInt32(&now, -1)
		return n * 10, nil
	})
	if err != nil || got[3] != 40 || most > 2 {
		t.Fatal(got, err, most)
	}
	bad := errors.New("bad")
	if _, err := Process(1, []int{1}, func(int) (int, error) { return 0, bad }); err != bad {
		t.Fatal(err)
	}
}

func TestSquares(t *testing.T) {
	in := make(chan int)
	go func() {
		for i := 1; i <= 3; i++ {
			in <- i
		}
		close(in)
	}()
	sum := 0
	for n := range Squares(in) {
		sum += n
	}
	if sum != 14 {
		t.Fatal(sum)
	}
}

func TestWork(t *testing.T) {
	jobs, results := make(chan int, 10), make(chan int, 10)
	var wg sync.WaitGroup
	for w := 0; w < 3; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			Work(jobs, results)
		}()
	}
	for i := 0; i < 5; i++ {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	close(results)
	sum := 0
	for n := range results {
		sum += n
	}
	if sum != 15 {
		t.Fatal(sum)
	}
}
""",
        ("out <- n * n", "out <- n + n"),
    ),
    "interfaces and a fake": piece(
        """
import "fmt"

type Shape interface {
	Area() float64
	Name() string
}

type Circle struct{ R float64 }
type square struct{ side float64 }

func (c Circle) Area() float64 { return 3 * c.R * c.R }
func (c Circle) Name() string  { return "circle" }
func (s *square) Area() float64 { return s.side * s.side }
func (s *square) Name() string  { return "square" }

func NewShape(kind string, size float64) (Shape, error) {
	switch kind {
	case "circle":
		return Circle{size}, nil
	case "square":
		return &square{size}, nil
	}
	return nil, fmt.Errorf("no shape %q", kind)
}

func Total(shapes ...Shape) (sum float64) {
	for _, it := range shapes {
		sum += it.Area()
	}
	return
}

type Store interface {
	Load(key string) (string, error)
	Save(key, value string) error
}

type Service struct{ store Store }

func NewService(store Store) *Service { return &Service{store: store} }

func (s *Service) Append(key, more string) (string, error) {
	old, err := s.store.Load(key)
	if err != nil {
		return "", fmt.Errorf("load %s: %w", key, err)
	}
	return old + more, s.store.Save(key, old+more)
}
""",
        """
import (
	"errors"
	"testing"
)

type fake struct {
	saved map[string]string
	err   error
}

func (f *fake) Load(key string) (string, error) { return f.saved[key], f.err }
func (f *fake) Save(key, value string) error {
	f.saved[key] = value
	return nil
}

type flat struct{}

func (flat) Area() float64 { return 7 }
func (flat) Name() string  { return "flat" }

func TestShapes(t *testing.T) {
	s, err := NewShape("square", 2)
	if err != nil || s.Area() != 4 || s.Name() != "square" {
		t.Fatal(s, err)
	}
	c, _ := NewShape("circle", 1)
	if it, ok := c.(Circle); !ok || it.R != 1 {
		t.Fatal(c)
	}
	if Total(s, c, flat{}, Circle{R: 2}) != 4+3+7+12 {
		t.Fatal(Total(s, c, flat{}))
	}
	if _, err := NewShape("cube", 1); err == nil || err.Error() != `no shape "cube"` {
		t.Fatal(err)
	}
}

func TestService(t *testing.T) {
	f := &fake{saved: map[string]string{"a": "x"}}
	if got, err := NewService(f).Append("a", "y"); got != "xy" || err != nil || f.saved["a"] != "xy" {
		t.Fatal(got, err, f.saved)
	}
	f.err = errors.New("down")
	if _, err := NewService(f).Append("a", "y"); !errors.Is(err, f.err) {
		t.Fatal(err)
	}
}
""",
        ("old + more, s.store", "more + old, s.store"),
    ),
    "readers and writers": piece(
        """
import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

type Stats struct {
	Lines int `json:"lines"`
	Words int `json:"words"`
}

func Count(r io.Reader) (Stats, error) {
	var s Stats
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		s.Lines++
		s.Words += len(strings.Fields(scanner.Text()))
	}
	return s, scanner.Err()
}

func Table(w io.Writer, rows [][]string) error {
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.Join(row, " | ")); err != nil {
			return err
		}
	}
	return nil
}

func Records(r io.Reader) ([]map[string]string, error) {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, err
	}
	found := []map[string]string{}
	for _, row := range rows[1:] {
		it := map[string]string{}
		for i, name := range rows[0] {
			it[name] = row[i]
		}
		found = append(found, it)
	}
	return found, nil
}

func Decode(text []byte) (map[string]any, error) {
	var it map[string]any
	err := json.Unmarshal(text, &it)
	return it, err
}

func Upper(r io.Reader) io.Reader { return &upper{r} }

type upper struct{ r io.Reader }

func (u *upper) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	copy(p, strings.ToUpper(string(p[:n])))
	return n, err
}
""",
        """
import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestCount(t *testing.T) {
	if got, err := Count(strings.NewReader("a b\\nc\\n")); got != (Stats{2, 3}) || err != nil {
		t.Fatal(got, err)
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := Table(&b, [][]string{{"a", "b"}}); err != nil || b.String() != "a | b\\n" {
		t.Fatal(err, b.String())
	}
	var s strings.Builder
	Table(&s, [][]string{{"x"}})
	if s.String() != "x\\n" {
		t.Fatal(s.String())
	}
	if err := Table(broken{}, [][]string{{"a"}}); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
}

func TestRecords(t *testing.T) {
	got, err := Records(strings.NewReader("name,age\\nann,3\\n"))
	if err != nil || !reflect.DeepEqual(got, []map[string]string{{"name": "ann", "age": "3"}}) {
		t.Fatal(got, err)
	}
}

func TestDecode(t *testing.T) {
	got, err := Decode([]byte(`{"a": [1, {"b": null}]}`))
	want := map[string]any{"a": []any{1.0, map[string]any{"b": nil}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatal(got, err)
	}
	if _, err := Decode([]byte("{")); err == nil {
		t.Fatal("no error")
	}
	if text, _ := json.Marshal(Stats{1, 2}); string(text) != `{"lines":1,"words":2}` {
		t.Fatal(string(text))
	}
}

func TestUpper(t *testing.T) {
	if got, err := io.ReadAll(Upper(strings.NewReader("abc"))); string(got) != "ABC" || err != nil {
		t.Fatal(string(got), err)
	}
}
""",
        ("s.Lines++", "s.Lines = 1"),
    ),
}
