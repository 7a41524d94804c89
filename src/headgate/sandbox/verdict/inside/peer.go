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
	w := &hgWriter{}
	w.text(target)
	sent := make([][]byte, len(args))
	for at, it := range args {
		from := len(w.b)
		w.put(reflect.ValueOf(it).Elem())
		sent[at] = w.b[from:]
	}
	waiting := make(chan []byte, 1)
	hgWaitLock.Lock()
	hgLast++
	id := hgLast
	hgWaiting[id] = waiting
	hgWaitLock.Unlock()
	hgSend(hgRequest, id, w.b)
	if it := hgTaken(&hgReader{<-waiting}, args, results); it != nil {
		panic(it)
	}
}

// The results and what became of the arguments; what is to be panicked with otherwise.
func hgTaken(r *hgReader, args []any, results []any) (panics any) {
	defer func() {
		if it := recover(); it != nil {
			hgGone(fmt.Sprintf("the code sent %v", it))
		}
	}()
	if r.number() != 0 {
		var it any
		r.take(reflect.ValueOf(&it).Elem())
		if it == nil {
			it = "a panic"
		}
		return it
	}
	for _, it := range results {
		r.take(reflect.ValueOf(it).Elem())
	}
	for _, it := range args {
		if r.number() == 0 {
			continue
		}
		now := reflect.New(reflect.TypeOf(it).Elem()).Elem()
		r.take(now)
		hgAmend(reflect.ValueOf(it).Elem(), now)
	}
	return nil
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
	hgPerform(&hgReader{body}, w)
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

func hgPerform(r *hgReader, w *hgWriter) {
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
	results := call(args)
	hgTellEnded()
	hgFlush()
	w.number(0)
	for i, it := range results {
		box := reflect.New(t.Out(i)).Elem()
		box.Set(it)
		w.put(box)
	}
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
		w.b = append(w.b, now.b...)
		if w.seen == nil {
			w.seen = now.seen
		}
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
