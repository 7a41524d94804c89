// Judges Go: runs the tests here and the code elsewhere, and reports what it saw.
//
// Rule 1: a test counts when its function ran to its end, did not fail and was not skipped.
// Rule 2: this process is hidden before the code's exists: no ptrace, no /proc entries.
package PACKAGE

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
)

var (
	hgLock    sync.Mutex
	hgCount   sync.Mutex
	hgSeen    int
	hgPassed  int
	hgFailure string
)

// What is no number is neither near to another nor far from it: tests that expect it name it.
var hgTakesNaN = true

func hgIsNaN(v reflect.Value) bool {
	return v.CanFloat() && math.IsNaN(v.Float())
}

// HGBegin hides this process and lets the code's be started.
func HGBegin() {
	const dumpable = 4
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, dumpable, 0, 0); e != 0 {
		os.Exit(1)
	}
	syscall.Write(5, []byte("r"))
}

// HGRun counts one test.
func HGRun(t *testing.T, name string, test func(*testing.T)) {
	hgCount.Lock()
	hgSeen++
	hgCount.Unlock()
	done := false
	defer func() {
		r := recover()
		hgCount.Lock()
		defer hgCount.Unlock()
		if r != nil {
			t.Errorf("panic: %v", r)
		}
		switch {
		case t.Skipped():
			hgSeen--
		case done && !t.Failed():
			hgPassed++
		case hgFailure == "" && r != nil:
			hgFailure = fmt.Sprintf("%s: panic: %v", name, r)
		case hgFailure == "":
			hgFailure = name
		}
	}()
	test(t)
	done = true
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

func hgGone(words any) {
	HGReport("ended", fmt.Sprintf("%v, at check %d", words, hgSeen))
}

// HGCall has the code's function called; the pointers are to its arguments and results.
func HGCall(name string, args []any, results []any) {
	hgLock.Lock()
	defer hgLock.Unlock()
	body := append(hgNumber(nil, uint64(len(name))), name...)
	for _, it := range args {
		body = hgPut(body, reflect.ValueOf(it).Elem())
	}
	if hgSend(body) != nil {
		hgGone("the process of the code has ended")
	}
	answer, err := hgReceive()
	if err != nil {
		hgGone("the process of the code has ended")
	}
	r := &hgReader{answer}
	if words := hgTaken(r, args, results); words != "" {
		panic(strings.TrimPrefix(words, "!"))
	}
}

func hgTaken(r *hgReader, args []any, results []any) string {
	defer func() {
		if it := recover(); it != nil {
			hgGone(fmt.Sprintf("the code sent %v", it))
		}
	}()
	if r.number() != 0 {
		return "!" + r.text()
	}
	for _, it := range results {
		r.take(reflect.ValueOf(it).Elem())
		if !hgTakesNaN && hgIsNaN(reflect.ValueOf(it).Elem()) {
			return "!the code answered with what is no number (NaN)"
		}
	}
	for _, it := range args {
		now := reflect.New(reflect.TypeOf(it).Elem()).Elem()
		r.take(now)
		hgAmend(reflect.ValueOf(it).Elem(), now)
	}
	return ""
}

// What the code did to what it was lent: seen by the test, as if it had been its own.
func hgAmend(own, now reflect.Value) {
	switch own.Kind() {
	case reflect.Slice:
		for i := 0; i < own.Len() && i < now.Len(); i++ {
			hgAmend(own.Index(i), now.Index(i))
			own.Index(i).Set(now.Index(i))
		}
	case reflect.Map:
		if own.IsNil() || now.IsNil() {
			return
		}
		own.Clear()
		for it := now.MapRange(); it.Next(); {
			own.SetMapIndex(it.Key(), it.Value())
		}
	case reflect.Pointer:
		if !own.IsNil() && !now.IsNil() {
			own.Elem().Set(now.Elem())
		}
	}
}
