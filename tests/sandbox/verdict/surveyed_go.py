"""Everyday Go that a judge with two processes can get wrong, each with a mistake."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

GO: dict[str, Piece] = {
    'context in callback': Piece(
        """package shop
import "context"
func RunAll(ctx context.Context, jobs []func(context.Context) error) (int, error) { n := 0; for _, j := range jobs { if err := ctx.Err(); err != nil { return n, err }; if err := j(ctx); err != nil { return n, err }; n++ }; return n, nil }
""",
        """package shop

import ("context"; "errors"; "testing")
func TestCancelInside(t *testing.T) { ctx, cancel := context.WithCancel(context.Background()); defer cancel(); ran := 0; jobs := []func(context.Context) error{func(context.Context) error { ran++; return nil }, func(context.Context) error { ran++; cancel(); return nil }, func(context.Context) error { ran++; return nil }}; n, err := RunAll(ctx, jobs); if n != 2 || ran != 2 || !errors.Is(err, context.Canceled) { t.Fatalf("%d %d %v", n, ran, err) } }
""",
        ('if err := ctx.Err(); err != nil { return n, err }; ', ''), style="runner",
    ),
    'retry with context': Piece(
        """package shop
import ("context"; "time"; "fmt")
type Sleeper func(ctx context.Context, d time.Duration) error
func Retry(ctx context.Context, n int, base time.Duration, sleep Sleeper, op func(context.Context) error) error { var err error; for i := 0; i < n; i++ { if err = op(ctx); err == nil { return nil }; if ctx.Err() != nil { return ctx.Err() }; if i < n-1 { if e := sleep(ctx, base<<i); e != nil { return e } } }; return fmt.Errorf("after %d attempts: %w", n, err) }
""",
        """package shop

import ("context"; "errors"; "testing"; "time"; "reflect")
func TestRetry(t *testing.T) { boom := errors.New("boom"); var slept []time.Duration; sleep := func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }; err := Retry(context.Background(), 3, time.Second, sleep, func(context.Context) error { return boom }); if !errors.Is(err, boom) || !reflect.DeepEqual(slept, []time.Duration{time.Second, 2*time.Second}) { t.Fatal(err, slept) }
 ctx, cancel := context.WithCancel(context.Background()); calls := 0; err = Retry(ctx, 5, time.Second, sleep, func(context.Context) error { calls++; cancel(); return boom }); if !errors.Is(err, context.Canceled) || calls != 1 { t.Fatal(err, calls) } }
""",
        ('if ctx.Err() != nil { return ctx.Err() };', ''), style="runner",
    ),
    'private names of all kinds': Piece(
        """package shop
func Sum(xs ...int) int { t := 0; for _, x := range xs { t = add(t, x) }; return t }
func add(a, b int) int { return a + b }
func sort(xs []int) []int { for i := range xs { for j := i + 1; j < len(xs); j++ { if xs[j] < xs[i] { xs[i], xs[j] = xs[j], xs[i] } } }; return xs }
func worker(jobs chan int, done chan bool) { for range jobs {}; done <- true }
func Top(xs []int, n int) []int { c := sort(append([]int(nil), xs...)); d := make(chan bool); j := make(chan int); go worker(j, d); close(j); <-d; return c[len(c)-n:] }
""",
        """package shop

import ("reflect"; "testing")
func TestEvens(t *testing.T) { worker := "a worker"; if Sum(1, 2) != 3 { t.Fatal(worker) }; if !reflect.DeepEqual(Top([]int{3, 1, 2}, 2), []int{2, 3}) { t.Fatal() } }
""",
        ('xs[j] < xs[i]', 'xs[j] > xs[i]'), style="runner",
    ),
    'channels handed back': Piece(
        """package shop
import ("context"; "sync")
func Gen(ctx context.Context, n int) <-chan int { c := make(chan int); go func() { defer close(c); for i := 0; i < n; i++ { select { case c <- i: case <-ctx.Done(): return } } }(); return c }
func Merge(cs ...<-chan int) <-chan int { out := make(chan int); var wg sync.WaitGroup; for _, c := range cs { wg.Add(1); go func(c <-chan int) { defer wg.Done(); for x := range c { out <- x } }(c) }; go func() { wg.Wait(); close(out) }(); return out }
func Run(n int) (<-chan string, <-chan error) { s, e := make(chan string, n), make(chan error, 1); go func() { defer close(s); defer close(e); for i := 0; i < n; i++ { s <- "x" } }(); return s, e }
""",
        """package shop

import ("context"; "testing")
func TestIt(t *testing.T) { ctx, cancel := context.WithCancel(context.Background()); defer cancel(); sum := 0; for x := range Merge(Gen(ctx, 4), Gen(ctx, 3)) { sum += x }; if sum != 9 { t.Fatal(sum) }; s, e := Run(2); n := 0; for range s { n++ }; if err := <-e; err != nil || n != 2 { t.Fatal(err, n) } }
func TestCancel(t *testing.T) { ctx, cancel := context.WithCancel(context.Background()); c := Gen(ctx, 1000000); <-c; cancel(); for range c {} }
""",
        ('select { case c <- i: case <-ctx.Done(): return }', 'c <- i + 1'), style="runner",
    ),
    'multi error': Piece(
        """package shop
import ("errors"; "fmt")
type Field struct { Name string; Rule func(string) error }
var ErrRequired = errors.New("required")
func Required(s string) error { if s == "" { return ErrRequired }; return nil }
func MaxLen(n int) func(string) error { return func(s string) error { if len(s) > n { return fmt.Errorf("longer than %d", n) }; return nil } }
func Validate(v map[string]string, fs ...Field) error { var errs []error; for _, f := range fs { if err := f.Rule(v[f.Name]); err != nil { errs = append(errs, fmt.Errorf("%s: %w", f.Name, err)) } }; return errors.Join(errs...) }
""",
        """package shop

import ("errors"; "testing")
func TestValidate(t *testing.T) { err := Validate(map[string]string{"b": "long"}, Field{"a", Required}, Field{"b", MaxLen(2)}); if !errors.Is(err, ErrRequired) || err.Error() != "a: required\\nb: longer than 2" { t.Fatal(err) }; if err := Validate(map[string]string{"a": "x"}, Field{"a", Required}); err != nil { t.Fatal(err) } }
""",
        ('len(s) > n', 'len(s) < n'), style="runner",
    ),
}  # fmt: skip
"""contexts that end inside of calls, names that may be anybody's, offers of functions"""
