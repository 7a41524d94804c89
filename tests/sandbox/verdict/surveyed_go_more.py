"""Everyday Go, by the kinds of signatures that people write, each with a mistake."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece


def piece(code: str, tests: str, right: str, wrong: str) -> Piece:
    return Piece(
        f"package shop\n\n{code}", f"package shop\n\n{tests}", (right, wrong), style="runner"
    )


GO: dict[str, Piece] = {
    "functional options": piece("""import "time"

type Server struct { addr string; timeout time.Duration; retries int }
type Option func(*Server)

func WithTimeout(d time.Duration) Option { return func(s *Server) { s.timeout = d } }
func WithRetries(n int) Option { return func(s *Server) { s.retries = n } }
func New(addr string, opts ...Option) *Server {
	s := &Server{addr: addr, timeout: time.Second, retries: 3}
	for _, o := range opts { o(s) }
	return s
}
func (s *Server) Timeout() time.Duration { return s.timeout }
func (s *Server) Retries() int { return s.retries }
""", """import ("testing"; "time")

func TestOptions(t *testing.T) {
	s := New("a", WithTimeout(2*time.Second), WithRetries(5))
	if s.Timeout() != 2*time.Second || s.Retries() != 5 || s.addr != "a" { t.Fatal(s.Timeout(), s.Retries()) }
	if New("b").Retries() != 3 { t.Fatal("default") }
}
""", "for _, o := range opts { o(s) }", "for _, o := range opts[:min(1, len(opts))] { o(s) }"),
    "a context that times out": piece("""import ("context"; "time"; "fmt")

func Fetch(ctx context.Context, get func(context.Context, string) (string, error), urls ...string) ([]string, error) {
	var out []string
	for _, u := range urls {
		c, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		it, err := get(c, u)
		cancel()
		if err != nil { return out, fmt.Errorf("fetch %s: %w", u, err) }
		out = append(out, it)
	}
	return out, nil
}
""", """import ("context"; "errors"; "testing"; "time")

func TestFetch(t *testing.T) {
	slow := func(ctx context.Context, u string) (string, error) {
		if u == "slow" { select { case <-ctx.Done(): return "", ctx.Err(); case <-time.After(5 * time.Second): return "late", nil } }
		return "<" + u + ">", nil
	}
	got, err := Fetch(context.Background(), slow, "a", "slow", "b")
	if !errors.Is(err, context.DeadlineExceeded) || len(got) != 1 || got[0] != "<a>" { t.Fatal(got, err) }
	if err.Error() != "fetch slow: context deadline exceeded" { t.Fatal(err) }
}
""", "%w", "%v"),
    "readers to writers": piece("""import ("bufio"; "fmt"; "io"; "strings")

func Number(r io.Reader, w io.Writer) (int, error) {
	s := bufio.NewScanner(r)
	n := 0
	for s.Scan() {
		n++
		if _, err := fmt.Fprintf(w, "%d: %s\\n", n, strings.TrimSpace(s.Text())); err != nil { return n, err }
	}
	return n, s.Err()
}
""", """import ("bytes"; "errors"; "strings"; "testing"; "testing/iotest")

type full struct{}
func (full) Write(p []byte) (int, error) { return 0, errFull }
var errFull = errors.New("full")

func TestNumber(t *testing.T) {
	var b bytes.Buffer
	n, err := Number(strings.NewReader("a \\n b"), &b)
	if n != 2 || err != nil || b.String() != "1: a\\n2: b\\n" { t.Fatal(n, err, b.String()) }
	if _, err := Number(strings.NewReader("a"), full{}); !errors.Is(err, errFull) { t.Fatal(err) }
	if _, err := Number(iotest.ErrReader(errFull), &b); !errors.Is(err, errFull) { t.Fatal(err) }
}
""", "return n, s.Err()", "return n, nil"),
    "generics with constraints": piece("""import "cmp"

type Number interface { ~int | ~int64 | ~float64 }

func Sum[T Number](xs ...T) T { var t T; for _, x := range xs { t += x }; return t }
func MaxBy[T any, K cmp.Ordered](xs []T, key func(T) K) (best T, ok bool) {
	for i, x := range xs { if i == 0 || key(x) > key(best) { best, ok = x, true } }
	return best, ok
}
func GroupBy[K comparable, V any](xs []V, key func(V) K) map[K][]V {
	out := map[K][]V{}
	for _, x := range xs { out[key(x)] = append(out[key(x)], x) }
	return out
}
""", """import ("reflect"; "testing")

type user struct { Name string; Age int }

