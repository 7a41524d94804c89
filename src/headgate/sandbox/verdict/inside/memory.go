// Keeps in step the memory that tests and code both hold: what either writes to a slice, a map or
// a struct that has gone from one to the other, the other sees from the next call on.
//
// Rule 1: both sides number what a call brings by walking its values in one order; a number that
// is known to one side only means nothing.
// Rule 2: only while calls come one after another: after several at once all of it is forgotten.
// Rule 3: of contents only plain ones travel, of the latest and not too large.
package PACKAGE

import (
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"
)

const (
	hgApart = iota
	hgInStep
	hgAnew
)

const (
	hgMostOfCall    = 32
	hgMostOfAll     = 128
	hgLargestShared = 64 << 10
	hgLargestOfAll  = 256 << 10
	hgEntryWeighs   = 1 << 10
)

// How many goroutines there may be, for nobody to write to a map while it is read here.
var hgAlone = 2

// What is shared: a slice, a map or a pointer, numbered by the call that brought it.
type hgShared struct {
	call, at uint64
	it       reflect.Value
	weight   int
	raw      string
	entries  map[any]any
}

var (
	hgSharedLock sync.Mutex
	hgAllShared  []*hgShared
)

// Which calls come one after another.
var hgTurns struct {
	sync.Mutex
	running int
	isMixed bool
}

// How far the call that begins is in step with what was shared before; `isTurn`: it has an end.
func hgBeginTurn(target string) (step uint64, isTurn bool) {
	switch _, method, _ := strings.Cut(target, ":"); {
	case target[0] == '!', strings.HasPrefix(target, "hg:"):
		return hgApart, false
	case target[0] == '#' && (method == "recv" || method == "send" || method == "close"):
		return hgApart, false
	case !hgKeepsStep && hgIsAlone():
		return hgInStep, false
	case !hgKeepsStep:
		return hgApart, false
	}
	hgTurns.Lock()
	defer hgTurns.Unlock()
	hgTurns.running++
	switch {
	case hgTurns.running > 1:
		hgTurns.isMixed = true
		return hgApart, true
	case hgTurns.isMixed:
		hgTurns.isMixed = false
		hgForget()
		return hgAnew, true
	}
	return hgInStep, true
}

func hgForget() {
	hgSharedLock.Lock()
	defer hgSharedLock.Unlock()
	hgAllShared = nil
}

func hgEndTurn(isWhole bool) {
	hgTurns.Lock()
	defer hgTurns.Unlock()
	hgTurns.running--
	hgTurns.isMixed = hgTurns.isMixed || !isWhole
}

// Whether one call is made or served in step, and no other.
func hgIsAlone() bool {
	hgTurns.Lock()
	defer hgTurns.Unlock()
	return hgTurns.running == 1 && !hgTurns.isMixed
}

// What was found in the values of a call: where (in a map: by which key), what it was then, in
// which value and how deep.
type hgFound struct {
	place, key, it reflect.Value
	of, deep       int
}

func (f *hgFound) set(it reflect.Value) {
	f.it.Set(it)
	if f.key.IsValid() {
		f.place.SetMapIndex(f.key, it)
	} else {
		f.place.Set(it)
	}
}

type hgEach func(place, key reflect.Value, deep int) bool

// Finds what is shared in the values of a call, the first ones of it.
func hgWalked(values []reflect.Value) (found []hgFound) {
	for of, value := range values {
		if !hgWalk(value, value, hgNoKey, 0, func(place, key reflect.Value, deep int) bool {
			now := place
			if key.IsValid() {
				now = place.MapIndex(key)
			}
			it := reflect.New(now.Type()).Elem()
			it.Set(now)
			found = append(found, hgFound{place, key, it, of, deep})
			return len(found) < hgMostOfCall
		}) {
			break
		}
	}
	return found
}

var hgNoKey reflect.Value

// Of a value in a map `place` is that map and `key` where in it; of any other it is the value.
func hgWalk(v, place, key reflect.Value, deep int, each hgEach) bool {
	if _, ok := hgCodecs[v.Type()]; ok || deep > 4 {
		return true
	}
	switch v.Kind() {
	case reflect.Slice:
		return v.IsNil() || each(place, key, deep) && hgWalkItems(v, deep, each)
	case reflect.Map:
		return v.IsNil() || each(place, key, deep) && hgWalkEntries(v, deep, each)
	case reflect.Pointer:
		if v.IsNil() || hgIsHeld(v.Type().Elem()) {
			return true
		}
		return each(place, key, deep) && hgWalk(v.Elem(), v.Elem(), hgNoKey, deep+1, each)
	case reflect.Array:
		return !v.CanAddr() || hgWalkItems(v, deep, each)
	case reflect.Struct:
		for i := 0; v.CanAddr() && i < v.NumField() && !hgIsHeld(v.Type()); i++ {
			field := hgOpen(v.Field(i))
			if !hgWalk(field, field, hgNoKey, deep+1, each) {
				return false
			}
		}
	}
	return true
}

