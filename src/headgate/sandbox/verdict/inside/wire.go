// Carries values of plain data between a Go test and the code it tests.
//
// Rule 1: a value is written by the shape of its type, and rebuilt by ours: no method travels.
package PACKAGE

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"unsafe"
)

const hgLargest = 256 << 20

type hgRubbish string

var hgSentinels []error

// An error is its words and those of what it wraps.
type hgError struct {
	words string
	inner error
}

func (e *hgError) Error() string { return e.words }
func (e *hgError) Unwrap() error { return e.inner }

var hgAnyTypes = []reflect.Type{
	reflect.TypeOf(false), reflect.TypeOf(0), reflect.TypeOf(0.0), reflect.TypeOf(""),
	reflect.TypeOf([]any(nil)), reflect.TypeOf(map[string]any(nil)), reflect.TypeOf(int64(0)),
	reflect.TypeOf(int32(0)), reflect.TypeOf(uint8(0)), reflect.TypeOf(uint64(0)),
	reflect.TypeOf([]int(nil)), reflect.TypeOf([]string(nil)), reflect.TypeOf([]float64(nil)),
	reflect.TypeOf([]byte(nil)), reflect.TypeOf(float32(0)), reflect.TypeOf(uint(0)),
	reflect.TypeOf(int8(0)), reflect.TypeOf(int16(0)), reflect.TypeOf(uint16(0)),
	reflect.TypeOf(uint32(0)), reflect.TypeOf([]bool(nil)), reflect.TypeOf(map[string]int(nil)),
}

var hgErrorType = reflect.TypeOf((*error)(nil)).Elem()

func hgNumber(b []byte, n uint64) []byte { return binary.LittleEndian.AppendUint64(b, n) }

func hgField(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	if f.CanSet() {
		return f
	}
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}

func hgPut(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return hgNumber(b, 1)
		}
		return hgNumber(b, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return hgNumber(b, uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return hgNumber(b, v.Uint())
	case reflect.Float32, reflect.Float64:
		return hgNumber(b, math.Float64bits(v.Float()))
	case reflect.Complex64, reflect.Complex128:
		b = hgNumber(b, math.Float64bits(real(v.Complex())))
		return hgNumber(b, math.Float64bits(imag(v.Complex())))
	case reflect.String:
		return append(hgNumber(b, uint64(v.Len())), v.String()...)
	case reflect.Interface:
		return hgPutInterface(b, v)
	case reflect.Array:
		for i := 0; i < v.Len(); i++ {
			b = hgPut(b, v.Index(i))
		}
		return b
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		for i := 0; i < c.NumField(); i++ {
			b = hgPut(b, hgField(c, i))
		}
		return b
	}
	return hgPutNilable(b, v)
}

func hgPutNilable(b []byte, v reflect.Value) []byte {
	if v.IsNil() {
		return hgNumber(b, 0)
	}
	switch v.Kind() {
	case reflect.Slice:
		b = hgNumber(b, uint64(v.Len())+1)
		for i := 0; i < v.Len(); i++ {
			b = hgPut(b, v.Index(i))
		}
		return b
	case reflect.Map:
		b = hgNumber(b, uint64(v.Len())+1)
		for it := v.MapRange(); it.Next(); {
			b = hgPut(hgPut(b, it.Key()), it.Value())
		}
		return b
	case reflect.Pointer:
		return hgPut(hgNumber(b, 1), v.Elem())
	}
	panic(hgRubbish("a " + v.Type().String() + " is no plain data"))
}

func hgPutInterface(b []byte, v reflect.Value) []byte {
	if v.IsNil() {
		return hgNumber(b, 0)
	}
	if v.Type() == hgErrorType {
		chain := []string{}
		for e := v.Interface().(error); e != nil && len(chain) < 50; e = errors.Unwrap(e) {
			chain = append(chain, e.Error())
		}
		return hgPut(hgNumber(b, 1), reflect.ValueOf(chain))
	}
	for i, t := range hgAnyTypes {
		if v.Elem().Type() == t {
			return hgPut(hgNumber(b, uint64(i)+1), v.Elem())
		}
	}
	panic(hgRubbish("a " + v.Elem().Type().String() + " is no plain data"))
}

type hgReader struct{ data []byte }

func (r *hgReader) number() uint64 {
	if len(r.data) < 8 {
		panic(hgRubbish("a value that ends too early"))
	}
	n := binary.LittleEndian.Uint64(r.data)
	r.data = r.data[8:]
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
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.number() == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(r.number()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(r.number())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.Float64frombits(r.number()))
	case reflect.Complex64, reflect.Complex128:
		re := math.Float64frombits(r.number())
		v.SetComplex(complex(re, math.Float64frombits(r.number())))
	case reflect.String:
		v.SetString(r.text())
	case reflect.Array:
		for i := 0; i < v.Len(); i++ {
			r.take(v.Index(i))
		}
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			r.take(hgField(v, i))
		}
	case reflect.Interface:
		r.takeInterface(v)
	default:
		r.takeNilable(v)
	}
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
		v.Set(reflect.New(v.Type().Elem()))
		r.take(v.Elem())
	default:
		panic(hgRubbish("a " + v.Type().String() + " is no plain data"))
	}
}

func (r *hgReader) takeInterface(v reflect.Value) {
	n := r.number()
	if n == 0 {
		v.SetZero()
		return
	}
	if v.Type() == hgErrorType {
		var chain []string
		r.take(reflect.ValueOf(&chain).Elem())
		v.Set(reflect.ValueOf(hgChained(chain)))
		return
	}
	if n > uint64(len(hgAnyTypes)) {
		panic(hgRubbish("a value of an unknown type"))
	}
	it := reflect.New(hgAnyTypes[n-1]).Elem()
	r.take(it)
	v.Set(it)
}

func hgChained(chain []string) error {
	if len(chain) == 0 {
		return nil
	}
	for _, it := range hgSentinels {
		if it.Error() == chain[0] {
			return it
		}
	}
	return &hgError{chain[0], hgChained(chain[1:])}
}

var hgLine = os.NewFile(3, "line")

func hgSend(body []byte) error {
	_, err := hgLine.Write(append(hgNumber(nil, uint64(len(body))), body...))
	return err
}

func hgReceive() ([]byte, error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(hgLine, head); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(head)
	if n > hgLargest {
		return nil, fmt.Errorf("a value larger than is taken")
	}
	body := make([]byte, n)
	_, err := io.ReadFull(hgLine, body)
	return body, err
}
