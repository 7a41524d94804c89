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
}  # fmt: skip
"""code by what it tries"""
