// Carries values between a Go test and the code it tests.
//
// Rule 1: a value is written by the shape of its type, and rebuilt by ours: no method travels.
// Rule 2: what is no plain data stays where it is and goes by number, of one type each.
package PACKAGE

import (
	"encoding/binary"
	"math"
	"reflect"
	"sort"
	"strings"
	"sync"
	"unsafe"
)

const hgDeepest = 2000

type hgRubbish string

// What this side cannot hand over, though it is honest.
type hgUnfit string

// What a stand-in of an object of the code has in it: the object's number.
type hgThing struct{ n uint64 }

var (
	hgHeld      = map[string][]string{} // types that stay with the code -> fields that tests name
	hgNamed     = map[string]reflect.Type{}
	hgCodecs    = map[reflect.Type]hgCodec{}
	hgErrorType = reflect.TypeOf((*error)(nil)).Elem()
	hgHere      = reflect.TypeOf(hgThing{}).PkgPath()
	hgHeldTypes sync.Map
)

type hgCodec struct {
	put  func(*hgWriter, reflect.Value)
	take func(*hgReader, reflect.Value)
}

var hgAnyTypes = []reflect.Type{
	reflect.TypeOf(false), reflect.TypeOf(0), reflect.TypeOf(0.0), reflect.TypeOf(""),
	reflect.TypeOf([]any(nil)), reflect.TypeOf(map[string]any(nil)), reflect.TypeOf(int64(0)),
	reflect.TypeOf(int32(0)), reflect.TypeOf(uint8(0)), reflect.TypeOf(uint64(0)),
	reflect.TypeOf([]int(nil)), reflect.TypeOf([]string(nil)), reflect.TypeOf([]float64(nil)),
	reflect.TypeOf([]byte(nil)), reflect.TypeOf(float32(0)), reflect.TypeOf(uint(0)),
	reflect.TypeOf(int8(0)), reflect.TypeOf(int16(0)), reflect.TypeOf(uint16(0)),
	reflect.TypeOf(uint32(0)), reflect.TypeOf([]bool(nil)), reflect.TypeOf(map[string]int(nil)),
	reflect.TypeOf([]map[string]any(nil)), reflect.TypeOf(map[string]string(nil)),
	reflect.TypeOf(map[any]any(nil)), reflect.TypeOf([][]string(nil)), reflect.TypeOf([][]int(nil)),
	reflect.TypeOf(struct{}{}), reflect.TypeOf(map[string][]string(nil)), reflect.TypeOf([]int64(nil)),
}

func hgIsHeld(t reflect.Type) bool {
	if known, ok := hgHeldTypes.Load(t); ok {
		return known.(bool)
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	_, held := hgHeld[name]
	held = held && t.PkgPath() == hgHere && t.Kind() == reflect.Struct
	hgHeldTypes.Store(t, held)
	return held
}

func hgMirrored(t reflect.Type) []string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return hgHeld[name]
}

