"""Writes the checks of a pack in a language: what the judge runs beside the code.

Rule 1: a failure says the case, what was due and what came.
Rule 2: true is not 1; a whole number and the same with a point are one.
Rule 3: what takes longer than a case allows fails, however right it is.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import msgspec

from headgate.sandbox.model import File
from headgate.validate.pack import Pack

_PYTHON = """\
import json
import time


def shown(it):
    text = repr(it)
    return text if len(text) <= 160 else text[:159] + "…"


def same(got, due):
    if type(got) is list and type(due) is list:
        return len(got) == len(due) and all(map(same, got, due))
    if type(got) is dict and type(due) is dict:
        return got.keys() == due.keys() and all(same(got[it], due[it]) for it in due)
    if type(got) is bool or type(due) is bool:
        return got is due
    return got == due


def told(name, due, got):
    return name + ": " + shown(due) + " was due, " + shown(got) + " came"


def refused(candidate, case):
    try:
        got = candidate(*case["args"])
    except Exception:
        return ""
    return case["name"] + ": a refusal was due, " + shown(got) + " came"


def check(candidate):
    for case in CASES:
        name, began = case["name"], time.monotonic()
        if case["raises"]:
            words = refused(candidate, case)
            assert not words, words
        elif case["calls"] is None:
            got = candidate(*case["args"])
            assert same(got, case["returns"]), told(name, case["returns"], got)
        else:
            it = candidate(*case["args"])
            for number, (method, args, due) in enumerate(case["calls"], 1):
                got = getattr(it, METHODS.get(method, method))(*args)
                where = name + ", call " + str(number) + " (" + method + ")"
                assert same(got, due), told(where, due, got)
        took = time.monotonic() - began
        if case["most_s"]:
            late = name + ": it took " + str(round(took, 1)) + " s"
            assert took <= case["most_s"], late + " of " + str(case["most_s"])
"""

_PYTHON_CASES = """\
import json

CASES = json.loads({cases})
METHODS = json.loads({methods})
"""

_SCRIPT = """\
const CASES = JSON.parse({cases});
const METHODS = JSON.parse({methods});

function shown(it) {{
  let text;
  try {{ text = JSON.stringify(it) ?? String(it); }} catch {{ text = typeof it; }}
  return text.length <= 160 ? text : text.slice(0, 159) + "…";
}}

// minus zero is zero, and nothing at all is null
function plain(it) {{
  return it === undefined ? null : it === 0 ? 0 : it;
}}

function told(name, due, got) {{
  return name + ": " + shown(due) + " was due, " + shown(got) + " came";
}}

function agree(got, due, name) {{
  assert.deepStrictEqual(plain(got), due, told(name, due, got));
}}

function refused(candidate, it) {{
  let got;
  try {{
    got = {call};
  }} catch {{
    return "";
  }}
  return it.name + ": a refusal was due, " + shown(got) + " came";
}}

function check(candidate) {{
  for (const it of CASES) {{
    const began = Date.now();
    if (it.raises) {{
      const words = refused(candidate, it);
      assert.ok(!words, words);
    }} else if (it.calls === null) {{
      agree(candidate(...it.args), it.returns, it.name);
    }} else {{
      const made = new candidate(...it.args);
      it.calls.forEach(([method, args, due], at) => {{
        const name = it.name + ", call " + (at + 1) + " (" + method + ")";
        agree(made[METHODS[method] ?? method](...args), due, name);
      }});
    }}
    const took = (Date.now() - began) / 1000;
    if (it.most_s) {{
      assert.ok(took <= it.most_s, it.name + ": it took " + took + " s of " + it.most_s);
    }}
  }}
}}

check({entry});
"""

_GO = """\
import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

type packCase struct {{
	Name    string            `json:"name"`
	Args    []json.RawMessage `json:"args"`
	Returns json.RawMessage   `json:"returns"`
	Raises  bool              `json:"raises"`
	MostS   float64           `json:"most_s"`
}}

const packCases = {cases}

var packRead []packCase

// A nil slice or map is an empty one: Go makes no difference either.
func packPlain(it reflect.Value) any {{
	if (it.Kind() == reflect.Slice || it.Kind() == reflect.Map) && it.IsNil() {{
		if it.Kind() == reflect.Map {{
			return map[string]any{{}}
		}}
		return []any{{}}
	}}
	text, err := json.Marshal(it.Interface())
	if err != nil {{
		return err.Error()
	}}
	return packDecoded(text)
}}

