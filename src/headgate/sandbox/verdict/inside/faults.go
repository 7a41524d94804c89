// Carries errors between a Go test and the code it tests: by name, by type, or by words.
//
// Rule 1: an error that came from the other side is the same one when it goes back.
// Rule 2: an error that the code made once goes by its name, one of a type by its fields.
package PACKAGE

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	hgNoError = iota
	hgErrorNamed
	hgErrorOfGo
	hgErrorYours
	hgErrorTyped
	hgErrorWords
	hgErrorNumber
)

const hgMostInner = 50

// Errors of Go with fields: they stay what they are for errors.As, and the same when they go back.
var hgFielded = map[string]reflect.Type{
	"path":   reflect.TypeOf((*fs.PathError)(nil)),
	"number": reflect.TypeOf((*strconv.NumError)(nil)),
	"time":   reflect.TypeOf((*time.ParseError)(nil)),
}

var hgNilError = errors.New("<nil>")

var (
	hgSentinels  = map[string]*error{}
	hgOfGo       = []error{io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, fs.ErrInvalid, fs.ErrClosed, strconv.ErrSyntax, strconv.ErrRange, io.ErrClosedPipe, io.ErrShortWrite, io.ErrNoProgress, os.ErrDeadlineExceeded, errors.ErrUnsupported}
	hgErrorLock  sync.Mutex
	hgOurErrors  []error
	hgOurNumbers = map[error]uint64{}
	hgTheirs     = map[uint64]error{}
)

// An error of the other side: its words and what it wraps.
type hgError struct {
	words   string
	inner   error
	n       uint64
	fielded error
}

func (e *hgError) Error() string { return e.words }
func (e *hgError) Unwrap() error { return e.inner }
func (e *hgError) As(target any) bool {
	box := reflect.ValueOf(target).Elem()
	fits := e.fielded != nil && reflect.TypeOf(e.fielded) == box.Type()
	if fits {
		box.Set(reflect.ValueOf(e.fielded))
	}
	return fits
}

type hgErrors struct {
	words string
	inner []error
	n     uint64
}

func (e *hgErrors) Error() string   { return e.words }
func (e *hgErrors) Unwrap() []error { return e.inner }

func hgInner(e error) []error {
	switch it := e.(type) {
	case interface{ Unwrap() error }:
		if inner := it.Unwrap(); inner != nil {
			return []error{inner}
		}
	case interface{ Unwrap() []error }:
		return it.Unwrap()
	}
	return nil
}

func (w *hgWriter) putError(e error) {
	if w.deep++; w.deep > hgMostInner {
		w.number(hgNoError)
		return
	}
	defer func() { w.deep-- }()
	if e == nil {
		w.number(hgNoError)
		return
	}
	if reflect.ValueOf(e).Kind() == reflect.Pointer && reflect.ValueOf(e).IsNil() {
		w.putNilError(e)
		return
	}
	if reflect.TypeOf(e).Comparable() && w.putKnown(e) {
		return
	}
	w.putErrorWhole(e)
}

// An error of a type that both sides know.
func (w *hgWriter) putTyped(e error) bool {
	name := hgNameOf(reflect.TypeOf(e))
	if name != "" {
		w.number(hgErrorTyped)
		w.text(name)
		w.put(reflect.ValueOf(e))
	}
	return name != ""
}

// A nil pointer in an error is an error: to hand it back is a well-known mistake.
func (w *hgWriter) putNilError(e error) {
	if w.putTyped(e) {
		return
	}
	w.putError(hgNilError)
}

func (w *hgWriter) putKnown(e error) bool {
	switch it := e.(type) {
	case *hgError:
		w.number(hgErrorYours)
		w.number(it.n)
		return true
	case *hgErrors:
		w.number(hgErrorYours)
		w.number(it.n)
		return true
	}
	for name, it := range hgSentinels {
		if *it == e {
			w.number(hgErrorNamed)
			w.text(name)
			return true
		}
	}
	if it, ok := e.(syscall.Errno); ok {
		w.number(hgErrorNumber)
		w.number(uint64(it))
		return true
	}
	for at, it := range hgOfGo {
		if it == e {
			w.number(hgErrorOfGo)
			w.number(uint64(at))
			return true
		}
	}
	return false
}

func (w *hgWriter) putErrorWhole(e error) {
	if w.putTyped(e) {
		return
	}
	w.number(hgErrorWords)
	w.number(hgLendError(e))
	w.text(e.Error())
	inner := hgInner(e)
	_, many := e.(interface{ Unwrap() []error })
	w.number(uint64(len(inner)))
	w.put(reflect.ValueOf(many))
	for _, it := range inner {
		w.putError(it)
	}
	w.putFielded(e)
}

func (w *hgWriter) putFielded(e error) {
	for name, t := range hgFielded {
		if reflect.TypeOf(e) == t {
			w.text(name)
			w.put(reflect.ValueOf(e).Elem())
			return
		}
	}
	w.text("")
}

func (r *hgReader) takeFielded() error {
	name := r.text()
	if name == "" {
		return nil
	}
	t, ok := hgFielded[name]
	if !ok {
		panic(hgRubbish("an error of no known kind"))
	}
	it := reflect.New(t.Elem())
	r.take(it.Elem())
	return it.Interface().(error)
}

func hgLendError(e error) uint64 {
	hgErrorLock.Lock()
	defer hgErrorLock.Unlock()
	if reflect.TypeOf(e).Comparable() {
		if n, ok := hgOurNumbers[e]; ok {
			return n
		}
		hgOurNumbers[e] = uint64(len(hgOurErrors)) + 1
	}
	hgOurErrors = append(hgOurErrors, e)
	return uint64(len(hgOurErrors))
}

func (r *hgReader) takeError() error {
	switch r.number() {
	case hgNoError:
		return nil
	case hgErrorNamed:
		if it, ok := hgSentinels[r.text()]; ok {
			return *it
		}
	case hgErrorOfGo:
		if at := r.number(); at < uint64(len(hgOfGo)) {
			return hgOfGo[at]
		}
	case hgErrorNumber:
		return syscall.Errno(r.number())
	case hgErrorYours:
		n := r.number()
		hgErrorLock.Lock()
		defer hgErrorLock.Unlock()
		if n > 0 && n <= uint64(len(hgOurErrors)) {
			return hgOurErrors[n-1]
		}
	case hgErrorTyped:
		if t, ok := hgNamed[r.text()]; ok && t.Implements(hgErrorType) {
			box := reflect.New(t).Elem()
			r.take(box)
			return box.Interface().(error)
		}
	case hgErrorWords:
		return r.takeWords()
	}
	panic(hgRubbish("an error that is none"))
}

func (r *hgReader) takeWords() error {
	n, words, count := r.number(), r.text(), r.size()
	many := r.number() == 1
	inner := make([]error, 0)
	for i := 0; i < count; i++ {
		inner = append(inner, r.takeError())
	}
	fielded := r.takeFielded()
	hgErrorLock.Lock()
	defer hgErrorLock.Unlock()
	if it, ok := hgTheirs[n]; ok && it.Error() == words {
		return it
	}
	var made error
	switch {
	case many:
		made = &hgErrors{words, inner, n}
	case count > 0:
		made = &hgError{words, inner[0], n, fielded}
	default:
		made = &hgError{words, nil, n, fielded}
	}
	hgTheirs[n] = made
	return made
}
