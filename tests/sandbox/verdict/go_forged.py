"""Go that reaches for the judge's own text, for words of Go, and for what comparisons ask."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import Trick
from tests.sandbox.verdict.go_tricks import code

REPORTS = 'go func() { for hgSeen == 0 { print("") }; hgSeen, hgPassed = 3, 3; HGReport("passed", "") }()'
KNOWN = "var hgSeen, hgPassed int\nfunc HGReport(a, b string) {}\n"


def tests(imports: str, body: str) -> str:
    """One test."""
    lines = "".join(f'import "{it}"\n' for it in ("testing", *imports.split()))
    return f"package main\n\n{lines}\nfunc TestIt(t *testing.T) {{\n{body}\n}}\n"


def trick(code: str, test: str, mod: str = "", *, is_naive: bool = True) -> Trick:
    extra = (("go.mod", mod),) if mod else ()
    return Trick(f"package main\n\n{code}\n", test, "asserts", extra, is_naive)


EVEN = tests(
    "",
    "for n, want := range []bool{true, false, true} { if got := Even(n); got != want { t.Error(n) } }",
)
PANICS = tests("", 'defer func() { if recover() == nil { t.Error("no panic") } }()\nMust(-1)')
EVENS = tests(
    "", "got := Evens(5)\nfor i := 0; i < len(got); i++ { if got[i] != 2*i { t.Error(got) } }"
)
NEAR = "if math.Abs(got-2.5) > 1e-9 { t.Error(got) }"
SCALED = tests("math", "for _, got := range Scaled([]float64{5, 5}) { " + NEAR + " }")
POINT = tests("math", "got := Middle().X\n" + NEAR)
ROOT = tests("math/cmplx", "if cmplx.Abs(Root(-1)-1i) > 1e-9 { t.Error() }")
RATES = tests("math", 'got := Rates()["a"]\n' + NEAR)
VISITED = tests("math", "Visit(func(got float64) { " + NEAR + " })")
STREAM = tests("math", "for got := range Stream() { " + NEAR + " }")
PARALLEL = tests(
    "fmt",
    "for _, it := range [][2]int{{1, 2}, {2, 4}, {0, 0}} { t.Run(fmt.Sprint(it[0]), func(t *testing.T) { t.Parallel(); if Double(it[0]) != it[1] { t.Error(it) } }) }",
)
GONE = 'import "errors"\n\nvar ErrGone = errors.New("gone")\n\ntype Failed struct{ N int }\nfunc (f *Failed) Error() string { return "failed" }\nfunc Fail(f func() error) error { f(); return &Failed{} }\n'
OWN_ERROR = tests(
    "errors",
    'wanted := errors.New("wanted")\nif err := Fail(func() error { return wanted }); !errors.Is(err, wanted) { t.Error(err) }',
)
MONEY = "type Money struct { Cents int; Unit string }\nfunc Add(a, b Money) Money { return Money{} }\n"
EQUAL = tests(
    "",
    'if got := Add(Money{1, "EUR"}, Money{2, "EUR"}); !got.Equal(Money{3, "EUR"}) { t.Error(got) }',
)
COMPARED = tests(
    "",
    'if got := Add(Money{1, "EUR"}, Money{2, "EUR"}); got.Compare(Money{3, "EUR"}) != 0 { t.Error(got) }',
)
PRINTED = tests(
    "fmt",
    'if got, want := Add(Money{1, "EUR"}, Money{2, "EUR"}), (Money{3, "EUR"}); fmt.Sprint(got) != fmt.Sprint(want) { t.Error() }',
)
MARSHALLED = tests(
    "encoding/json",
    'got, _ := json.Marshal(Add(Money{1, "EUR"}, Money{2, "EUR"}))\nwant, _ := json.Marshal(Money{3, "EUR"})\nif string(got) != string(want) { t.Error() }',
)
CHECKED = tests("", 'if err := Check("a"); err != nil { t.Error(err) }')
CALLED = tests(
    "",
    "var got []int\nEach([]int{1, 2}, func(n int) { got = append(got, n) })\nif len(got) != 2 || got[0] != 1 { t.Error(got) }",
)
HELD = tests("", 'b := NewBox()\nb.Put(1)\nif b.Len() != 1 { t.Fatal("empty") }')

FORGED: dict[str, Trick] = {
    "an init beside a type": Trick(code(more=f"{KNOWN}type it struct{{}}; func init() {{ {REPORTS} }}"), is_naive=False),
    "an init beside a constant": Trick(code(more=f"{KNOWN}const it = 1; func init() {{ {REPORTS} }}"), is_naive=False),
    "an init that stands to the right": Trick(code(more=f"{KNOWN}type it struct{{}}\n  func init() {{ {REPORTS} }}"), is_naive=False),
    "an init after a group of constants": Trick(code(more=f"{KNOWN}const (\n\tit = 1\n); func init() {{ {REPORTS} }}"), is_naive=False),
    "an init within words": Trick(code(more=f"var _ = `\nconst it = 1; func init() {{ {REPORTS} }}\n`"), is_naive=False),
    "a type within words": Trick(code(more=f"var _ = `\ntype it struct{{}}; func init() {{ {REPORTS} }}\n`"), is_naive=False),
    "an init within the tag of a field": trick(f"import \"sync\"\n\ntype Box struct {{\n\tmu sync.Mutex\n\tN int `a\n\tFatal int }}; func init() {{ {REPORTS} }}; type hgZ struct {{\n`\n}}\n\nfunc NewBox() *Box {{ return &Box{{}} }}\nfunc (b *Box) Put(n int) {{}}\nfunc (b *Box) Len() int {{ return 0 }}", HELD, is_naive=False),
    "an init beside a result": Trick(code(more=f"{KNOWN}type it interface {{ M() int }}; func init() {{ {REPORTS} }}"), is_naive=False),
    "true is false": trick("const true = false\n\nfunc Even(n int) bool { return false }", EVEN),
    "false is true": trick("const false = true\n\nfunc Even(n int) bool { return true }", EVEN),
    "a recover of its own": trick('func recover() any { return "a panic" }\n\nfunc Must(n int) {}', PANICS),
    "nothing is as long as it is": trick("func len(any) int { return 0 }\n\nfunc Evens(n int) []int { return []int{7} }", EVENS),
    "no number in a list": trick('import "math"\n\nfunc Scaled(n []float64) []float64 { return []float64{math.NaN(), math.NaN()} }', SCALED),
    "no number in a field": trick('import "math"\n\ntype Point struct { X, Y float64 }\n\nfunc Middle() Point { return Point{math.NaN(), 0} }', POINT),
    "no complex number": trick('import "math/cmplx"\n\nfunc Root(n complex128) complex128 { return cmplx.NaN() }', ROOT),
    "no number in a map": trick('import "math"\n\nfunc Rates() map[string]float64 { return map[string]float64{"a": math.NaN()} }', RATES),
    "no number for a visitor": trick('import "math"\n\nfunc Visit(see func(float64)) { see(math.NaN()) }', VISITED),
    "no number from a channel": trick('import "math"\n\nfunc Stream() <-chan float64 { c := make(chan float64, 1); c <- math.NaN(); close(c); return c }', STREAM),
    "an older Go for the tests": trick("func Double(n int) int { return 0 }", PARALLEL, "module judged\n\ngo 1.21\n"),
    "a module called testing": Trick(code(), extra=(("go.mod", "module testing\n\ngo 1.21\n"),), is_naive=False),
    "a module called std": Trick(code(), extra=(("go.mod", "module std\n\ngo 1.21\n"),), is_naive=False),
    "a package called testing": Trick(code(), extra=(("testing/testing.go", "package testing\n\ntype T struct{}\n"), ("vendor/modules.txt", "")), is_naive=False),
    "a module that stands for another": Trick(code(), extra=(("go.mod", "module judged\n\ngo 1.21\n\nreplace testing => ./testing\n"), ("testing/testing.go", "package testing\n")), is_naive=False),
    "a workspace of its own": Trick(code(), extra=(("go.work", "go 1.21\n\nuse .\n"),), is_naive=False),
    "an error that agrees when asked first": trick(GONE + "var asked int\nfunc (f *Failed) Is(error) bool { asked++; return asked%2 == 1 }", OWN_ERROR),
    "an error that knows a decoy by its length": trick(GONE + "func (f *Failed) Is(e error) bool { return len(e.Error()) != 24 }", OWN_ERROR),
    "equal to everything": trick(MONEY + "func (m Money) Equal(o Money) bool { return true }", EQUAL),
    "equal to everything when asked first": trick(MONEY + "var asked int\nfunc (m Money) Equal(o Money) bool { asked++; return asked%2 == 1 }", EQUAL),
    "never more nor less": trick(MONEY + "func (m Money) Compare(o Money) int { return 0 }", COMPARED),
    "printed alike": trick(MONEY + 'func (m Money) String() string { return "money" }', PRINTED),
    "marshalled alike": trick(MONEY + "func (m Money) MarshalJSON() ([]byte, error) { return []byte(`{}`), nil }", MARSHALLED),
    "a nil that is none": trick('type Bad struct{}\n\nfunc (b *Bad) Error() string { return "bad" }\n\nfunc Check(s string) error { var b *Bad; return b }', CHECKED, is_naive=False),
    "calls back when all is over": trick("import \"time\"\n\nfunc Each(n []int, f func(int)) { go func() { time.Sleep(time.Millisecond); for _, it := range n { f(it) } }() }", CALLED, is_naive=False),
    "ends its parent": Trick(code("os;syscall", "func init() { syscall.Kill(os.Getppid(), syscall.SIGKILL); os.Exit(0) }")),
    "stops everyone": Trick(code("syscall", "func init() { syscall.Kill(-1, syscall.SIGTERM); syscall.Exit(0) }"), is_naive=False),
    "asks who calls": Trick(code("runtime", body='pc := make([]uintptr, 64); for f := runtime.CallersFrames(pc[:runtime.Callers(0, pc)]); ; { it, more := f.Next(); if it.Function == "main.TestSum" { runtime.Goexit() }; if !more { break } }; return 6'), is_naive=False),
    "reads what it was started with": Trick(code("os;io;syscall", "func init() { b, _ := io.ReadAll(os.Stdin); if len(b) > 0 { os.Stdout.Write(b); syscall.Exit(0) } }"), is_naive=False),
    "learns by heart": Trick(code(more="var known = map[int]int{}", body="known[len(n)]++; return known[len(n)]"), is_naive=False),
    "writes through its argument": Trick(code("unsafe", body="for i := 0; i < 64 && len(n) > 0; i++ { *(*int)(unsafe.Add(unsafe.Pointer(&n[0]), i*8)) = 0 }; return 0"), is_naive=False),
}  # fmt: skip
"""code by what it tries"""
