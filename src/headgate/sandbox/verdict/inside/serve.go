// Serves the code under test: called by value from another process.
//
// Rule 1: whatever happens here, only values come of it: the test decides elsewhere.
package PACKAGE

import (
	"fmt"
	"os"
	"reflect"
)

func hgServe(functions map[string]any) {
	for {
		body, err := hgReceive()
		if err != nil {
			os.Exit(0)
		}
		if hgSend(hgAnswer(functions, body)) != nil {
			os.Exit(0)
		}
	}
}

func hgAnswer(functions map[string]any, body []byte) (answer []byte) {
	defer func() {
		if r := recover(); r != nil {
			text := fmt.Sprint(r)
			answer = append(hgNumber(hgNumber(nil, 1), uint64(len(text))), text...)
		}
	}()
	r := &hgReader{body}
	f := reflect.ValueOf(functions[r.text()])
	t := f.Type()
	args := make([]reflect.Value, t.NumIn())
	for i := range args {
		args[i] = reflect.New(t.In(i)).Elem()
		r.take(args[i])
	}
	call := f.Call
	if t.IsVariadic() {
		call = f.CallSlice
	}
	results := call(args)
	answer = hgNumber(nil, 0)
	for i, it := range results {
		box := reflect.New(t.Out(i)).Elem()
		box.Set(it)
		answer = hgPut(answer, box)
	}
	for _, it := range args {
		answer = hgPut(answer, it)
	}
	return answer
}