func packDecoded(text []byte) any {{
	var it any
	if err := json.Unmarshal(text, &it); err != nil {{
		return err.Error()
	}}
	return it
}}

func packShown(it any) string {{
	text, _ := json.Marshal(it)
	if len(text) > 160 {{
		return string(text[:160]) + "..."
	}}
	return string(text)
}}

// The result, and whether it was refused: by an error or a panic. A second result that is
// false means that there is none.
func packCall(do reflect.Value, args []json.RawMessage) (got any, refused bool) {{
	defer func() {{
		if r := recover(); r != nil {{
			got, refused = fmt.Sprint(r), true
		}}
	}}()
	var given []reflect.Value
	for at, it := range args {{
		one := reflect.New(do.Type().In(at))
		if err := json.Unmarshal(it, one.Interface()); err != nil {{
			return err.Error(), true // its type cannot hold it, which refuses it too
		}}
		given = append(given, one.Elem())
	}}
	out := do.Call(given)
	last := out[len(out)-1]
	if len(out) == 2 && last.Kind() == reflect.Bool && !last.Bool() {{
		return nil, false
	}}
	if last.Type().Name() == "error" && !last.IsNil() {{
		return fmt.Sprint(last.Interface()), true
	}}
	return packPlain(out[0]), false
}}

// What is wrong with a case, in words: a panic brings them to the judge.
func packTry(at int) {{
	if packRead == nil {{
		if err := json.Unmarshal([]byte(packCases), &packRead); err != nil {{
			panic(err)
		}}
	}}
	it, do, began := packRead[at], reflect.ValueOf({entry}), time.Now()
	if do.Type().NumIn() != len(it.Args) || do.Type().NumOut() == 0 {{
		packFail("%s: it is no function of %d arguments with a result", it.Name, len(it.Args))
	}}
	got, refused := packCall(do, it.Args)
	due := packDecoded(it.Returns)
	took := time.Since(began).Seconds()
	switch {{
	case it.Raises && !refused:
		packFail("%s: a refusal was due, %s came", it.Name, packShown(got))
	case !it.Raises && refused:
		packFail("%s: %s was due, it refused: %v", it.Name, packShown(due), got)
	case !it.Raises && !reflect.DeepEqual(got, due):
		packFail("%s: %s was due, %s came", it.Name, packShown(due), packShown(got))
	case it.MostS > 0 && took > it.MostS:
		packFail("%s: it took %.1f s of %g", it.Name, took, it.MostS)
	}}
}}

func packFail(words string, of ...any) {{
	panic(fmt.Sprintf(words, of...))
}}

{tests}
"""
_GO_TEST = "func TestCase{at}(t *testing.T) {{ packTry({at}) }}"


class Checks(NamedTuple):
    """What the judge is told."""

    entry: str
    """the function or class"""
    tests: File
    support: str = ""
    """the cases, where those who count the checks of a text are slow to read them"""


def checks_for(pack: Pack, language: str) -> Checks | None:
    """The checks of a pack; None: it has none for the language."""
    entry = pack.entries.get(language, "")
    if not pack.cases or not entry:
        return None
    cases = json.dumps([msgspec.to_builtins(it) for it in pack.cases])
    methods = json.dumps(dict(pack.methods))
    if language == "python":
        support = _PYTHON_CASES.format(cases=repr(cases), methods=repr(methods))
        return Checks(entry, File("tests.py", _PYTHON.encode()), support)
    if language in ("javascript", "typescript"):
        is_class = any(it.calls is not None for it in pack.cases)
        call = "new candidate(...it.args)" if is_class else "candidate(...it.args)"
        words = {"cases": json.dumps(cases), "methods": json.dumps(methods), "call": call}
        return Checks(entry, File("tests.js", _SCRIPT.format(**words, entry=entry).encode()))
    if language == "go" and all(it.calls is None for it in pack.cases):
        # what JSON escapes is ASCII: two signs alone mean something to Go
        quoted = '"' + cases.replace("\\", "\\\\").replace('"', '\\"') + '"'
        tests = "\n".join(_GO_TEST.format(at=at) for at in range(len(pack.cases)))
        text = _GO.format(cases=quoted, entry=entry, tests=tests)
        return Checks(entry, File("pack_test.go", text.encode()))
    return None
