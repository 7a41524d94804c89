// Judges Go: runs the tests here and the code elsewhere, and reports what it saw.
//
// Rule 1: a test counts when it and its parts ran to their end, did not fail, were not skipped.
// Rule 2: this process is hidden before the code's exists: no ptrace, no /proc entries.
// Rule 3: an object of the code is a number here; fields that the tests name are kept in step.
package PACKAGE

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

var (
	hgCount   sync.Mutex
	hgSeen    int
	hgPassed  int
	hgFailure string
)

// What is no number is neither near to another nor far from it: tests that expect it name it.
var hgTakesNaN = true

// Whether tests change the environment, which the code is to see too.
var hgSetsEnv = false

// What both sides hold is kept in step by who asks.
const hgKeepsStep = true

func hgNoNumber() {
	if !hgTakesNaN {
		hgDoubt("the code answered with what is no number (NaN)")
	}
}

// What the tests would not see: they do not pass, whatever they say.
func hgDoubt(words string) {
	hgCount.Lock()
	defer hgCount.Unlock()
	if hgFailure == "" {
		hgFailure = words
	}
}

// HGBegin hides this process and lets the code's be started.
func HGBegin() {
	const dumpable = 4
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, dumpable, 0, 0); e != 0 {
		os.Exit(1)
	}
	syscall.Write(5, []byte("r"))
	go hgListen()
}

// HGMain is what a TestMain of the tests is given.
type HGMain struct{ M *testing.M }

// Run runs the tests.
func (m HGMain) Run() int {
	code := m.M.Run()
	if code != 0 {
		hgCount.Lock()
		defer hgCount.Unlock()
		if hgFailure == "" {
			hgFailure = "a test failed"
		}
	}
	return code
}

// HGExit ends the tests instead of os.Exit.
func HGExit(code int) {
	if code != 0 && hgFailure == "" {
		hgFailure = fmt.Sprintf("the tests ended with %d", code)
	}
	HGReport("", "")
}

// Who ends a test that takes too long is told which begins or has ended.
func hgStep(sign, name string) { syscall.Write(5, []byte(sign+name+"\n")) }

// HGRun counts one test.
func HGRun(t *testing.T, name string, test func(*testing.T)) {
	hgCount.Lock()
	hgSeen++
	hgAlone = runtime.NumGoroutine() + 1 // of a subtest
	hgCount.Unlock()
	hgStep("+", name)
	t.Cleanup(func() { hgStep("-", name) })
	done, words := false, ""
	t.Cleanup(func() {
		hgCount.Lock()
		defer hgCount.Unlock()
		switch {
		case t.Skipped():
			hgSeen--
		case done && !t.Failed():
			hgPassed++
		case hgFailure == "":
			hgFailure = name + cmp.Or(words, hgLogged(t))
		}
	})
	defer func() {
		if r := recover(); r != nil {
			words = fmt.Sprintf(": panic: %v", r)
			t.Error(words)
		}
	}()
	test(t)
	done = true
}

// The first of what a test said, or its subtest; it stands where testing keeps it.
func hgLogged(t *testing.T) string {
	kept := reflect.ValueOf(t).Elem().FieldByName("output")
	if kept.Kind() != reflect.Slice || kept.Type().Elem().Kind() != reflect.Uint8 {
		return ""
	}
	said := ""
	for _, line := range strings.Split(string(kept.Bytes()), "\n") {
		line = strings.TrimSpace(line)
		if sub, found := strings.CutPrefix(line, "--- FAIL: "); found {
			said = " " + sub[strings.Index(sub, "/")+1:strings.LastIndex(sub, " (")]
		} else if line != "" {
			return fmt.Sprintf("%s: %.200s", said, line)
		}
	}
	return said
}

// HGReport says what was seen, and ends.
func HGReport(ending string, failure string) {
	if ending == "" {
		switch {
		case hgFailure != "" || hgSeen != hgPassed:
			ending, failure = "failed", hgFailure
		case hgSeen == 0:
			ending = "no_checks"
		default:
			ending = "passed"
		}
	}
	text, _ := json.Marshal(map[string]any{
		"ending": ending, "seen": hgSeen, "passed": hgPassed, "failure": failure,
		"suspicion": []string{}, "apart": true,
	})
	os.NewFile(4, "report").Write(text)
	os.Exit(0)
}

