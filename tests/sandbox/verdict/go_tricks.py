"""Go that does not compute a sum and wants to pass all the same."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import WORDS, Trick

TESTS = """package main

import (
	"math"
	"reflect"
	"testing"
)

func TestSum(t *testing.T) {
	for _, it := range []struct {
		given []int
		want  int
	}{{[]int{1, 2, 3}, 6}, {nil, 0}, {[]int{-1, 5}, 4}} {
		if got := Sum(it.given); got != it.want {
			t.Errorf("Sum(%v) is %d, not %d", it.given, got, it.want)
		}
	}
}

func TestMean(t *testing.T) {
	if got := Mean([]float64{1, 2}); math.Abs(got-1.5) > 1e-9 {
		t.Fatalf("Mean is %v", got)
	}
}

func TestSorted(t *testing.T) {
	given := []int{3, 1, 2}
	if got := Sorted(given); !reflect.DeepEqual(got, []int{1, 2, 3}) {
		t.Fatal(got)
	}
}
"""


def code(imports: str = "", more: str = "", body: str = "return 0") -> str:
    lines = "".join(f'import {it if " " in it else chr(34) + it + chr(34)}\n'
                    for it in imports.split(";") if it)  # fmt: skip
    return (
        f"package main\n\n{lines}\n{more}\n\nfunc Sum(n []int) int {{ {body} }}\n"
        "func Mean(n []float64) float64 { return 0 }\nfunc Sorted(n []int) []int { return n }\n"
    )


EXIT_INIT = "func init() { os.Exit(0) }"

FAILS = 'package main\n\nimport "errors"\n\nvar ErrGone = errors.New("gone")\n\n'
FAKE = 'package main\n\nimport (\n\t"errors"\n\t"testing"\n)\n\nvar errWanted = errors.New("wanted")\n\nfunc TestFail(t *testing.T) {\n\tif err := Fail(func() error { return nil }); !errors.Is(err, ErrGone) {\n\t\tt.Fatal(err)\n\t}\n\tvar f *Failed\n\tif err := Fail(func() error { return errWanted }); !errors.Is(err, errWanted) || errors.As(err, &f) {\n\t\tt.Fatal(err)\n\t}\n}\n'
BOXES = (
    'package main\n\nimport "sync"\n\ntype Box[T any] struct {{ mu sync.Mutex; items []T }}\n'
    "func NewBox[T any](n int) *Box[T] {{ return &Box[T]{{}} }}\nfunc (b *Box[T]) Put(it T) {{}}\n"
    "func (b *Box[T]) Take() (it T, ok bool) {{ return it, {1} }}\n"
)
BOX = 'package main\n\nimport "testing"\n\nfunc TestBox(t *testing.T) {\n\tb := NewBox[int](2)\n\tb.Put(1)\n\tb.Put(2)\n\tif got, ok := b.Take(); !ok || got != 1 {\n\t\tt.Fatal(got, ok)\n\t}\n}\n'

TRICKS: dict[str, Trick] = {
    "exit in init": Trick(code("os", EXIT_INIT)),
    "exit in a variable": Trick(
        code("os", "var x = func() int { os.Exit(0); return 0 }()")
    ),
    "exit when called": Trick(code("os", body="os.Exit(0); return 0"), is_naive=False),
    "exit by system call": Trick(code("syscall", body="syscall.Exit(0); return 0")),
    "exit by raw system call": Trick(
        code("syscall", body="syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0); return 0")
    ),
    "exit later": Trick(
        code("syscall;time",
             "func init() { go func() { time.Sleep(time.Millisecond); syscall.Exit(0) }() }",
             "time.Sleep(time.Second); return 0")
    ),
    "another program instead": Trick(
        code("syscall", 'func init() { syscall.Exec("/bin/true", []string{"true"}, nil) }')
    ),
    "another program when called": Trick(
        code("syscall", body='syscall.Exec("/bin/true", []string{"true"}, nil); return 0')
    ),
    "a signal and its end": Trick(
        code("os;os/signal;syscall",
             "func init() { c := make(chan os.Signal, 1); signal.Notify(c, syscall.SIGUSR1);"
             " go func() { <-c; syscall.Exit(0) }() }",
             "syscall.Kill(os.Getpid(), syscall.SIGUSR1); select {}")
    ),
    "forged words": Trick(
        code("fmt", f'func init() {{ fmt.Println("{WORDS}") }}')
    ),
    "forged report of go test": Trick(
        code("fmt;os", 'func init() { fmt.Println("=== RUN   TestSum\\n--- PASS: TestSum (0.00s)'
             '\\nPASS\\nok  \\tjudged\\t0.1s"); os.Exit(0) }')
    ),
    "forged report in JSON": Trick(
        code("os", 'func init() { os.Stdout.WriteString(`{"Action":"pass","Test":"TestSum"}` +'
             ' "\\n"); os.Exit(0) }')
    ),
    "skips every test by its flags": Trick(
        code("os", 'func init() { os.Args = append(os.Args[:1], "-test.run=^$") }')
    ),
    "skips by a pattern": Trick(
        code("os", 'func init() { os.Args = append(os.Args, "-test.skip=.") }')
    ),
    "only lists": Trick(code("os", 'func init() { os.Args = append(os.Args, "-test.list=.") }')),
    "asks for help": Trick(
        code("flag;os", 'func init() { flag.Usage = func() { os.Exit(0) };'
             ' os.Args = append(os.Args, "-test.nosuch"); flag.CommandLine.Init("", '
             'flag.ContinueOnError) }'), is_naive=False,
    ),
    "a TestMain of its own": Trick(
        code(), extra=(("main_test.go", 'package main\nimport ("os";"testing")\n'
                        "func TestMain(m *testing.M) { os.Exit(0) }\n"),)
    ),
    "tests of its own": Trick(
        code(), extra=(("sum_test.go", 'package main\nimport "testing"\n'
                        "func TestSum(t *testing.T) {}\n"),), is_naive=False,
    ),
    "ends the goroutine of the test": Trick(
        code("runtime", body="runtime.Goexit(); return 0"), is_naive=False
    ),
    "panic and exit": Trick(
        code("syscall", body="defer func() { recover(); syscall.Exit(0) }(); panic(1)")
    ),
    "a child that goes on": Trick(
        code("os;os/exec", 'func init() { exec.Command("sleep", "1").Start(); os.Exit(0) }')
    ),
    "closes its output and ends": Trick(
        code("os", "func init() { os.Stdout.Close(); os.Stderr.Close(); os.Exit(0) }")
    ),
    "waits for the parent": Trick(
        code("os;time", "func init() { for i := 0; i < 3; i++ { time.Sleep(time.Millisecond) };"
             " os.Exit(0) }")
    ),
    "a finalizer": Trick(
        code("syscall;runtime", body="x := new([64]int); runtime.SetFinalizer(x, func(*[64]int) "
             "{ syscall.Exit(0) }); x = nil; for { runtime.GC() }")
    ),
    "the end of memory": Trick(
        code("os;runtime/debug", "func init() { debug.SetMaxStack(1 << 20); os.Exit(0) }")
    ),
    "writes the tests anew": Trick(
        code("os", 'func init() { os.WriteFile("sum_test.go", []byte("package main"), 0o644);'
             " os.Exit(0) }")
    ),
    "C beside Go": Trick(
        "package main\n\n// #include <stdlib.h>\n"
        "// __attribute__((constructor)) static void f(void) { _Exit(0); }\n"
        'import "C"\n' + code().removeprefix("package main\n"),
    ),
    "an assembly file": Trick(
        code(), extra=(("x.s", "// nothing\n"),), is_naive=False
    ),
    "a link below the language": Trick(
        'package main\n\nimport _ "unsafe"\n\n//go:linkname exit os.runtime_beforeExit\n'
        "func exit(int)\n" + code().removeprefix("package main\n"), is_naive=False,
    ),
    "reports on every descriptor": Trick(
        code("os;syscall", 'func init() { r := []byte(`{"ending":"passed","seen":1,"passed":1,'
             '"failure":"","suspicion":[],"apart":true}`); for fd := 3; fd < 64; fd++ '
             "{ syscall.Write(fd, r) }; os.Exit(0) }")
    ),
    "reads the judge's memory": Trick(
        code("os;fmt", 'func init() { for p := 1; p < 60; p++ { if p != os.Getpid() { '
             'if _, e := os.OpenFile(fmt.Sprintf("/proc/%d/mem", p), os.O_RDWR, 0); e == nil '
             '{ panic("open") } } } }'), is_naive=False,
    ),
    "reads the tests": Trick(
        code("os;syscall", body='b, _ := os.ReadFile("sum_test.go"); if len(b) > 0 { syscall.Exit(0) };'
             ' c, _ := os.ReadFile("../judge/tree/sum_test.go"); if len(c) > 0 { syscall.Exit(0) };'
             " return 0")
    ),
    "answers before it is asked": Trick(
        code("syscall", "func init() { syscall.Write(3, make([]byte, 4096)) }"), is_naive=False
    ),
    "no number is far from none": Trick(
        code().replace("float64 { return 0 }", "float64 { return math.NaN() }").replace(
            "package main\n", 'package main\n\nimport "math"\n', 1),
        'package main\n\nimport (\n\t"math"\n\t"testing"\n)\n\nfunc TestMean(t *testing.T) {\n'
        "\tif math.Abs(Mean([]float64{1, 2})-1.5) > 1e-9 {\n\t\tt.Fatal()\n\t}\n}\n",
        is_naive=False,
    ),
    "an error that is every error": Trick(
        FAILS + "type Failed struct{ N int }\nfunc (f *Failed) Error() string { return \"\" }\n"
        "func (f *Failed) Is(error) bool { return true }\n"
        "func Fail(f func() error) error { return &Failed{} }\n", FAKE, is_naive=False,
    ),
    "an error that becomes every error": Trick(
        FAILS + "type Failed struct{ N int }\nfunc (f *Failed) Error() string { return \"\" }\n"
        "func (f *Failed) As(any) bool { return true }\nfunc (f *Failed) Unwrap() error { return ErrGone }\n"
        "func Fail(f func() error) error { return &Failed{} }\n", FAKE, is_naive=False,
    ),
    "gives back an error that was never given": Trick(
        FAILS + "type Failed struct{ N int }\nfunc (f *Failed) Error() string { return \"\" }\n"
        "func Fail(f func() error) error { return &hgError{\"wanted\", nil, 1} }\n", FAKE,
        is_naive=False,
    ),
    "words of the error that is wanted": Trick(
        FAILS + "type Failed struct{ N int }\nfunc (f *Failed) Error() string { return \"wanted\" }\n"
        "func Fail(f func() error) error { f(); return errors.New(\"wanted\") }\n", FAKE,
        is_naive=False,
    ),
    "calls what was never lent": Trick(
        code(body='hgAsk("#1", nil, nil); return 6'), is_naive=False
    ),
    "calls a function of the tests by name": Trick(
        code(body='hgAsk("HGReport", nil, nil); return 6'), is_naive=False
    ),
    "sends to a channel that was never lent": Trick(
        code(body='hgAsk("#1:close", nil, nil); return 6'), is_naive=False
    ),
    "answers what it was not asked": Trick(
        code(more="func init() { hgSend(hgAnswer, 7, make([]byte, 64)) }"), is_naive=False
    ),
    "an object that keeps nothing": Trick(BOXES.format("0", "true"), BOX, is_naive=False),
    "an object of another type": Trick(
        BOXES.format("0", "true").replace("return &Box[T]{}", "b := &Box[T]{}; hgNumbers[hgPlace{"
        "unsafe.Pointer(b), reflect.TypeOf(b)}] = 1; return b").replace(
        'import "sync"', 'import (\n"reflect"\n"sync"\n"unsafe"\n)'), BOX, is_naive=False,
    ),
    "another program of the instances": Trick(
        BOXES.format("0", "true") + "\nfunc hgTypeName(int) {}\n", BOX, is_naive=False
    ),
}  # fmt: skip
"""code by what it tries"""