func hgMaySharePart(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Array, reflect.Struct:
		return true
	}
	return false
}

func hgWalkItems(v reflect.Value, deep int, each hgEach) bool {
	for i := 0; hgMaySharePart(v.Type().Elem()) && i < v.Len() && i < hgMostOfCall; i++ {
		if !hgWalk(v.Index(i), v.Index(i), hgNoKey, deep+1, each) {
			return false
		}
	}
	return true
}

// By the order of its keys, which both sides have in common.
func hgWalkEntries(v reflect.Value, deep int, each hgEach) bool {
	kind := v.Type().Key().Kind()
	isOrdered := kind == reflect.String || kind >= reflect.Int && kind <= reflect.Int64
	if !hgMaySharePart(v.Type().Elem()) || v.Len() > hgMostOfCall || !isOrdered {
		return true
	}
	for _, key := range hgKeys(v) {
		if !hgWalk(v.MapIndex(key), v, key, deep+1, each) {
			return false
		}
	}
	return true
}

var hgPlainTypes sync.Map

// Whether values of the type hold nothing that could be shared in turn.
func hgIsPlain(t reflect.Type) bool {
	if known, ok := hgPlainTypes.Load(t); ok {
		return known.(bool)
	}
	plain := false
	switch t.Kind() {
	case reflect.Array:
		plain = hgIsPlain(t.Elem())
	case reflect.Struct:
		plain = !hgIsHeld(t)
		for i := 0; i < t.NumField() && plain; i++ {
			plain = hgIsPlain(t.Field(i).Type)
		}
		plain = plain || t == reflect.TypeOf(time.Time{})
	default:
		plain = t.Kind() >= reflect.Bool && t.Kind() <= reflect.Complex128 || t.Kind() == reflect.String
	}
	hgPlainTypes.Store(t, plain)
	return plain
}

// How much its contents weigh; 0: they are not kept in step.
func hgWeight(v reflect.Value) int {
	weight := 0
	switch {
	case !hgIsPlain(v.Type().Elem()):
	case v.Kind() == reflect.Slice:
		weight = v.Len() * int(v.Type().Elem().Size())
	case v.Kind() == reflect.Pointer:
		weight = int(v.Type().Elem().Size())
	case hgIsPlain(v.Type().Key()):
		weight = (v.Len() + 1) * hgEntryWeighs
	}
	if weight > hgLargestShared {
		return 0
	}
	return weight
}

// Remembers what it looks like now; whether that is news.
func (s *hgShared) look() bool {
	s.weight = hgWeight(s.it)
	if s.weight == 0 || s.it.Kind() == reflect.Map && runtime.NumGoroutine() > hgAlone {
		return false
	}
	if s.it.Kind() != reflect.Map {
		raw := unsafe.String((*byte)(s.it.UnsafePointer()), s.weight)
		if raw == s.raw {
			return false
		}
		s.raw = string([]byte(raw))
		return true
	}
	now := make(map[any]any, s.it.Len())
	is := len(s.entries) != s.it.Len() || s.entries == nil
	for each := s.it.MapRange(); each.Next(); {
		key, value := each.Key().Interface(), each.Value().Interface()
		before, ok := s.entries[key]
		is = is || !ok || before != value
		now[key] = value
	}
	s.entries = now
	return is
}

// Has them known from now on. Of a value that the call has `changed` only the whole is still the
// same memory.
func hgShare(call, from uint64, found []hgFound, changed map[int]bool) {
	for at, it := range found {
		if it.deep == 0 || !changed[it.of] {
			one := &hgShared{call: call, at: from + uint64(at), it: it.it}
			hgAllShared = append(hgAllShared, one)
		}
	}
}

// What was shared first is forgotten first.
func hgTrim(call uint64) {
	sum := 0
	for at := len(hgAllShared) - 1; at >= 0; at-- {
		it := hgAllShared[at]
		if it.call == call {
			it.look()
		}
		if sum += it.weight; sum > hgLargestOfAll || len(hgAllShared)-at > hgMostOfAll {
			hgAllShared = append([]*hgShared(nil), hgAllShared[at+1:]...)
			return
		}
	}
}

func hgKnownShared(call, at uint64) *hgShared {
	for _, it := range hgAllShared {
		if it.call == call && it.at == at {
			return it
		}
	}
	return nil
}

const hgOfResults = 1000

// hgOfCode marks the number of a call that the code makes, while it serves one.
const hgOfCode = 1 << 63

// What went with such a call, for both sides.
func hgShareBack(call uint64, lent []hgFound, changed map[int]bool, made []hgFound) {
	hgSharedLock.Lock()
	defer hgSharedLock.Unlock()
	hgShare(call|hgOfCode, 0, lent, changed)
	hgShare(call|hgOfCode, hgOfResults, made, nil)
	hgTrim(call | hgOfCode)
}

