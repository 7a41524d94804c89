// Asks twice what the code says is alike: an Equal or Is that agrees to all it is told is refused.
//
// Rule 1: what differs in its data is equal because the code says so of it, each time, and of
// nothing else that looks so and that no test has made.
// Rule 2: words that are those of every value say nothing of any, unless the tests know them.
package PACKAGE

import (
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"sync"
	"time"
)

const hgDecoys = 6

// A method of the code that is told what the test expects; `alike` is its answer for the same.
func hgTruly[T any, R comparable](key string, receiver any, target T, alike R) (is R) {
	ask := func(it T) (is R) {
		HGCall(key, []any{receiver, &it}, []any{&is})
		return is
	}
	if is = ask(target); is != alike || hgIsSame(receiver, any(&target)) {
		return is
	}
	asked := make([]bool, 0, 2*hgDecoys)
	for i := 0; i < hgDecoys; i++ {
		asked = append(asked, true, false)
	}
	rand.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
	for _, isTarget := range asked {
		it, isOther := target, false
		if !isTarget {
			if isOther = hgVary(reflect.ValueOf(&it).Elem(), 0); !isOther {
				continue
			}
		}
		if (ask(it) == alike) == isOther {
			hgDoubt("what the code calls alike is not: " + key)
			var other R
			return other
		}
	}
	return is
}

var (
	hgTests string // the tests' own text
	hgTold  sync.Map
)

// Words or bytes in which the code writes a value down.
func hgWritten[T any](key string, receiver *T, results ...any) {
	HGCall(key, []any{receiver}, results)
	words, data := hgWords(results), &hgWriter{}
	data.put(reflect.ValueOf(receiver).Elem())
	before, known := hgTold.LoadOrStore(key+": "+words, string(data.b))
	if !known || before == string(data.b) || words != "" && strings.Contains(hgTests, words) {
		return
	}
	for i := 0; i < hgDecoys; i++ {
		it, other := *receiver, make([]any, len(results))
		for at, result := range results {
			other[at] = reflect.New(reflect.TypeOf(result).Elem()).Interface()
		}
		if !hgVary(reflect.ValueOf(&it).Elem(), 0) {
			return
		}
		if HGCall(key, []any{&it}, other); hgWords(other) != words {
			return
		}
	}
	hgDoubt("the code writes all values alike: " + key)
}

func hgWords(results []any) string {
	return fmt.Sprintf("%s", reflect.ValueOf(results[0]).Elem().Interface())
}

func hgIsSame(one, other any) bool {
	a, b := reflect.ValueOf(one).Elem(), reflect.ValueOf(other).Elem()
	for _, it := range []*reflect.Value{&a, &b} {
		for it.Kind() == reflect.Pointer || it.Kind() == reflect.Interface {
			if it.IsNil() {
				return false
			}
			*it = it.Elem()
		}
	}
	return a.Type() == b.Type() && reflect.DeepEqual(a.Interface(), b.Interface())
}

// Makes v another value of the same look, all of it; whether anything could be changed.
func hgVary(v reflect.Value, deep int) (done bool) {
	switch {
	case deep > 9:
		return false
	case v.Type() == reflect.TypeOf(time.Time{}):
		it := v.Addr().Interface().(*time.Time)
		*it = it.Add(time.Duration(1+rand.Intn(9)) * 25 * time.Hour)
		return true
	case v.Type() == hgErrorType:
		if e, ok := v.Interface().(error); ok {
			words := e.Error()
			if words == "" {
				words = "error"
			}
			v.Set(reflect.ValueOf(errors.New(hgScrambled(words))))
		}
		return !v.IsNil()
	case v.CanInt():
		v.SetInt(v.Int() + int64(1+2*rand.Intn(9)))
	case v.CanUint():
		v.SetUint(v.Uint() + uint64(1+2*rand.Intn(9)))
	case v.CanFloat():
		v.SetFloat(v.Float()*(2+rand.Float64()) + 1)
	case v.CanComplex():
		v.SetComplex(v.Complex()*complex(2+rand.Float64(), 0) + 1)
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.Kind() == reflect.String:
		v.SetString(hgScrambled(v.String() + "a"))
	default:
		return hgVaryParts(v, deep)
	}
	return true
}

func hgVaryParts(v reflect.Value, deep int) (done bool) {
	switch v.Kind() {
	case reflect.Array:
		for i := 0; i < v.Len(); i++ {
			done = hgVary(v.Index(i), deep+1) || done
		}
	case reflect.Slice:
		anew := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(anew, v)
		v.Set(anew)
		for i := 0; i < v.Len(); i++ {
			done = hgVary(v.Index(i), deep+1) || done
		}
	case reflect.Pointer:
		if v.IsNil() || hgIsHeld(v.Type().Elem()) {
			return false
		}
		anew := reflect.New(v.Type().Elem())
		anew.Elem().Set(v.Elem())
		v.Set(anew)
		return hgVary(v.Elem(), deep+1)
	case reflect.Interface:
		if v.IsNil() {
			return false
		}
		anew := reflect.New(v.Elem().Type()).Elem()
		anew.Set(v.Elem())
		done = hgVary(anew, deep+1)
		v.Set(anew)
	case reflect.Struct:
		if hgIsHeld(v.Type()) {
			return false
		}
		for i := 0; i < v.NumField(); i++ {
			done = hgVary(hgOpen(v.Field(i)), deep+1) || done
		}
	}
	return done
}

// Other letters and digits in the same places.
func hgScrambled(words string) string {
	b := []byte(words)
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z':
			b[i] = 'a' + (c-'a'+byte(1+rand.Intn(25)))%26
		case c >= 'A' && c <= 'Z':
			b[i] = 'A' + (c-'A'+byte(1+rand.Intn(25)))%26
		case c >= '0' && c <= '9':
			b[i] = '0' + (c-'0'+byte(1+rand.Intn(9)))%10
		}
	}
	return string(b)
}
