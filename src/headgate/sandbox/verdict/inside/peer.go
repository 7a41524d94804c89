// Exchanges calls with the other side, several at a time, each answered by its number.
//
// Rule 1: what the other side sends is only ever taken apart as values; what it asks for is
// called only if it was lent (or, in the code's process, if it is one of its functions).
package PACKAGE

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
)

const hgLargest = 256 << 20

const (
	hgRequest = iota
	hgAnswer
)

var (
	hgLine     = os.NewFile(3, "line")
	hgWriting  sync.Mutex
	hgWaiting  = map[uint64]chan []byte{}
	hgWaitLock sync.Mutex
	hgLast     uint64
)

func hgSend(kind byte, id uint64, body []byte) {
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(body)))
	head = binary.LittleEndian.AppendUint64(append(head, kind), id)
	hgWriting.Lock()
	defer hgWriting.Unlock()
	if _, err := hgLine.Write(append(head, body...)); err != nil {
		hgGone("the process of the code has ended")
	}
}

// Listens for as long as there is somebody on the line.
func hgListen() {
	head := make([]byte, 17)
	for {
		if _, err := io.ReadFull(hgLine, head); err != nil {
			hgGone("the process of the code has ended")
		}
		size, kind, id := binary.LittleEndian.Uint64(head), head[8], binary.LittleEndian.Uint64(head[9:])
		if size > hgLargest {
			hgGone("the code sent a value larger than is taken")
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(hgLine, body); err != nil {
			hgGone("the process of the code has ended")
		}
		if kind == hgRequest {
			go hgServe(id, body)
			continue
		}
		hgWaitLock.Lock()
		waiting, ok := hgWaiting[id]
		delete(hgWaiting, id)
		hgWaitLock.Unlock()
		if !ok {
			hgGone("the code answered what it was not asked")
		}
		waiting <- body
	}
}

// hgAsk has something called on the other side; the pointers are to its arguments and results.
func hgAsk(target string, args []any, results []any) {
	if !strings.HasPrefix(target, "!") {
		hgTellEnded()
	}
	step, isTurn := hgBeginTurn(target)
	isWhole := false
	if isTurn {
		defer func() { hgEndTurn(isWhole) }()
	}
	w := &hgWriter{}
	w.text(target)
	for _, it := range args {
		w.put(reflect.ValueOf(it).Elem())
	}
	w.number(step)
	var lent []hgFound
	if step != hgApart {
		lent = hgWalked(hgBoxed(args))
	}
	if isTurn && step != hgApart {
		hgSharedLock.Lock()
		w.putNews(0)
		hgSharedLock.Unlock()
	}
	waiting := make(chan []byte, 1)
	hgWaitLock.Lock()
	hgLast++
	id := hgLast
	hgWaiting[id] = waiting
	hgWaitLock.Unlock()
	hgSend(hgRequest, id, w.b)
	r := &hgReader{<-waiting}
	changed, panics := hgTaken(r, args, results)
	if panics != nil {
		panic(panics)
	}
	switch {
	case step == hgApart:
	case isTurn:
		hgCatchUp(r, id, lent, changed, hgWalked(hgBoxed(results)))
	case r.number() == 1:
		hgShareBack(id, lent, changed, hgWalked(hgBoxed(results)))
	}
	isWhole = true
}

func hgBoxed(pointers []any) []reflect.Value {
	values := make([]reflect.Value, len(pointers))
	for at, it := range pointers {
		values[at] = reflect.ValueOf(it).Elem()
	}
	return values
}

func hgNoRubbish() {
	if it := recover(); it != nil {
		hgGone(fmt.Sprintf("the code sent %v", it))
	}
}

// The results, and what became of the arguments, of which some were `changed`; what is to be
// panicked with otherwise.
func hgTaken(r *hgReader, args []any, results []any) (changed map[int]bool, panics any) {
	defer hgNoRubbish()
	if r.number() != 0 {
		var it any
		r.take(reflect.ValueOf(&it).Elem())
		if it == nil {
			it = "a panic"
		}
		return nil, it
	}
	changed = map[int]bool{}
	for _, it := range results {
		r.take(reflect.ValueOf(it).Elem())
	}
	for at, it := range args {
		if r.number() == 0 {
			continue
		}
		changed[at] = true
		now := reflect.New(reflect.TypeOf(it).Elem()).Elem()
		r.take(now)
		hgAmend(reflect.ValueOf(it).Elem(), now)
	}
	return changed, nil
}

func hgServe(id uint64, body []byte) {
	w := &hgWriter{}
	done := false
	defer func() {
		if it := recover(); it != nil || !done {
			w = hgPanicked(it)
		}
		hgSend(hgAnswer, id, w.b)
	}()
	hgPerform(id, &hgReader{body}, w)
	done = true
}

func hgPanicked(it any) (w *hgWriter) {
	w = &hgWriter{}
	w.number(1)
	if it == nil {
		it = "the goroutine was ended"
	}
	switch words := it.(type) {
	case hgRubbish:
		hgAlien(string(words))
	case hgUnfit:
		hgUnable(string(words))
	}
	defer func() {
		if recover() != nil {
			w = &hgWriter{}
			w.number(1)
			words := any(fmt.Sprint(it))
			w.put(reflect.ValueOf(&words).Elem())
		}
	}()
	w.put(reflect.ValueOf(&it).Elem())
	return w
}

func hgPerform(id uint64, r *hgReader, w *hgWriter) {
	target := r.text()
	if strings.HasPrefix(target, "!") {
		hgEnded(target[1:], r.takeError())
		w.number(0)
		w.number(0)
		return
	}
	f := hgFind(target)
	t := f.Type()
	args, sent := make([]reflect.Value, t.NumIn()), make([][]byte, t.NumIn())
	for i := range args {
		args[i] = reflect.New(t.In(i)).Elem()
		from := r.data
		r.take(args[i])
		sent[i] = from[:len(from)-len(r.data)]
	}
	call := f.Call
	if t.IsVariadic() {
		call = f.CallSlice
	}
	step := r.number()
	var lent []hgFound
	if step != hgApart {
		lent = hgWalked(args)
	}
	if step != hgApart && !hgKeepsStep {
		hgBringUp(r, step)
		hgTurns.Lock()
		hgTurns.running++
		hgTurns.Unlock()
		defer hgEndTurn(true)
	}
	results := call(args)
	hgTellEnded()
	hgFlush()
	w.number(0)
	boxes := make([]reflect.Value, len(results))
	for i, it := range results {
		boxes[i] = reflect.New(t.Out(i)).Elem()
		boxes[i].Set(it)
		w.put(boxes[i])
	}
	changed := map[int]bool{}
	for i, it := range args {
		now := &hgWriter{seen: w.seen, echo: true}
		if !hgCanChange(t.In(i)) {
			w.number(0)
			continue
		}
		now.put(it)
		if string(now.b) == string(sent[i]) {
			w.number(0)
			continue
		}
		w.number(1)
		changed[i] = true
		w.b = append(w.b, now.b...)
		if w.seen == nil {
			w.seen = now.seen
		}
	}
	switch {
	case step == hgApart:
	case !hgKeepsStep:
		w.tellShared(id, lent, changed, hgWalked(boxes))
	case hgIsAlone():
		w.number(1)
		hgShareBack(id, lent, changed, hgWalked(boxes))
	default:
		w.number(0)
	}
}

// Whether the one who lends a value of this type may find it changed.
func hgCanChange(t reflect.Type) bool {
	if _, ok := hgCodecs[t]; ok {
		return false
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return true
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Struct:
		return hgIsHeld(t)
	}
	return false
}

// The name of a type as both sides call it.
func hgTypeName(t reflect.Type) string {
	name := t.String()
	for _, it := range []string{hgHere + "_test.", hgHere + ".", HGPACKAGE + "_test.", HGPACKAGE + "."} {
		name = strings.ReplaceAll(name, it, "")
	}
	return name
}

func hgOf[T any]() string { return hgTypeName(reflect.TypeOf((*T)(nil)).Elem()) }

func hgKey(name string, types ...string) string {
	return name + "[" + strings.Join(types, ";") + "]"
}