func hgGone(words string) {
	hgCount.Lock()
	HGReport("ended", fmt.Sprintf("%v, at check %d", words, hgSeen))
}

func hgAlien(words string) { hgGone("the code sent " + words) }

func hgUnable(words string) { HGReport("untestable", words) }

// The code calls what was lent to it, and nothing else.
func hgFind(target string) reflect.Value {
	if !strings.HasPrefix(target, "#") {
		panic(hgRubbish("a call of what was never lent"))
	}
	return hgTarget(target)
}

// HGCall has the code's function called; the pointers are to its arguments and results.
func HGCall(name string, args []any, results []any) {
	if hgSetsEnv {
		hgSurround()
	}
	defer func() {
		if it := recover(); it != nil {
			if words, ok := it.(hgUnfit); ok {
				hgUnable(string(words))
			}
			panic(it)
		}
	}()
	hgAsk(name, args, results)
}

var hgLastEnv sync.Map

func hgSurround() {
	now := map[string]bool{}
	for _, it := range os.Environ() {
		name, text, _ := strings.Cut(it, "=")
		now[name] = true
		if last, ok := hgLastEnv.Swap(name, text); !ok || last != text {
			is := true
			hgAsk("hg:env", []any{&name, &text, &is}, nil)
		}
	}
	hgLastEnv.Range(func(key, _ any) bool {
		if name := key.(string); !now[name] {
			text, is := "", false
			hgLastEnv.Delete(name)
			hgAsk("hg:env", []any{&name, &text, &is}, nil)
		}
		return true
	})
}

var (
	hgThings    sync.Mutex
	hgObjects   = map[uint64]reflect.Value{}
	hgNext      uint64
	hgLastField = map[uint64]map[string]string{}
)

// The number of an object, by its first field; what a test made itself gets an odd one.
func hgHandle(p reflect.Value) uint64 {
	hgThings.Lock()
	defer hgThings.Unlock()
	thing := hgOpen(p.Elem().Field(0))
	n := thing.Field(0)
	n = hgOpen(n)
	if n.Uint() == 0 {
		hgNext++
		n.SetUint(hgNext*2 - 1)
		hgObjects[hgNext*2-1] = p
	}
	return n.Uint()
}

func hgObject(t reflect.Type, n uint64) reflect.Value {
	hgThings.Lock()
	defer hgThings.Unlock()
	if p, ok := hgObjects[n]; ok {
		if p.Type().Elem() != t {
			panic(hgRubbish("an object of another type"))
		}
		return p
	}
	if n%2 != 0 {
		panic(hgRubbish("an object that was never there"))
	}
	p := reflect.New(t)
	hgOpen(hgOpen(p.Elem().Field(0)).Field(0)).SetUint(n)
	hgObjects[n] = p
	return p
}

// Whether the code has this content of the field already.
func hgIsKnown(n uint64, name string, content []byte) bool {
	hgThings.Lock()
	defer hgThings.Unlock()
	if hgLastField[n] == nil {
		hgLastField[n] = map[string]string{}
	}
	last, ok := hgLastField[n][name]
	hgLastField[n][name] = string(content)
	return ok && last == string(content)
}

func hgNote(n uint64, name string, now reflect.Value) {
	field := &hgWriter{}
	field.put(now)
	hgIsKnown(n, name, field.b)
}

// An error that the code made once; its words are asked for when they are due.
type hgSentinel struct {
	name string
	once sync.Once
	it   error
}

func (e *hgSentinel) ask() error {
	e.once.Do(func() { HGCall("hg:sentinel", []any{&e.name}, []any{&e.it}) })
	return e.it
}
func (e *hgSentinel) Error() string { return e.ask().Error() }
func (e *hgSentinel) Unwrap() error { return errors.Unwrap(e.ask()) }