// Before a call: what the other side has done to what both hold.
func hgBringUp(r *hgReader, step uint64) {
	if step == hgAnew {
		hgForget()
	}
	hgSharedLock.Lock()
	defer hgSharedLock.Unlock()
	r.takeNews(true)
}

// After a call: where its results lie, and what has become of what both hold.
func (w *hgWriter) tellShared(call uint64, lent []hgFound, changed map[int]bool, made []hgFound) {
	hgSharedLock.Lock()
	defer hgSharedLock.Unlock()
	hgShare(call, 0, lent, changed)
	w.putPlaces(made)
	hgShare(call, hgOfResults, made, nil)
	w.putNews(call)
	hgTrim(call)
}

// The same for who asked.
func hgCatchUp(r *hgReader, call uint64, lent []hgFound, changed map[int]bool, made []hgFound) {
	defer hgNoRubbish()
	hgSharedLock.Lock()
	defer hgSharedLock.Unlock()
	isWanted := hgIsAlone()
	hgShare(call, 0, lent, changed)
	r.takePlaces(made, isWanted)
	hgShare(call, hgOfResults, made, nil)
	r.takeNews(isWanted)
	hgTrim(call)
}

// Writes down what has become of all that was shared before this call.
func (w *hgWriter) putNews(call uint64) {
	var news []*hgShared
	for _, it := range hgAllShared {
		if it.call != call && it.look() {
			news = append(news, it)
		}
	}
	w.number(uint64(len(news)))
	for _, it := range news {
		w.number(it.call)
		w.number(it.at)
		content := &hgWriter{}
		content.put(it.it)
		w.text(string(content.b))
	}
}

func (r *hgReader) takeNews(isWanted bool) {
	for n := r.size(); n > 0; n-- {
		it := hgKnownShared(r.number(), r.number())
		content := &hgReader{data: []byte(r.text())}
		if it == nil || !isWanted {
			continue
		}
		now := reflect.New(it.it.Type()).Elem()
		content.take(now)
		switch {
		case now.IsNil():
		case now.Kind() == reflect.Slice:
			reflect.Copy(it.it, now)
		default:
			hgAmend(it.it, now)
		}
		it.look()
	}
}

// Writes down which of the results lie in memory that was shared before.
func (w *hgWriter) putPlaces(found []hgFound) {
	count, places := uint64(0), &hgWriter{}
	for at, one := range found {
		v := one.it
		for n := len(hgAllShared) - 1; n >= 0; n-- {
			if first, ok := hgWithin(v, hgAllShared[n].it); ok {
				count++
				places.number(uint64(at))
				places.number(hgAllShared[n].call)
				places.number(hgAllShared[n].at)
				places.number(uint64(first))
				if v.Kind() == reflect.Slice {
					places.number(uint64(v.Cap()))
				}
				break
			}
		}
	}
	w.number(count)
	w.b = append(w.b, places.b...)
}

// Where in the memory of the other v begins.
func hgWithin(v, other reflect.Value) (int, bool) {
	if v.Type() == other.Type() && v.Kind() != reflect.Slice {
		return 0, v.UnsafePointer() == other.UnsafePointer()
	}
	if v.Kind() == reflect.Map || other.Kind() != reflect.Slice || v.Type().Elem() != other.Type().Elem() {
		return 0, false
	}
	size := v.Type().Elem().Size()
	if size == 0 || other.Cap() == 0 || v.Kind() == reflect.Slice && v.Cap() == 0 {
		return 0, false
	}
	from := uintptr(v.UnsafePointer()) - uintptr(other.UnsafePointer())
	return int(from / size), from < size*uintptr(other.Cap()) && from%size == 0
}

func (r *hgReader) takePlaces(found []hgFound, isWanted bool) {
	for n := r.size(); n > 0; n-- {
		at, it, first := r.number(), hgKnownShared(r.number(), r.number()), r.number()
		if at >= uint64(len(found)) {
			panic(hgRubbish("a place that is none"))
		}
		v, room := found[at].it, uint64(0)
		if v.Kind() == reflect.Slice {
			room = r.number()
		}
		if it == nil || !isWanted {
			continue
		}
		own := it.it
		size := uint64(0)
		if own.Kind() == reflect.Slice {
			size = uint64(own.Cap())
		}
		switch {
		case own.Type() == v.Type() && v.Kind() != reflect.Slice:
			found[at].set(own)
		case own.Kind() != reflect.Slice || v.Kind() == reflect.Map || own.Type().Elem() != v.Type().Elem():
		case v.Kind() == reflect.Pointer && first < uint64(own.Len()):
			found[at].set(own.Index(int(first)).Addr())
		case v.Kind() == reflect.Slice && first <= size && uint64(v.Len()) <= size-first:
			if room < uint64(v.Len()) || room > size-first {
				room = size - first
			}
			part := own.Slice3(int(first), int(first)+v.Len(), int(first+room))
			found[at].set(part.Convert(v.Type()))
		}
	}
}