func TestGenerics(t *testing.T) {
	if Sum(1, 2, 3) != 6 || Sum(1.5, 2) != 3.5 { t.Fatal("sum") }
	us := []user{{"a", 1}, {"b", 9}, {"c", 1}}
	if got, ok := MaxBy(us, func(u user) int { return u.Age }); !ok || got.Name != "b" { t.Fatal(got) }
	if _, ok := MaxBy([]user{}, func(u user) string { return u.Name }); ok { t.Fatal("none") }
	want := map[int][]user{1: {us[0], us[2]}, 9: {us[1]}}
	if got := GroupBy(us, func(u user) int { return u.Age }); !reflect.DeepEqual(got, want) { t.Fatal(got) }
}
""", "key(x) > key(best)", "key(x) < key(best)"),
    "channels in and out": piece("""func Squares(in <-chan int, out chan<- int) { for x := range in { out <- x * x }; close(out) }
func Batch(in <-chan string, n int) <-chan []string {
	out := make(chan []string)
	go func() {
		defer close(out)
		var b []string
		for x := range in { if b = append(b, x); len(b) == n { out <- b; b = nil } }
		if len(b) > 0 { out <- b }
	}()
	return out
}
""", """import ("reflect"; "testing")

func TestSquares(t *testing.T) {
	in, out := make(chan int, 3), make(chan int, 3)
	in <- 2; in <- 3; close(in)
	Squares(in, out)
	var got []int
	for x := range out { got = append(got, x) }
	if !reflect.DeepEqual(got, []int{4, 9}) { t.Fatal(got) }
}
func TestBatch(t *testing.T) {
	in := make(chan string)
	go func() { defer close(in); for _, x := range []string{"a", "b", "c"} { in <- x } }()
	var got [][]string
	for b := range Batch(in, 2) { got = append(got, b) }
	if !reflect.DeepEqual(got, [][]string{{"a", "b"}, {"c"}}) { t.Fatal(got) }
}
""", "if len(b) > 0 { out <- b }", ""),
    "a wrapped error of a type": piece("""import ("errors"; "fmt")

var ErrStock = errors.New("out of stock")

type LineError struct { Line int; Err error }
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

func Order(lines []int) error {
	for i, n := range lines { if n > 10 { return fmt.Errorf("order: %w", &LineError{i + 1, ErrStock}) } }
	return nil
}
""", """import ("errors"; "testing")

func TestOrder(t *testing.T) {
	err := Order([]int{1, 20})
	var le *LineError
	if !errors.As(err, &le) || le.Line != 2 { t.Fatal(err) }
	if !errors.Is(err, ErrStock) { t.Fatal(err) }
	if err.Error() != "order: line 2: out of stock" { t.Fatal(err) }
	if err := Order(nil); err != nil { t.Fatal(err) }
}
""", "i + 1", "i"),
    "a clock behind an interface": piece("""import ("sync"; "time")

type Clock interface { Now() time.Time }
type Cache struct { mu sync.RWMutex; ttl time.Duration; clock Clock; items map[string]entry }
type entry struct { value string; at time.Time }

func NewCache(ttl time.Duration, c Clock) *Cache { return &Cache{ttl: ttl, clock: c, items: map[string]entry{}} }
func (c *Cache) Set(k, v string) { c.mu.Lock(); defer c.mu.Unlock(); c.items[k] = entry{v, c.clock.Now()} }
func (c *Cache) Get(k string) (string, bool) {
	c.mu.RLock(); defer c.mu.RUnlock()
	it, ok := c.items[k]
	if !ok || c.clock.Now().Sub(it.at) >= c.ttl { return "", false }
	return it.value, true
}
""", """import ("testing"; "time")

type fakeClock struct{ now time.Time }
func (f *fakeClock) Now() time.Time { return f.now }

func TestCache(t *testing.T) {
	f := &fakeClock{time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
	c := NewCache(time.Minute, f)
	c.Set("a", "1")
	f.now = f.now.Add(59 * time.Second)
	if v, ok := c.Get("a"); !ok || v != "1" { t.Fatal(v, ok) }
	f.now = f.now.Add(time.Second)
	if _, ok := c.Get("a"); ok { t.Fatal("stale") }
}
""", ">= c.ttl", "> c.ttl"),
    "a type for sort": piece("""type Person struct { Name string; Age int }
type ByAge []Person
func (a ByAge) Len() int { return len(a) }
func (a ByAge) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a ByAge) Less(i, j int) bool { return a[i].Age < a[j].Age }
""", """import ("reflect"; "sort"; "testing")

