// Lends functions, objects, channels and contexts: they stay where they were made.
//
// Rule 1: what was lent is called by number, and only what its static type names.
// Rule 2: what comes back to where it was made is itself again.
package PACKAGE

import (
	"context"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

const (
	hgMine  = 1
	hgYours = 2
)

type hgLoan struct {
	it    reflect.Value
	types reflect.Type
}

var (
	hgLoans    sync.Mutex
	hgOurs     []hgLoan
	hgOurAt    = map[unsafe.Pointer]uint64{}
	hgTheirAt  = map[unsafe.Pointer]uint64{}
	hgStandins = map[string]reflect.Value{}
	hgProxies  = map[reflect.Type]hgProxy{}
	hgPumps    sync.WaitGroup
	hgHasPumps bool
)

// How an interface is lent: what makes its stand-in, and what finds its methods.
type hgProxy struct {
	make   func(n uint64) any
	method func(it any, name string) any
}

// An object of the other side, behind an interface.
type hgRef struct{ n uint64 }

func (r hgRef) hgNumber() uint64 { return r.n }

func (r hgRef) call(method string, args []any, results []any) {
	hgAsk("#"+strconv.FormatUint(r.n, 10)+":"+method, args, results)
}

func hgPointer(v reflect.Value) unsafe.Pointer {
	box := reflect.New(v.Type())
	box.Elem().Set(v)
	return *(*unsafe.Pointer)(box.UnsafePointer())
}

func hgLend(v reflect.Value, at unsafe.Pointer) uint64 {
	hgLoans.Lock()
	defer hgLoans.Unlock()
	if n, ok := hgOurAt[at]; ok && at != nil && hgOurs[n-1].types == v.Type() {
		return n
	}
	box := reflect.New(v.Type()).Elem()
	box.Set(v)
	hgOurs = append(hgOurs, hgLoan{box, v.Type()})
	n := uint64(len(hgOurs))
	if at != nil {
		hgOurAt[at] = n
	}
	return n
}

func hgLent(n uint64) hgLoan {
	hgLoans.Lock()
	defer hgLoans.Unlock()
	if n == 0 || n > uint64(len(hgOurs)) {
		panic(hgRubbish("what was never lent"))
	}
	return hgOurs[n-1]
}

// The stand-in of number n, made once.
func hgStandin(kind string, n uint64, t reflect.Type, make func() reflect.Value) reflect.Value {
	key := kind + strconv.FormatUint(n, 10) + t.String()
	hgLoans.Lock()
	defer hgLoans.Unlock()
	if it, ok := hgStandins[key]; ok {
		return it
	}
	it := make()
	hgStandins[key] = it
	if t.Kind() != reflect.Interface {
		hgTheirAt[hgPointer(it)] = n
	}
	return it
}

func (w *hgWriter) putByPointer(v reflect.Value) {
	at := hgPointer(v)
	hgLoans.Lock()
	n, ok := hgTheirAt[at]
	hgLoans.Unlock()
	if ok {
		w.number(hgYours)
		w.number(n)
		return
	}
	w.number(hgMine)
	w.number(hgLend(v, at))
}

func (w *hgWriter) putFunc(v reflect.Value) { w.putByPointer(v) }

func (r *hgReader) takeFunc(v reflect.Value, tag int) {
	n, t := r.number(), v.Type()
	if tag == hgYours {
		if it := hgLent(n); it.types.Kind() == reflect.Func && it.types.ConvertibleTo(t) {
			v.Set(it.it.Convert(t))
			return
		}
		panic(hgRubbish("a function of another type"))
	}
	v.Set(hgStandin("f", n, t, func() reflect.Value {
		return reflect.MakeFunc(t, func(args []reflect.Value) []reflect.Value {
			given, results := []any{}, []any{}
			for _, it := range args {
				box := reflect.New(it.Type())
				box.Elem().Set(it)
				given = append(given, box.Interface())
			}
			made := make([]reflect.Value, t.NumOut())
			for i := range made {
				box := reflect.New(t.Out(i))
				results, made[i] = append(results, box.Interface()), box.Elem()
			}
			hgAsk("#"+strconv.FormatUint(n, 10), given, results)
			return made
		})
	}))
}

func (w *hgWriter) putChan(v reflect.Value) {
	if v.Type().ChanDir() == reflect.BothDir {
		panic(hgUnfit("a channel of both directions is no plain data"))
	}
	if v.Type().ChanDir() == reflect.RecvDir && !w.echo {
		// not "yours": what has been pulled from it already would be missing there
		w.number(hgMine)
		w.number(hgLend(v, hgPointer(v)))
		return
	}
	w.putByPointer(v)
}

func (r *hgReader) takeChan(v reflect.Value, tag int) {
	n, t := r.number(), v.Type()
	if tag == hgYours {
		if it := hgLent(n); it.types.Kind() == reflect.Chan && it.types.Elem() == t.Elem() {
			v.Set(it.it)
			return
		}
		panic(hgRubbish("a channel of another type"))
	}
	v.Set(hgStandin("c", n, t, func() reflect.Value {
		both := reflect.MakeChan(reflect.ChanOf(reflect.BothDir, t.Elem()), 0)
		if t.ChanDir() == reflect.RecvDir {
			go hgPull(n, both)
		} else {
			hgHasPumps = true
			go hgPush(n, both)
		}
		return both.Convert(t)
	}))
}

func hgPull(n uint64, into reflect.Value) {
	for {
		box, ok := reflect.New(into.Type().Elem()), false
		hgAsk("#"+strconv.FormatUint(n, 10)+":recv", nil, []any{box.Interface(), &ok})
		if !ok {
			into.Close()
			return
		}
		into.Send(box.Elem())
	}
}

func hgPush(n uint64, from reflect.Value) {
	for {
		it, ok := from.Recv()
		if !ok {
			hgAsk("#"+strconv.FormatUint(n, 10)+":close", nil, nil)
			return
		}
		hgPumps.Add(1)
		box := reflect.New(it.Type())
		box.Elem().Set(it)
		hgAsk("#"+strconv.FormatUint(n, 10)+":send", []any{box.Interface()}, nil)
		hgPumps.Done()
	}
}

// Waits until what was sent into lent channels has been taken.
func hgFlush() {
	if hgHasPumps {
		time.Sleep(time.Millisecond)
		hgPumps.Wait()
	}
}

// What "#n" or "#n:method" means: a function to be called.
func hgTarget(target string) reflect.Value {
	digits, method, _ := strings.Cut(target[1:], ":")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		panic(hgRubbish("what was never lent"))
	}
	loan := hgLent(n)
	if method == "" && loan.types.Kind() == reflect.Func {
		if loan.it.IsNil() {
			panic(hgRubbish("what was never lent"))
		}
		return loan.it
	}
	if loan.types.Kind() == reflect.Chan {
		return hgOfChannel(loan.it, method)
	}
	if proxy, ok := hgProxies[loan.types]; ok && proxy.method != nil {
		if it := proxy.method(loan.it.Interface(), method); it != nil {
			return reflect.ValueOf(it)
		}
	}
	panic(hgRubbish("a method that was never lent"))
}