// The same value, also where its field is not exported.
func hgOpen(v reflect.Value) reflect.Value {
	if v.CanSet() || !v.CanAddr() {
		return v
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

type hgWriter struct {
	echo bool // what is told of arguments: where it came from, it is there still
	b    []byte
	seen map[uint64]bool
	deep int
}

func (w *hgWriter) number(n uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, n) }

func (w *hgWriter) text(s string) {
	w.number(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *hgWriter) put(v reflect.Value) {
	if w.deep++; w.deep > hgDeepest {
		panic(hgUnfit("a value that goes round in circles is no plain data"))
	}
	defer func() { w.deep-- }()
	if codec, ok := hgCodecs[v.Type()]; ok {
		codec.put(w, v)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			w.number(1)
		} else {
			w.number(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.number(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		w.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		w.number(math.Float64bits(v.Float()))
	case reflect.Complex64, reflect.Complex128:
		w.number(math.Float64bits(real(v.Complex())))
		w.number(math.Float64bits(imag(v.Complex())))
	case reflect.String:
		w.text(v.String())
	case reflect.Interface:
		w.putInterface(v)
	case reflect.Array:
		for i := 0; i < v.Len(); i++ {
			w.put(v.Index(i))
		}
	case reflect.Struct:
		w.putStruct(v)
	default:
		w.putNilable(v)
	}
}

func (w *hgWriter) putStruct(v reflect.Value) {
	c := reflect.New(v.Type())
	c.Elem().Set(v)
	if hgIsHeld(v.Type()) {
		w.putHeld(c)
		return
	}
	for i := 0; i < v.NumField(); i++ {
		w.put(hgOpen(c.Elem().Field(i)))
	}
}

// The number of an object, and once in a message those of its fields that tests name.
func (w *hgWriter) putHeld(p reflect.Value) {
	n := hgHandle(p)
	w.number(n)
	if w.seen == nil {
		w.seen = map[uint64]bool{}
	}
	if w.seen[n] {
		w.number(0)
		return
	}
	w.seen[n] = true
	w.number(1)
	for _, name := range hgMirrored(p.Type().Elem()) {
		field := &hgWriter{seen: w.seen, deep: w.deep}
		field.put(hgOpen(p.Elem().FieldByName(name)))
		if hgIsKnown(n, name, field.b) {
			w.number(0)
		} else {
			w.number(1)
			w.b = append(w.b, field.b...)
		}
	}
}

func (w *hgWriter) putNilable(v reflect.Value) {
	if v.IsNil() {
		w.number(0)
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		w.number(uint64(v.Len()) + 1)
		if v.Type().Elem().Kind() == reflect.Uint8 {
			w.b = append(w.b, v.Bytes()...)
			return
		}
		for i := 0; i < v.Len(); i++ {
			w.put(v.Index(i))
		}
	case reflect.Map:
		w.number(uint64(v.Len()) + 1)
		for _, key := range hgKeys(v) {
			w.put(key)
			w.put(v.MapIndex(key))
		}
	case reflect.Pointer:
		w.number(1)
		if hgIsHeld(v.Type().Elem()) {
			w.putHeld(v)
		} else {
			w.put(v.Elem())
		}
	case reflect.Func:
		w.putFunc(v)
	case reflect.Chan:
		w.putChan(v)
	default:
		panic(hgUnfit("a " + v.Type().String() + " is no plain data"))
	}
}

const hgMostSorted = 1000

// Those of a map; in order where they have one, so that a map that is not changed looks so.
func hgKeys(v reflect.Value) []reflect.Value {
	keys, kind := v.MapKeys(), v.Type().Key().Kind()
	switch {
	case len(keys) > hgMostSorted:
	case kind == reflect.String:
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	case kind >= reflect.Int && kind <= reflect.Int64:
		sort.Slice(keys, func(i, j int) bool { return keys[i].Int() < keys[j].Int() })
	}
	return keys
}

type hgReader struct {
	data []byte
}

func (r *hgReader) number() uint64 {
	if len(r.data) < 8 {
		panic(hgRubbish("a value that ends too early"))
	}
	n := binary.LittleEndian.Uint64(r.data)
	r.data = r.data[8:]
	return n
}

func (r *hgReader) float() float64 {
	n := math.Float64frombits(r.number())
	if math.IsNaN(n) {
		hgNoNumber()
	}
	return n
}

func (r *hgReader) size() int {
	n := r.number()
	if n > uint64(len(r.data))+1 {
		panic(hgRubbish("a value larger than was sent"))
	}
	return int(n)
}

func (r *hgReader) text() string {
	n := r.size()
	if n > len(r.data) {
		panic(hgRubbish("a value larger than was sent"))
	}
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}

// Fills v, which can be set.
func (r *hgReader) take(v reflect.Value) {
	if codec, ok := hgCodecs[v.Type()]; ok {
		codec.take(r, v)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.number() == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(r.number()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(r.number())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(r.float())
	case reflect.Complex64, reflect.Complex128:
		re := r.float()
		v.SetComplex(complex(re, r.float()))
	case reflect.String:
		v.SetString(r.text())
	case reflect.Array:
		for i := 0; i < v.Len(); i++ {
			r.take(v.Index(i))
		}
	case reflect.Struct:
		if hgIsHeld(v.Type()) {
			v.Set(r.takeHeld(v.Type()).Elem())
			return
		}
		for i := 0; i < v.NumField(); i++ {
			r.take(hgOpen(v.Field(i)))
		}
	case reflect.Interface:
		r.takeInterface(v)
	default:
		r.takeNilable(v)
	}
}

func (r *hgReader) takeHeld(t reflect.Type) reflect.Value {
	n := r.number()
	p := hgObject(t, n)
	if r.number() == 0 {
		return p
	}
	for _, name := range hgMirrored(t) {
		if r.number() == 0 {
			continue
		}
		field := hgOpen(p.Elem().FieldByName(name))
		now := reflect.New(field.Type()).Elem()
		r.take(now)
		field.Set(now)
		hgNote(n, name, now)
	}
	return p
}

func (r *hgReader) takeNilable(v reflect.Value) {
	n := r.size()
	if n == 0 {
		v.SetZero()
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if n-1 > len(r.data) {
				panic(hgRubbish("a value larger than was sent"))
			}
			copy(v.Bytes(), r.data)
			r.data = r.data[n-1:]
			return
		}
		for i := 0; i < n-1; i++ {
			r.take(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := 0; i < n-1; i++ {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			r.take(key)
			r.take(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Pointer:
		if hgIsHeld(v.Type().Elem()) {
			v.Set(r.takeHeld(v.Type().Elem()))
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		r.take(v.Elem())
	case reflect.Func:
		r.takeFunc(v, n)
	case reflect.Chan:
		r.takeChan(v, n)
	default:
		panic(hgRubbish("a " + v.Type().String() + " is no plain data"))
	}
}

// What was done elsewhere to what was lent: seen here, as if it had been done here.
func hgAmend(own, now reflect.Value) {
	switch own.Kind() {
	case reflect.Slice:
		for i := 0; i < own.Len() && i < now.Len(); i++ {
			hgAmend(own.Index(i), now.Index(i))
		}
		reflect.Copy(own, now)
	case reflect.Map:
		if own.IsNil() || now.IsNil() {
			return
		}
		own.Clear()
		for it := now.MapRange(); it.Next(); {
			own.SetMapIndex(it.Key(), it.Value())
		}
	case reflect.Pointer:
		if !own.IsNil() && !now.IsNil() && own.UnsafePointer() != now.UnsafePointer() {
			own.Elem().Set(now.Elem())
		}
	case reflect.Interface:
		if !own.IsNil() && !now.IsNil() && own.Elem().Type() == now.Elem().Type() {
			hgAmend(own.Elem(), now.Elem())
		}
	}
}