func TestSort(t *testing.T) {
	ps := []Person{{"a", 3}, {"b", 1}, {"c", 2}}
	sort.Sort(ByAge(ps))
	if !reflect.DeepEqual(ps, []Person{{"b", 1}, {"c", 2}, {"a", 3}}) { t.Fatal(ps) }
}
""", "a[i].Age < a[j].Age", "a[i].Age > a[j].Age"),
    "iterators": piece("""import "iter"

func Count(n int) iter.Seq[int] { return func(yield func(int) bool) { for i := range n { if !yield(i) { return } } } }
func Filter[T any](s iter.Seq[T], keep func(T) bool) iter.Seq[T] { return func(yield func(T) bool) { for x := range s { if keep(x) && !yield(x) { return } } } }
func Pairs(m []string) iter.Seq2[int, string] { return func(yield func(int, string) bool) { for i, x := range m { if !yield(i, x) { return } } } }
""", """import ("slices"; "testing")

func TestIter(t *testing.T) {
	got := slices.Collect(Filter(Count(7), func(n int) bool { return n%2 == 0 }))
	if !slices.Equal(got, []int{0, 2, 4, 6}) { t.Fatal(got) }
	n := 0
	for i, x := range Pairs([]string{"a", "b", "c"}) { n += i; if x == "b" { break } }
	if n != 1 { t.Fatal(n) }
}
""", "keep(x) && !yield(x)", "!keep(x) && !yield(x)"),
    "embedded structs": piece("""import "strings"

type Base struct { ID int; Tags []string }
func (b *Base) Tag(s string) { b.Tags = append(b.Tags, strings.ToLower(s)) }
func (b Base) Has(s string) bool { for _, t := range b.Tags { if t == s { return true } }; return false }
type Product struct { Base; Price int }
func NewProduct(id, price int) *Product { return &Product{Base{ID: id}, price} }
func (p *Product) Discount(pct int) int { return p.Price * (100 - pct) / 100 }
""", """import "testing"

func TestEmbedded(t *testing.T) {
	p := NewProduct(7, 200)
	p.Tag("SALE")
	if !p.Has("sale") || p.Has("SALE") || p.ID != 7 || p.Discount(25) != 150 { t.Fatalf("%+v", p) }
	if len(p.Tags) != 1 || p.Base.Tags[0] != "sale" { t.Fatal(p.Tags) }
}
""", "strings.ToLower(s)", "strings.ToUpper(strings.ToLower(s))"),
    "subtests in parallel": piece("""import ("fmt"; "strconv"; "strings")

func ParseSize(s string) (int64, error) {
	units := map[string]int64{"B": 1, "KB": 1 << 10, "MB": 1 << 20}
	for _, u := range []string{"MB", "KB", "B"} {
		if rest, ok := strings.CutSuffix(s, u); ok {
			n, err := strconv.ParseInt(rest, 10, 64)
			if err != nil { return 0, fmt.Errorf("size %q: %w", s, err) }
			return n * units[u], nil
		}
	}
	return 0, fmt.Errorf("size %q: no unit", s)
}
""", """import ("errors"; "strconv"; "testing")

func TestParseSize(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct { name, in string; want int64; err bool }{{"b", "5B", 5, false}, {"kb", "2KB", 2048, false}, {"mb", "1MB", 1048576, false}, {"bad", "xMB", 0, true}, {"none", "7", 0, true}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			t.Helper()
			got, err := ParseSize(tc.in)
			if (err != nil) != tc.err || got != tc.want { t.Errorf("%s: %d %v", tc.in, got, err) }
		})
	}
	t.Run("syntax", func(t *testing.T) { if _, err := ParseSize("xB"); !errors.Is(err, strconv.ErrSyntax) { t.Fatal(err) } })
}
func BenchmarkParseSize(b *testing.B) { for i := 0; i < b.N; i++ { ParseSize("1MB") } }
func FuzzParseSize(f *testing.F) { f.Add("1B"); f.Fuzz(func(t *testing.T, s string) { ParseSize(s) }) }
""", '"KB": 1 << 10', '"KB": 1000'),
    "a safe counter of many": piece("""import ("sync"; "sync/atomic")

type Stats struct { hits atomic.Int64; mu sync.Mutex; by map[string]int; once sync.Once }
func (s *Stats) Hit(k string) { s.once.Do(func() { s.by = map[string]int{} }); s.hits.Add(1); s.mu.Lock(); s.by[k]++; s.mu.Unlock() }
func (s *Stats) Total() int64 { return s.hits.Load() }
func (s *Stats) By() map[string]int { s.mu.Lock(); defer s.mu.Unlock(); out := map[string]int{}; for k, v := range s.by { out[k] = v }; return out }
""", """import ("sync"; "testing")