func hgOfChannel(c reflect.Value, method string) reflect.Value {
	element, dir := c.Type().Elem(), c.Type().ChanDir()
	ok := reflect.TypeOf(true)
	switch {
	case method == "recv" && dir == reflect.RecvDir:
		t := reflect.FuncOf(nil, []reflect.Type{element, ok}, false)
		return reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value {
			it, ok := c.Recv()
			return []reflect.Value{it, reflect.ValueOf(ok)}
		})
	case method == "send" && dir == reflect.SendDir:
		t := reflect.FuncOf([]reflect.Type{element}, nil, false)
		return reflect.MakeFunc(t, func(it []reflect.Value) []reflect.Value {
			c.Send(it[0])
			return nil
		})
	case method == "close" && dir == reflect.SendDir:
		return reflect.ValueOf(func() { c.Close() })
	}
	panic(hgRubbish("a method that was never lent"))
}

const (
	hgAnError = 1000 + iota
	hgAName
	hgALoan
	hgAReturn
)

func hgNameOf(t reflect.Type) string {
	for name, it := range hgNamed {
		if it == t {
			return name
		}
	}
	return ""
}

func (w *hgWriter) putInterface(v reflect.Value) {
	if v.Type() == hgErrorType {
		e, _ := v.Interface().(error)
		w.putError(e)
		return
	}
	if v.IsNil() {
		w.number(0)
		return
	}
	inner := v.Elem()
	for i, t := range hgAnyTypes {
		if inner.Type() == t {
			w.number(uint64(i) + 1)
			w.put(inner)
			return
		}
	}
	w.putDynamic(v, inner)
}

