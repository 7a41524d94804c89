// Serves the code under test: called by value from another process.
//
// Rule 1: whatever happens here, only values come of it: the test decides elsewhere.
package PACKAGE

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

var hgFunctions = map[string]reflect.Value{}

func hgAdd(key string, function any) { hgFunctions[key] = reflect.ValueOf(function) }

func hgFind(target string) reflect.Value {
	switch target {
	case "hg:sentinel":
		return reflect.ValueOf(hgWordsOf)
	case "hg:env":
		return reflect.ValueOf(hgSetEnv)
	}
	if strings.HasPrefix(target, "#") {
		return hgTarget(target)
	}
	f, ok := hgFunctions[target]
	if !ok {
		panic("no function " + target + " for these types")
	}
	return f
}

func hgWordsOf(name string) error {
	e := *hgSentinels[name]
	if e == nil {
		return nil
	}
	if inner := hgInner(e); len(inner) > 0 {
		return &hgCopy{e.Error(), inner[0]}
	}
	return fmt.Errorf("%s", e.Error())
}

type hgCopy struct {
	words string
	inner error
}

func (e *hgCopy) Error() string { return e.words }
func (e *hgCopy) Unwrap() error { return e.inner }

func hgSetEnv(name, text string, is bool) {
	if is {
		os.Setenv(name, text)
	} else {
		os.Unsetenv(name)
	}
}

func hgGone(string)   { os.Exit(0) }
func hgAlien(string)  {}
func hgUnable(string) {}

const hgKeepsStep = false

func hgNoNumber() {}

type hgPlace struct {
	at unsafe.Pointer
	t  reflect.Type
}

var (
	hgThings  sync.Mutex
	hgObjects = map[uint64]reflect.Value{}
	hgNumbers = map[hgPlace]uint64{}
	hgNext    uint64
)

func hgHandle(p reflect.Value) uint64 {
	hgThings.Lock()
	defer hgThings.Unlock()
	place := hgPlace{p.UnsafePointer(), p.Type()}
	n, ok := hgNumbers[place]
	if !ok {
		hgNext++
		n = hgNext * 2
		hgNumbers[place], hgObjects[n] = n, p
	}
	return n
}

func hgObject(t reflect.Type, n uint64) reflect.Value {
	hgThings.Lock()
	defer hgThings.Unlock()
	p, ok := hgObjects[n]
	if !ok {
		p = reflect.New(t)
		hgNumbers[hgPlace{p.UnsafePointer(), p.Type()}], hgObjects[n] = n, p
	}
	return p
}

func hgIsKnown(uint64, string, []byte) bool { return false }

func hgNote(uint64, string, reflect.Value) {}