func TestStats(t *testing.T) {
	var s Stats
	var wg sync.WaitGroup
	for i := 0; i < 20; i++ { wg.Add(1); go func() { defer wg.Done(); s.Hit([]string{"a", "b"}[i%2]) }() }
	wg.Wait()
	by := s.By()
	if s.Total() != 20 || by["a"] != 10 || by["b"] != 10 { t.Fatal(s.Total(), by) }
	by["a"] = 0
	if s.By()["a"] != 10 { t.Fatal("shared") }
}
""", "s.hits.Add(1)", "s.hits.Store(1)"),
    "tags and marshalling": piece("""import ("encoding/json"; "strings")

type Level int
func (l Level) MarshalJSON() ([]byte, error) { return json.Marshal([]string{"low", "high"}[l]) }
func (l *Level) UnmarshalJSON(b []byte) error { var s string; if err := json.Unmarshal(b, &s); err != nil { return err }; if strings.EqualFold(s, "high") { *l = 1 } else { *l = 0 }; return nil }
type Alert struct { ID int `json:"id"`; Note string `json:"note,omitempty"`; Level Level `json:"level"`; Secret string `json:"-"` }
""", """import ("encoding/json"; "testing")

func TestJSON(t *testing.T) {
	b, err := json.Marshal(Alert{ID: 3, Level: 1, Secret: "x"})
	if err != nil || string(b) != `{"id":3,"level":"high"}` { t.Fatal(string(b), err) }
	var a Alert
	if err := json.Unmarshal([]byte(`{"id":4,"level":"HIGH"}`), &a); err != nil || a.ID != 4 || a.Level != 1 { t.Fatal(a, err) }
}
""", "note,omitempty", "note"),
    "maps of structs": piece("""import "sort"

type Line struct { SKU string; Qty int; Price float64 }
type Total struct { Qty int; Sum float64 }
func Totals(ls []Line) map[string]Total { m := map[string]Total{}; for _, l := range ls { t := m[l.SKU]; t.Qty += l.Qty; t.Sum += float64(l.Qty) * l.Price; m[l.SKU] = t }; return m }
func Keys[V any](m map[string]V) []string { var ks []string; for k := range m { ks = append(ks, k) }; sort.Strings(ks); return ks }
func Merge(dst map[string]*Total, src map[string]Total) { for k, t := range src { if d, ok := dst[k]; ok { d.Qty += t.Qty; d.Sum += t.Sum } else { c := t; dst[k] = &c } } }
""", """import ("reflect"; "testing")

func TestTotals(t *testing.T) {
	m := Totals([]Line{{"a", 2, 1.5}, {"b", 1, 2}, {"a", 1, 1.5}})
	if !reflect.DeepEqual(m, map[string]Total{"a": {3, 4.5}, "b": {1, 2}}) { t.Fatal(m) }
	if got := Keys(m); !reflect.DeepEqual(got, []string{"a", "b"}) { t.Fatal(got) }
	dst := map[string]*Total{"a": {1, 1}}
	Merge(dst, m)
	if *dst["a"] != (Total{4, 5.5}) || *dst["b"] != (Total{1, 2}) { t.Fatal(dst) }
}
""", "d.Sum += t.Sum", "d.Sum = t.Sum"),
    "closures handed back": piece("""import "sync"

func Fib() func() int { a, b := 0, 1; return func() int { r := a; a, b = b, a+b; return r } }
func Memo(f func(int) int) func(int) int { var mu sync.Mutex; m := map[int]int{}; return func(n int) int { mu.Lock(); defer mu.Unlock(); if v, ok := m[n]; ok { return v }; v := f(n); m[n] = v; return v } }
func Chain(fs ...func(string) string) func(string) string { return func(s string) string { for _, f := range fs { s = f(s) }; return s } }
func Account(start int) (deposit func(int), balance func() int) { return func(n int) { start += n }, func() int { return start } }
""", """import ("strings"; "testing")

func TestClosures(t *testing.T) {
	f, g := Fib(), Fib()
	f(); f(); f()
	if f() != 2 || g() != 0 { t.Fatal("fib") }
	calls := 0
	m := Memo(func(n int) int { calls++; return n * n })
	if m(4) != 16 || m(4) != 16 || calls != 1 { t.Fatal(calls) }
	if got := Chain(strings.TrimSpace, strings.ToUpper, func(s string) string { return s + "!" })(" a "); got != "A!" { t.Fatal(got) }
	d, b := Account(10)
	d(5)
	if b() != 15 { t.Fatal(b()) }
}
""", "m[n] = v; return v", "return v"),
}  # fmt: skip
"""options, contexts, readers, constraints, channels, clocks, iterators, closures"""