func (w *hgWriter) putDynamic(v, inner reflect.Value) {
	if it, ok := inner.Interface().(interface{ hgNumber() uint64 }); ok {
		w.number(hgAReturn)
		w.number(it.hgNumber())
	} else if name := hgNameOf(inner.Type()); name != "" {
		w.number(hgAName)
		w.text(name)
		w.put(inner)
	} else if e, ok := inner.Interface().(error); ok {
		w.number(hgAnError)
		w.putError(e)
	} else if _, ok := hgProxies[v.Type()]; ok {
		w.number(hgALoan)
		var at unsafe.Pointer
		if inner.Kind() == reflect.Pointer {
			at = inner.UnsafePointer()
		}
		w.number(hgLend(v, at))
	} else {
		panic(hgUnfit("a " + inner.Type().String() + " is no plain data"))
	}
}

func (r *hgReader) takeInterface(v reflect.Value) {
	if v.Type() == hgErrorType {
		v.SetZero()
		if e := r.takeError(); e != nil {
			v.Set(reflect.ValueOf(e))
		}
		return
	}
	n := r.number()
	var it reflect.Value
	switch {
	case n == 0:
		v.SetZero()
		return
	case n <= uint64(len(hgAnyTypes)):
		it = reflect.New(hgAnyTypes[n-1]).Elem()
		r.take(it)
	case n == hgAnError:
		it = reflect.ValueOf(r.takeError())
	case n == hgAName:
		t, ok := hgNamed[r.text()]
		if !ok {
			panic(hgRubbish("a value of an unknown type"))
		}
		it = reflect.New(t).Elem()
		r.take(it)
	case n == hgALoan:
		n, t := r.number(), v.Type()
		proxy, ok := hgProxies[t]
		if !ok {
			panic(hgRubbish("a value of an unknown type"))
		}
		it = hgStandin("i", n, t, func() reflect.Value { return reflect.ValueOf(proxy.make(n)) })
	case n == hgAReturn:
		it = hgLent(r.number()).it
		if it.Kind() == reflect.Interface {
			it = it.Elem()
		}
	default:
		panic(hgRubbish("a value of an unknown type"))
	}
	if !it.IsValid() || !it.Type().AssignableTo(v.Type()) {
		panic(hgRubbish("a value of another type"))
	}
	v.Set(it)
}

// A context of the other side.
type hgContext struct {
	n        uint64
	deadline time.Time
	done     chan struct{}
	lock     sync.Mutex
	err      error
}

func (c *hgContext) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }
func (c *hgContext) Done() <-chan struct{}       { return c.done }
func (c *hgContext) Err() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.err
}

func (c *hgContext) Value(key any) (it any) {
	defer func() {
		if _, ok := recover().(hgUnfit); ok {
			it = nil
		}
	}()
	hgAsk("#"+strconv.FormatUint(c.n, 10)+":Value", []any{&key}, []any{&it})
	return it
}

func (c *hgContext) end(err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.err == nil && err != nil {
		c.err = err
		close(c.done)
	}
}

var (
	hgContextType = reflect.TypeOf((*context.Context)(nil)).Elem()
	hgWatched     sync.Map
	hgContexts    sync.Map
)

func hgPutContext(w *hgWriter, v reflect.Value) {
	if v.IsNil() {
		w.number(0)
		return
	}
	c := v.Interface().(context.Context)
	if it, ok := c.(*hgContext); ok {
		w.number(hgYours)
		w.number(it.n)
		return
	}
	var at unsafe.Pointer
	if v.Elem().Kind() == reflect.Pointer {
		at = v.Elem().UnsafePointer()
	}
	n := hgLend(v, at)
	w.number(hgMine)
	w.number(n)
	deadline, _ := c.Deadline()
	w.put(reflect.ValueOf(deadline))
	w.putError(c.Err())
	if c.Done() == nil || c.Err() != nil {
		return
	}
	it := &hgWatch{n: n, c: c}
	if _, known := hgWatched.LoadOrStore(n, it); !known {
		go func() {
			<-c.Done()
			it.tell()
		}()
	}
}

// A context that was lent, and whether the other side knows that it has ended.
type hgWatch struct {
	n    uint64
	c    context.Context
	lock sync.Mutex
	told bool
}

func (it *hgWatch) tell() {
	it.lock.Lock()
	defer it.lock.Unlock()
	if err := it.c.Err(); err != nil && !it.told {
		it.told = true
		hgWatched.Delete(it.n)
		hgAsk("!"+strconv.FormatUint(it.n, 10), []any{&err}, nil)
	}
}

// Before anything else is said: a context that ended here has ended there.
func hgTellEnded() {
	hgWatched.Range(func(_, it any) bool {
		it.(*hgWatch).tell()
		return true
	})
}

func hgTakeContext(r *hgReader, v reflect.Value) {
	tag := r.number()
	if tag == 0 {
		v.SetZero()
		return
	}
	n := r.number()
	if tag == hgYours {
		loan := hgLent(n)
		if loan.types != hgContextType {
			panic(hgRubbish("a context that is none"))
		}
		v.Set(loan.it)
		return
	}
	var deadline time.Time
	r.take(reflect.ValueOf(&deadline).Elem())
	it, _ := hgContexts.LoadOrStore(n, &hgContext{n: n, deadline: deadline, done: make(chan struct{})})
	it.(*hgContext).end(r.takeError())
	v.Set(reflect.ValueOf(it))
}

// "!n": a context that was lent has ended.
func hgEnded(number string, err error) {
	n, _ := strconv.ParseUint(number, 10, 64)
	if it, ok := hgContexts.Load(n); ok {
		it.(*hgContext).end(err)
	}
}

func hgPutTime(w *hgWriter, v reflect.Value) {
	it := v.Interface().(time.Time).Round(0)
	name, offset := it.Zone()
	w.text(hgZoneName(it.Location()))
	w.text(name)
	w.number(uint64(int64(offset)))
	w.number(uint64(it.Unix()))
	w.number(uint64(it.Nanosecond()))
}

var hgZones, hgZoneNames sync.Map

// The name of a place, marked where it stands for one offset for ever: FixedZone("CET", 3600) has
// no summer.
func hgZoneName(it *time.Location) string {
	if it == time.UTC || it == time.Local {
		return it.String()
	}
	if known, ok := hgZoneNames.Load(it); ok {
		return known.(string)
	}
	place := it.String()
	real, err := time.LoadLocation(place)
	for month := time.January; err == nil && month <= time.December; month++ {
		day := time.Date(2024, month, 1, 0, 0, 0, 0, time.UTC)
		_, own := day.In(it).Zone()
		if _, offset := day.In(real).Zone(); offset != own {
			place = hgFixed + place
			break
		}
	}
	hgZoneNames.Store(it, place)
	return place
}

const hgFixed = "="

func hgTakeTime(r *hgReader, v reflect.Value) {
	place, name, offset := r.text(), r.text(), int(int64(r.number()))
	seconds, nanos := int64(r.number()), int64(r.number())
	zone := hgZone(place, name, offset)
	it := time.Unix(seconds, nanos).In(zone)
	if place == "UTC" {
		it = it.UTC()
	}
	if it.Equal(time.Time{}) && place == "UTC" {
		it = time.Time{}
	}
	v.Set(reflect.ValueOf(it))
}

func hgZone(place, name string, offset int) *time.Location {
	switch place {
	case "UTC":
		return time.UTC
	case "Local":
		return time.Local
	}
	key := place + name + strconv.Itoa(offset)
	if it, ok := hgZones.Load(key); ok {
		return it.(*time.Location)
	}
	fixed, isFixed := strings.CutPrefix(place, hgFixed)
	zone, err := time.LoadLocation(fixed)
	if isFixed || err != nil || place == "" {
		zone = time.FixedZone(fixed, offset)
	}
	it, _ := hgZones.LoadOrStore(key, zone)
	return it.(*time.Location)
}

func hgPutZone(w *hgWriter, v reflect.Value) {
	if v.IsNil() {
		w.number(0)
		return
	}
	it := v.Interface().(*time.Location)
	_, offset := time.Unix(0, 0).In(it).Zone()
	w.number(1)
	w.text(hgZoneName(it))
	w.number(uint64(int64(offset)))
}

func hgTakeZone(r *hgReader, v reflect.Value) {
	if r.number() == 0 {
		v.SetZero()
		return
	}
	place := r.text()
	v.Set(reflect.ValueOf(hgZone(place, "", int(int64(r.number())))))
}

func init() {
	hgCodecs[hgContextType] = hgCodec{hgPutContext, hgTakeContext}
	hgCodecs[reflect.TypeOf(time.Time{})] = hgCodec{hgPutTime, hgTakeTime}
	hgCodecs[reflect.TypeOf((*time.Location)(nil))] = hgCodec{hgPutZone, hgTakeZone}
	hgAnyTypes = append(hgAnyTypes, reflect.TypeOf(time.Time{}), reflect.TypeOf(time.Duration(0)))
	hgProxies[hgContextType] = hgProxy{method: func(it any, name string) any {
		if name == "Value" {
			return it.(context.Context).Value
		}
		return nil
	}}
}
